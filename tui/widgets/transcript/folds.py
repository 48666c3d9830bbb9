"""Units that fold: tool calls; what a model thought is in `reasoning.py`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent_core.errors import ErrorInfo
from agent_core.text import human_duration, one_line, plural, printable, shorten
from agent_core.tools.live import plain
from tui.widgets.transcript.colours import coloured_runs
from tui.widgets.transcript.inline import plain_runs
from tui.widgets.transcript.lines import Line, Run, cell_len, wrap
from tui.widgets.transcript.listing import Listing
from tui.widgets.transcript.patch import PatchRow, patch_rows
from tui.widgets.transcript.units import Clock, Unit

_FIRST, _TYPED, _MORE, _EDIT = 12, 60, 200, 10
"""Rows shown when a call is unfolded, of a command that the user typed, by each "more", of a change."""
_ROW = 2_000
"""Characters of one row of output that are shown."""
_KEPT = 400_000
"""Characters of a running tool's output that are kept; the oldest go first."""
_DIFFS = ("diff", "/diff", "git diff", "git show", "!git diff", "!git show")


class Tool(Unit):
    """A tool call: one line, and its output behind it.

    That of a command that was `typed` shows at once, and of an `edit` its beginning: a patch.
    """

    kind = "tool"

    def __init__(
        self, command: str, *, turn_id: str, clock: Clock, typed: bool = False, edit: bool = False
    ) -> None:
        super().__init__(turn_id=turn_id)
        self._command = one_line(command)
        self._clock = clock
        self._started = clock()
        self._chunks: list[str] = []
        self._size = 0
        self._summary = ""
        self._error: ErrorInfo | None = None
        self._seconds: float | None = None
        self._shown = _TYPED if typed else 0
        self._edit = edit
        self._listed = ""
        self._listing: Listing | None = None

    def shed(self) -> None:
        """See `Unit`; once it has ended, no clock is needed any more."""
        self.forget()
        self._listing = None
        if not self.running:
            self._clock = ended

    @property
    def weight(self) -> int:
        """See `Unit`."""
        return sum(map(len, self._chunks))

    @property
    def summary(self) -> str:
        """What came of it, in a few words."""
        return self._summary

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._seconds is None

    @property
    def elapsed(self) -> float:
        """Seconds since it began."""
        return max(0.0, self._clock() - self._started)

    @property
    def expanded(self) -> bool:
        """Whether the output is shown."""
        return self._shown > 0

    def add_output(self, text: str) -> None:
        """A piece of output of the running tool."""
        self._chunks.append(text)
        self._size += len(text)
        if self._size > 2 * _KEPT:
            self._chunks = ["".join(self._chunks)[-_KEPT:]]
            self._size = _KEPT
        self.forget()

    def finish(
        self, summary: str, text: str, error: ErrorInfo | None, seconds: float, *, path: str = ""
    ) -> None:
        """The tool ended; `text` replaces what it had shown so far, unless it is empty.

        `path` names the file where the text is its lines with their numbers.
        """
        self._summary, self._error, self._seconds = one_line(summary), error, seconds
        coloured = "".join(self._chunks).strip("\n")
        shown = plain(coloured)
        if shown and text.startswith(shown):  # the same, and it has its colours
            self._chunks = [coloured, text[len(shown) :]]
        elif text:
            self._chunks = [text]
            self._listed, self._listing = path, None
        if self._edit and not error:
            self._shown = self._shown or _EDIT
        self.forget()

    def toggle(self) -> bool:
        """Fold or unfold."""
        self._shown = 0 if self._shown else _FIRST
        self.forget()
        return True

    @property
    def hidden(self) -> int:
        """Rows of the unfolded output that do not show."""
        rows = self._patch() if self._is_patch else self._rows()
        return max(0, len(rows) - self._shown) if self._shown else 0

    def more(self) -> None:
        """Show more of the output."""
        self._shown += _MORE
        self.forget()

    def _rows(self) -> list[str]:
        output = "".join(self._chunks)
        rows = output.strip("\n").split("\n") if output.strip() else []
        return [row.rpartition("\r")[2] for row in rows]

    def _render(self, width: int) -> list[Line]:
        out = [self._head(width)]
        if self._error:
            out += self._failure(width)
        if self._shown:
            out += self._body(width)
        return out

    def _head(self, width: int) -> Line:
        fold = "▾ " if self._shown else "▸ "
        if self._seconds is None:
            mark, style = "● ", "warn"
            note = human_duration(self.elapsed)
        else:
            mark, style = ("✗ ", "bad") if self._error else ("✓ ", "ok")
            took = took_text(self._seconds)
            note = f"{self._summary} · {took}" if self._summary and not self._error else took
        room = width - 4
        command = shorten(self._command, max(8, room - 2 - min(cell_len(note), room // 2)))
        note = shorten(note, max(0, room - cell_len(command) - 2))
        runs: tuple[Run, ...] = ((fold, "dim", None), (mark, style, None), (command, "title", None))
        return Line((*runs, ("  " + note, "dim", None)), lead=4, action="toggle")

    def _failure(self, width: int) -> list[Line]:
        assert self._error
        pad: list[Run] = [("    ", "", None)]
        out = wrap(plain_runs(self._error.message, "bad"), width, first=pad, rest=pad)
        if self._error.hint:
            first: list[Run] = [("    → ", "dim", None)]
            out += wrap(plain_runs(self._error.hint, "hint"), width, first=first, rest=[("      ", "", None)])
        return out

    def _body(self, width: int) -> list[Line]:
        bar: tuple[Run, ...] = (("  │ ", "rule", None),)
        out: list[Line] = []
        rows: Sequence[str | PatchRow] = self._patch() if self._is_patch else self._rows()
        # A running tool is watched at its end, a finished one is read from its beginning.
        shown = rows[-self._shown :] if self.running else rows[: self._shown]
        for number, runs, fill in self._drawn(shown):
            first: tuple[Run, ...] = (*bar, (number, "dim", None)) if number else bar
            rest: tuple[Run, ...] = (*bar, (" " * len(number), "", None)) if number else bar
            out += wrap(runs, width, first=first, rest=rest, fill=fill, at_words=self._is_told)
        hidden = len(rows) - len(shown)
        if hidden > 0:
            more = "earlier" if self.running else "more"
            text = f"… {plural(hidden, f'{more} line')}"
            line = Line((*bar, (text, "link", None)), lead=4 + len(text), action="more")
            out.insert(0, line) if self.running else out.append(line)
        if not rows and not self.running and not self._error:
            out.append(Line((*bar, ("no output", "dim", None)), lead=13))
        return out

    @property
    def _is_told(self) -> bool:
        """Whether a person reads it as sentences: what our own commands say, neither code nor a program's."""
        return not (self._is_patch or self._listed or self._command.startswith("!"))

    @property
    def _is_patch(self) -> bool:
        return self._edit or self._command.startswith(_DIFFS)

    def _patch(self) -> list[PatchRow]:
        return patch_rows(self._rows(), named=self._edit)

    def _drawn(self, rows: Sequence[str | PatchRow]) -> Iterator[tuple[str, Sequence[Run], str]]:
        """The number, the runs and the fill of each row."""
        plain_rows = [row for row in rows if isinstance(row, str)]
        if plain_rows and self._listed:
            self._listing = self._listing or Listing(self._listed)
            for number, runs in self._listing.rows(plain_rows):
                yield number, runs, ""
            return
        for row in rows:
            text, style, fill = row if isinstance(row, PatchRow) else PatchRow(row)
            if "\x1b" in text:
                yield "", coloured_runs(text), ""
                continue
            runs = [*plain_runs(text[:_ROW].expandtabs(4), style)]
            if len(text) > _ROW:
                runs.append((f" … {len(text) - _ROW:,} more characters", "dim", None))
            yield "", runs, fill

    def _plain(self) -> str:
        output = printable(plain("".join(self._chunks))).strip("\n")
        return "\n".join([self._command, output]).rstrip("\n")


def ended() -> float:
    """The clock of what has ended: it is asked no more."""
    return 0.0


def took_text(seconds: float) -> str:
    """How long something took, in milliseconds where seconds would say 0."""
    return f"{seconds * 1000:.0f} ms" if seconds < 0.1 else human_duration(seconds)
