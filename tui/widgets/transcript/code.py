"""A code block as a panel: its language above, long lines wrapped at any character."""

from __future__ import annotations

from tui.widgets.transcript.highlight import Highlighter
from tui.widgets.transcript.lines import Line, Run, cut, plain, wrap

_PAD: tuple[Run, ...] = (("  ", "panel", None),)


class CodeBlock:
    """The rows of a code block that may still grow at its end; only what is new is made again."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._highlighter = Highlighter(language)
        self._width = 0
        self._settled: list[Line] = []
        self._settled_lines = 0
        self._before = ""

    def goes_on(self, language: str, code: str) -> bool:
        """Whether this is the same block, longer by something at its end."""
        return language == self._language and code.startswith(self._before)

    def lines(self, code: str, width: int) -> list[Line]:
        """The rows. Code given before must be a prefix of `code`, but for its last line."""
        if width != self._width:
            self._width, self._settled, self._settled_lines = width, self._title(width), 0
        code = code.removesuffix("\n")
        self._before = code[: code.rfind("\n") + 1]
        rows = self._highlighter.lines(code.expandtabs(4))
        settled = self._highlighter.settled
        for runs in rows[self._settled_lines : settled]:
            self._settled += self._row(runs)
        self._settled_lines = settled
        return self._settled + [line for runs in rows[settled:] for line in self._row(runs)]

    def _title(self, width: int) -> list[Line]:
        if not self._language:
            return []
        title = cut([(f"  {self._language}", "panel-title", None)], 0, width)
        return [Line(title, "panel", lead=len(plain(title)), action="copy-code")]

    def _row(self, runs: list[Run]) -> list[Line]:
        panel = [(text, f"panel {style}".strip(), link) for text, style, link in runs]
        return wrap(panel, self._width, first=_PAD, rest=_PAD, fill="panel", at_words=False)
