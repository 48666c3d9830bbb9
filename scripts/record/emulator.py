"""What a terminal shows of what it received: cells, by pyte."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

import pyte
from pyte.screens import Char

# Requests with a prefix that pyte does not know, such as those of kitty's keyboard: it would draw their ends.
_UNKNOWN = re.compile(r"\x1b\[[<>=][0-9;:]*[a-zA-Z]")


class _Screen(pyte.Screen):
    """Answers what the program asks a terminal, by the function that it is given."""

    answer: Callable[[str], None] | None = None

    def write_process_input(self, data: str) -> None:
        if self.answer is not None:
            self.answer(data)


class Emulator:
    """The cells of a terminal that is fed with bytes, cut anywhere."""

    def __init__(self, columns: int, rows: int, *, answer: Callable[[str], None] | None = None) -> None:
        self.screen = _Screen(columns, rows)
        self.screen.answer = answer
        self._stream = pyte.Stream(self.screen)
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._rest = ""

    def feed(self, data: bytes) -> str:
        """Take what the program wrote; the text of it whose control sequences are complete."""
        whole = self._rest + self._decoder.decode(data)
        cut = whole.rfind("\x1b", max(0, len(whole) - 32))
        ends = cut >= 0 and not re.search(r"[a-zA-Z\x07\\]", whole[cut + 1 :].lstrip("["))
        self._rest = whole[cut:] if ends else ""
        whole = whole[:cut] if ends else whole
        self._stream.feed(_UNKNOWN.sub("", whole))
        return whole

    @property
    def lines(self) -> list[str]:
        """The rows as text, without what is blank at their ends."""
        return [line.rstrip() for line in self.screen.display]

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self.lines)

    def cells(self, row: int) -> list[Char]:
        """The cells of a row; the right half of a wide character is a cell without text."""
        line = self.screen.buffer[row]
        return [line[column] for column in range(self.screen.columns)]
