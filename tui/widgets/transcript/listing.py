"""The listing of a file as a tool gives it, numbered lines, in the colours of the file's language."""

from __future__ import annotations

import re

from agent_core.text import printable
from tui.widgets.transcript.highlight import Highlighter, language_of
from tui.widgets.transcript.inline import plain_runs
from tui.widgets.transcript.lines import Run

_NUMBERED = re.compile(r"( *\d+)  (.*)", re.DOTALL)
_LONGEST = 2_000
_DENSE = 200
"""Characters a line, on average, from where a text is taken for minified: colouring it would hold up keys."""


class Listing:
    """Rows of a listing, from its first row on.

    Args:
        path: The listed file; its name tells the language.
    """

    def __init__(self, path: str) -> None:
        self._highlighter = Highlighter(language_of(path))

    def rows(self, rows: list[str]) -> list[tuple[str, list[Run]]]:
        """The number and the runs of each row; what has no number is a remark below the lines.

        Args:
            rows: The first rows of the listing, fewer or more than before. What was coloured before is not
                read again.
        """
        found = [_NUMBERED.fullmatch(row) for row in rows]
        numbered = [(match[1], _clean(match[2])) for match in found if match]
        coloured = self._coloured([text for _, text in numbered])
        out = [(f"{number}  ", runs) for (number, _), runs in zip(numbered, coloured, strict=True)]
        remarks = [row for row, match in zip(rows, found, strict=True) if not match]
        return out + [("", list(plain_runs(row, "title"))) for row in remarks]

    def _coloured(self, lines: list[str]) -> list[list[Run]]:
        if not lines or sum(map(len, lines)) > _DENSE * len(lines):
            return [[(line, "", None)] if line else [] for line in lines]
        return self._highlighter.lines("\n".join(lines))[: len(lines)]


def _clean(text: str) -> str:
    return printable(text).replace("\n", " ")[:_LONGEST].expandtabs(4)
