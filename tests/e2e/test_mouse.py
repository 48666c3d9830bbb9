"""The mouse in a real pseudo-terminal, as terminals report it (SGR)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.test_conversation import Terminal

pytestmark = pytest.mark.terminal
NOWHERE = "http://127.0.0.1:9"


class Mouse:
    """Presses and turns the wheel where something is shown."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def place(self, text: str, *, last: bool = False) -> tuple[int, int]:
        """Column and row, from 1, of the first (or last) place that shows the text."""
        rows = [
            (row.index(text) + 1, number)
            for number, row in enumerate(self._terminal.screen.display, 1)
            if text in row
        ]
        assert rows, f"{text} is not shown\n{self._terminal.text}"
        return rows[-1 if last else 0]

    def _report(self, button: int, place: tuple[int, int], end: str) -> None:
        self._terminal.type(f"\x1b[<{button};{place[0]};{place[1]}{end}")

    async def click(self, text: str, then: str | Callable[[str], bool], *, last: bool = False) -> None:
        """Click on something until the screen shows what comes of it."""
        holds = (lambda shown: then in shown) if isinstance(then, str) else then
        await self._terminal.shows(text)
        await self._terminal.settles()  # a click goes to a place: what still moves is missed
        while True:
            place = self.place(text, last=last)
            self._report(0, place, "M")
            self._report(0, place, "m")
            await self._terminal.shows(
                lambda shown, place=place: holds(shown) or self._moved(text, place, last=last)
            )
            if not holds(self._terminal.text):
                await self._terminal.settles()
            if holds(self._terminal.text):
                return

    def _moved(self, text: str, place: tuple[int, int], *, last: bool) -> bool:
        """Whether it came elsewhere before it could be clicked."""
        return text in self._terminal.text and self.place(text, last=last) != place

    def wheel(self, over: str, *, up: bool, times: int) -> None:
        place = self.place(over)
        for _ in range(times):
            self._report(64 if up else 65, place, "M")


async def test_everything_works_with_a_mouse(repo: Path) -> None:
    (repo / "long.txt").write_text("".join(f"row {number} ends\n" for number in range(1, 301)))
    terminal = Terminal(repo, NOWHERE)
    mouse = Mouse(terminal)
    try:
        await terminal.shows("Ask about this repository")
        await terminal.shows("README.md")
        await mouse.click("src/", "parser.py")
        await mouse.click("parser.py", "1 │ def parse_header(line):")
        terminal.type("\x1b")
        await terminal.shows(lambda text: "1 │ def parse_header(line):" not in text)

        await terminal.shows("fresh")
        await mouse.click("tree --depth 2", "▾ ✓ tree --depth 2")
        await terminal.shows("└── ")
        await mouse.click("✓ tree --depth 2", "▸ ✓ tree --depth 2")
        await terminal.shows(lambda text: "└── " not in text)

        terminal.type("cat long.txt\r")
        await terminal.shows("… 240 more lines")
        await terminal.settles()
        mouse.wheel("row 60 ends", up=True, times=60)
        await terminal.shows("▌ tree --depth 2")
        await terminal.settles()
        mouse.wheel("▌ tree --depth 2", up=False, times=60)
        await mouse.click("… 240 more lines", "row 61 ends")
        assert "row 60 ends" in terminal.text, "it goes on where it was read"

        terminal.type("esearch parse_header\r")
        await mouse.click("src/parser.py:", "1 │ def parse_header(line):", last=True)
        terminal.type("\x1b\x11")
        await terminal.ends()
    finally:
        terminal.process.close(force=True)
    assert b"Traceback" not in terminal.raw
