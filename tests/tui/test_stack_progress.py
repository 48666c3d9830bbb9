"""How the steps of an operation are shown."""

from __future__ import annotations

import os

import pytest

from stack.engine.values import Step
from tui.stack_progress import Progress


class Screen:
    """A terminal as far as lines, moving up and erasing below go."""

    def __init__(self) -> None:
        self.lines: list[str] = [""]
        self.row = 0
        self.written = ""

    def write(self, text: str) -> None:
        self.written += text
        while text:
            if text.startswith("\x1b["):
                number = text[2:].rstrip()[: text[2:].find(next(c for c in text[2:] if c.isalpha()))]
                kind = text[2 + len(number)]
                text = text[3 + len(number) :]
                if kind == "A":
                    self.row -= int(number)
                else:
                    del self.lines[self.row + 1 :]
                    self.lines[self.row] = ""
            else:
                char, text = text[0], text[1:]
                if char == "\n":
                    self.row += 1
                    self.lines += [""] * (self.row + 1 - len(self.lines))
                elif char != "\r":
                    self.lines[self.row] += char


def told(terminal: bool, *steps: Step) -> Screen:
    screen = Screen()
    progress = Progress(screen.write, terminal=terminal)
    progress.command("docker compose up")
    for step in steps:
        progress.step(step)
    return screen


def test_where_it_is_narrow_the_name_is_cut_before_the_state(monkeypatch: pytest.MonkeyPatch) -> None:
    def size(fd: int) -> os.terminal_size:
        return os.terminal_size((30, 24))

    monkeypatch.setattr(os, "get_terminal_size", size)
    steps = (Step("Container a-long-name-of-a-project-1", "Healthy"), Step("Image x", "y" * 99))
    first, second = told(True, *steps).lines[1:3]
    assert first == "Container a-long-na…  Healthy"
    assert second.startswith("Image x  yyy") and len(second) == 29


STEPS = (
    Step("Container a", "Creating"),
    Step("Container b", "Creating"),
    Step("Container a", "Created"),
    Step("Container a", "Created"),
    Step("", "Step 1/2 : RUN x"),
    Step("Container b", "Created"),
)


def test_on_a_terminal_each_has_one_line() -> None:
    assert told(True, *STEPS).lines == [
        "$ docker compose up", "Step 1/2 : RUN x", "Container a  Created", "Container b  Created", "",
    ]  # fmt: skip


def test_elsewhere_each_change_is_a_line() -> None:
    screen = told(False, *STEPS, Step("layer", "Downloading", 1, 9))
    assert "\x1b" not in screen.written
    assert screen.lines == [
        "$ docker compose up", "Container a  Creating", "Container b  Creating", "Container a  Created",
        "Step 1/2 : RUN x", "Container b  Created", "",
    ]  # fmt: skip


def test_many_steps_stay_on_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    def small(fd: int) -> os.terminal_size:
        return os.terminal_size((30, 6))

    monkeypatch.setattr(os, "get_terminal_size", small)
    steps = [Step(f"Container {number} {'x' * 60}", "Created") for number in range(20)]
    screen = told(True, *steps, Step(steps[0].about, "Started", 1 << 20, 2 << 20))
    assert len(screen.lines) == 6 and all(len(line) < 30 for line in screen.lines)
    assert screen.lines[1].startswith("Container 0 x"), "what changed last is there, in its place"
    assert screen.lines[4].startswith("Container 19")
