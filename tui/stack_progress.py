"""How an operation of the stack goes on, on standard error: in place on a terminal, else line by line."""

from __future__ import annotations

import os
from collections.abc import Callable

from agent_core.text import cells, human_size, shorten
from stack.engine.values import Step

_UP, _CLEAR_DOWN = "\x1b[{}A", "\x1b[J"
_MARGIN = 2
"""Lines of the terminal that stay free, so that what stands above does not scroll away with each step."""
_LEAST, _WIDEST = 20, 120


class Progress:
    """Tells each step. On a terminal each container and image has one line with its last state.

    Args:
        write: Takes what is to be written to standard error.
        terminal: Whether that is one.
    """

    def __init__(self, write: Callable[[str], None], *, terminal: bool) -> None:
        self._write, self._terminal = write, terminal
        self._steps: dict[str, str] = {}
        self._changed: dict[str, int] = {}
        self._drawn = self._count = 0

    def command(self, line: str) -> None:
        """Say which command runs next."""
        self.end()
        self._write(f"$ {line}\n")

    def step(self, step: Step) -> None:
        """Show a step; the same one again is nothing new."""
        text = step.text
        if step.total:
            text += f" {human_size(step.done)} of {human_size(step.total)}"
        if not step.about:
            self._plain(text)
        elif self._steps.get(step.about) != text:
            self._steps[step.about] = text
            self._count += 1
            self._changed[step.about] = self._count
            if self._terminal:
                self._draw()
            elif not step.total:  # every piece of a download would be a line of its own
                self._write(f"{step.about}  {text}\n")

    def end(self) -> None:
        """What was shown stays."""
        self._steps.clear()
        self._changed.clear()
        self._drawn = 0

    def _plain(self, text: str) -> None:
        """A line of its own, such as a builder's; above those that change."""
        if self._drawn:
            self._write(self._back())
            self._drawn = 0
        self._write(f"{text}\n")
        if self._terminal and self._steps:
            self._draw()

    def _draw(self) -> None:
        columns, rows = _size()
        room = max(rows - _MARGIN, 1)
        newest = set(sorted(self._steps, key=self._changed.__getitem__)[-room:])
        lines = [
            _line(about, text, min(columns, _WIDEST) - 1)
            for about, text in self._steps.items()
            if about in newest
        ]
        self._write(self._back() + "".join(f"{line}\n" for line in lines))
        self._drawn = len(lines)

    def _back(self) -> str:
        return _UP.format(self._drawn) + "\r" + _CLEAR_DOWN if self._drawn else ""


def _line(about: str, text: str, width: int) -> str:
    """One row; where it is narrow, what it is about is cut first, down to half of the row."""
    room = max(width - cells(text) - 2, width // 2)
    return shorten(f"{shorten(about, room)}  {text}", width)


def _size() -> tuple[int, int]:
    """Columns and rows of the terminal."""
    try:
        found = os.get_terminal_size(2)
    except OSError:
        return 80, 24
    return max(found.columns, _LEAST), max(found.lines, 4)
