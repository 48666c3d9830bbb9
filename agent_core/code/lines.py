"""The lines of a text, counted as `agent_core.reading` counts them: only a line feed ends a line."""

from __future__ import annotations

from itertools import accumulate


class Lines:
    """Rows of a text, counted from 0, and how many characters they take.

    `rows` are without the line feed that ends them; a last row that is empty is the end of the one before.
    """

    __slots__ = ("_sums", "_text", "rows")

    def __init__(self, text: str) -> None:
        self._text = text
        self.rows = text.split("\n")
        if not self.rows[-1]:
            self.rows.pop()
        self._sums = list(accumulate(map(len, self.rows), initial=0))

    def __len__(self) -> int:
        return len(self.rows)

    def size(self, first: int, last: int) -> int:
        """Characters in the rows `first` to `last`, both inclusive, with their ends."""
        return self._sums[last + 1] - self._sums[first] + last - first + 1

    def text(self, first: int, last: int) -> str:
        """The rows `first` to `last` as they are, without the last one's end."""
        start, end = self._sums[first] + first, self._sums[last + 1] + last
        return self._text[start:end].removesuffix("\r")

    def blank(self, row: int) -> bool:
        """Whether nothing but white space is in the row."""
        return not self.rows[row] or self.rows[row].isspace()

    def trim(self, first: int, last: int) -> tuple[int, int]:
        """The range without blank rows at its ends; empty (`first > last`) when all are blank."""
        rows = self.rows
        while first <= last and (not rows[first] or rows[first].isspace()):
            first += 1
        while last > first and (not rows[last] or rows[last].isspace()):
            last -= 1
        return first, last
