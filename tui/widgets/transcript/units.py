"""What the transcript is a list of: units that render themselves to lines and remember them for one width."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar, Literal

from agent_core.errors import ErrorInfo
from agent_core.text import one_line, plural, printable
from tui.widgets.transcript.code import CodeBlock
from tui.widgets.transcript.inline import plain_runs
from tui.widgets.transcript.lines import Line, Run, wrap
from tui.widgets.transcript.markdown import render

Clock = Callable[[], float]
Level = Literal["aside", "info", "warning", "error"]

_PROMPT_CHARACTERS, _PROMPT_LINES = 4_000, 20
_TOP_FENCE = re.compile(r"(?P<mark>`{3,}|~{3,})[ \t]*(?P<info>[^`\n]*)\n")


class Unit:
    """One part of the conversation. `gap`: an empty row above; `turn_id`: "" outside of turns."""

    kind = "text"

    def __init__(self, *, turn_id: str = "", gap: bool = True) -> None:
        self.turn_id = turn_id
        self.gap = gap
        self._lines: list[Line] | None = None
        self._width = 0

    def lines(self, width: int) -> list[Line]:
        """The unit's rows at this width, rendered at most once."""
        if self._lines is None or self._width != width:
            self._lines, self._width = self._render(width), width
        return self._lines

    @property
    def cached(self) -> list[Line] | None:
        """The rows as last rendered, for any width; None when there are none."""
        return self._lines

    def forget(self) -> None:
        """Drop the rendered rows; they are made again when they are asked for."""
        self._lines = None

    def shed(self) -> None:
        """Drop the rows, and whatever else can be made again."""
        self.forget()

    def __getstate__(self) -> dict[str, Any]:
        """What is written where a unit is put away."""
        self.shed()
        return self.__dict__

    @property
    def running(self) -> bool:
        """Whether it changes by itself."""
        return False

    @property
    def weight(self) -> int:
        """Characters that it keeps in memory, about."""
        return 0

    @property
    def source(self) -> str:
        """The whole unit as plain text, as it was written."""
        return self._plain()

    def toggle(self) -> bool:
        """Fold or unfold; whether there was anything to."""
        return False

    def _render(self, width: int) -> list[Line]:
        raise NotImplementedError

    def _plain(self) -> str:
        raise NotImplementedError


class Prompt(Unit):
    """What the user typed, as it was typed; a long paste is shown in part until it is unfolded."""

    kind = "prompt"

    def __init__(self, text: str, *, turn_id: str) -> None:
        super().__init__(turn_id=turn_id)
        self._text = printable(text)
        self._whole = False

    def toggle(self) -> bool:
        """Show all of a long prompt, or its beginning."""
        self._whole = not self._whole
        self.forget()
        return self._hidden() > 0 or self._whole

    @property
    def weight(self) -> int:
        """See `Unit`."""
        return len(self._text)

    def _begin(self) -> str:
        lines = self._text[:_PROMPT_CHARACTERS].split("\n", _PROMPT_LINES)
        return "\n".join(lines[:_PROMPT_LINES])

    def _hidden(self) -> int:
        return 0 if self._whole else len(self._text) - len(self._begin())

    def _render(self, width: int) -> list[Line]:
        bar: tuple[Run, ...] = (("▌ ", "prompt-bar", None),)
        text = self._text if self._whole else self._begin()
        out = wrap([(text.expandtabs(4), "prompt", None)], width, first=bar, rest=bar, fill="prompt")
        if hidden := self._hidden():
            lines = self._text.count("\n") - text.count("\n")
            rest = plural(lines, "more line") if lines else plural(hidden, "more character")
            more: Run = (f"… {rest}", "prompt link", None)
            out.append(Line((*bar, more), "prompt", lead=2 + len(more[0]), action="toggle"))
        return out

    def _plain(self) -> str:
        return self._text


class Markdown(Unit):
    """Some blocks of an answer. A code block that still streams is only rendered where it grew."""

    kind = "text"

    def __init__(self, source: str, *, turn_id: str, gap: bool) -> None:
        super().__init__(turn_id=turn_id, gap=gap)
        self._source = source
        self._code: CodeBlock | None = None
        self._blocks: list[CodeBlock] = []
        """Those that are part of something else, such as an item of a list."""

    def grow(self, source: str) -> bool:
        """Take the longer text of the same blocks; False when it is not a continuation."""
        if not source.startswith(self._source):
            return False
        if source != self._source:
            if self._source.partition("\n")[0] != source.partition("\n")[0]:
                self._code = None
            self._source = source
            self.forget()
        return True

    def shed(self) -> None:
        """See `Unit`; of a block of code also what lets it grow row by row."""
        self.forget()
        self._code, self._blocks = None, []

    @property
    def weight(self) -> int:
        """See `Unit`."""
        return len(self._source)

    def _render(self, width: int) -> list[Line]:
        if match := _TOP_FENCE.match(self._source):
            body = "\n" + self._source[match.end() :]
            end = re.search(rf"\n[ ]*{re.escape(match['mark'])}+[ \t]*\n*\Z", body)
            code = body[1 : end.start()] if end else body[1:]
            if self._code is None:
                self._code = CodeBlock(printable(match["info"]).strip().split(" ")[0])
            return self._code.lines(printable(code), width)
        return render(self._source, width, self._blocks)

    def _plain(self) -> str:
        return printable(self._source).rstrip("\n")

    @property
    def code(self) -> str | None:
        """The text of the code block that this is, or of the first one in it."""
        match = re.search(
            r"^[ ]*(`{3,}|~{3,})[^\n]*\n(.*?)(?:\n[ ]*\1|\Z)", self._source, re.DOTALL | re.MULTILINE
        )
        return printable(match[2]).rstrip("\n") + "\n" if match else None


class Welcome(Unit):
    """The text of an empty conversation: our own, with headings, items, `code` and **strong** and no more.

    It is on the screen at the first paint, when the Markdown parser must not be loaded yet.
    """

    kind = "welcome"

    def __init__(self, text: str) -> None:
        super().__init__(gap=False)
        self._text = text

    def _render(self, width: int) -> list[Line]:
        out: list[Line] = []
        for row in printable(self._text).strip("\n").split("\n"):
            body = row.lstrip("#").lstrip()
            style = "h1" if row.startswith("# ") else "h2" if row.startswith("#") else ""
            item = row.startswith("- ")
            runs = _marked(body[2:] if item else body, style)
            first: list[Run] = [("  • ", "bullet", None)] if item else []
            out += wrap(runs, width, first=first, rest=[("    ", "", None)] if item else [])
        return out

    def _plain(self) -> str:
        return self._text


def _marked(text: str, style: str) -> list[Run]:
    runs: list[Run] = []
    for part in re.split(r"(`[^`]+`|\*\*[^*]+\*\*)", text):
        if part.startswith("`"):
            runs.append((part.strip("`"), "code", None))
        elif part.startswith("**"):
            runs.append((part.strip("*"), "strong", None))
        else:
            runs.append((part, style, None))
    return runs


class Notice(Unit):
    """Something the user should know, with the next step; an aside may be read over."""

    kind = "notice"
    _MARKS: ClassVar[dict[Level, tuple[str, str]]] = {
        "aside": ("◇ ", "dim"),
        "info": ("● ", "mark"),
        "warning": ("▲ ", "warn"),
        "error": ("✗ ", "bad-title"),
    }
    _BODIES: ClassVar[dict[Level, str]] = {"aside": "dim", "error": "bad"}

    def __init__(self, level: Level, message: str, hint: str, *, turn_id: str = "") -> None:
        super().__init__(turn_id=turn_id)
        self._level: Level = level
        self._message, self._hint = message.strip(), hint.strip()

    def _render(self, width: int) -> list[Line]:
        text, style = self._MARKS[self._level]
        pad: list[Run] = [("  ", "", None)]
        body = self._BODIES.get(self._level, "title")
        out = wrap(plain_runs(self._message, body), width, first=[(text, style, None)], rest=pad)
        if self._hint:
            out += wrap(
                plain_runs(self._hint, "hint"),
                width,
                first=[("  → ", "dim", None)],
                rest=[("    ", "", None)],
            )
        return out

    def _plain(self) -> str:
        return printable("\n".join([part for part in (self._message, self._hint) if part]))


class Footer(Unit):
    """How a turn ended and what it took; a row ends between two parts where it can."""

    kind = "footer"

    def __init__(self, parts: list[tuple[str, str]], *, turn_id: str) -> None:
        super().__init__(turn_id=turn_id)
        self._parts = [(one_line(text), style) for text, style in parts if text]

    def _render(self, width: int) -> list[Line]:
        rows: list[list[Run]] = [[]]
        for text, style in self._parts:
            part: Run = (text, style, None)
            together = [*rows[-1], (" · ", "rule", None), part]
            if not rows[-1]:
                rows[-1] = [part]
            elif len(wrap(together, width)) > len(wrap(rows[-1], width)):
                rows.append([part])
            else:
                rows[-1] = together
        return [line for runs in rows for line in wrap(runs, width)]

    def _plain(self) -> str:
        return " · ".join([text for text, _ in self._parts])


def error_notice(error: ErrorInfo, *, turn_id: str) -> Notice:
    """An error as a notice with its hint."""
    return Notice("error", error.message, error.hint, turn_id=turn_id)
