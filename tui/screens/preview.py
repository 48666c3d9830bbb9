"""A look at one file: line numbers, colours, bounded whatever the file is."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path
from typing import ClassVar, NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content

from agent_core.errors import AgentError
from agent_core.text import human_size, one_line, plural, printable, shorten_middle
from agent_core.workspace import Workspace
from tui.keymap import Keys
from tui.keys import PREVIEW, bindings
from tui.screens.dialog import Dialog, Hints, title_room
from tui.widgets.rows import Item, Rows
from tui.widgets.transcript.lines import Run, cut, plain

_MAX_BYTES = 512 * 1024
_MAX_LINES = 10_000
_MAX_COLOURED = 3000
_LONGEST = 4000
_BEFORE = 2000
"""Lines read before the one that is wanted, in a file that is longer than what is shown."""


class _Shown(NamedTuple):
    lines: list[list[Run]]
    start: int
    note: str

    @property
    def empty(self) -> str:
        """What stands in place of lines where there are none."""
        return "The file is empty." if self.note.startswith("0 B") else self.note


class PreviewScreen(Dialog[str]):
    """Ends with what to put into the prompt (`path:line`), or None."""

    CSS_PATH = "preview.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(PREVIEW)]

    def __init__(self, workspace: Workspace, path: str, *, keys: Keys, line: int = 0) -> None:
        super().__init__()
        self._workspace = workspace
        self._path = path
        self._keys = keys
        self._line = line
        self._content = _Shown([], 1, "")
        self._shift = 0
        self.loaded = False
        """Whether the file was read, or could not be."""

    def compose(self) -> ComposeResult:
        """The lines and the keys."""
        with Vertical(classes="frame"):
            yield Rows(id="preview", empty="Reading …")
            yield Hints(
                [
                    (self._keys.shown("preview.close"), "close", "screen.close"),
                    (self._keys.shown("preview.mention"), "ask about it", "screen.mention"),
                    (self._keys.shown("preview.copy"), "copy the path", "screen.copy_place"),
                    ("←→", "sideways", "screen.shift(8)"),
                ]
            )

    def on_mount(self) -> None:
        """Read the file in a thread."""
        self.query_one(Rows).focus()
        self.run_worker(self._load(), group="load")

    def on_resize(self, event: events.Resize) -> None:
        """Show as much of the path as there is room for."""
        self.call_after_refresh(self._entitle)

    def _entitle(self) -> None:
        frame = self.query_one(".frame")
        frame.border_title = Content(shorten_middle(one_line(self._path), title_room(frame)))

    async def _load(self, *, stay: bool = False) -> None:
        rows = self.query_one(Rows)
        try:
            self._content = await asyncio.to_thread(_read, self._workspace, self._path, line=self._line)
        except AgentError as error:
            rows.set_items([], empty=f"{error.message}. {error.hint}".rstrip(". ") + ".")
        else:
            self._fill(rows, stay=stay)
        self.loaded = True

    def follow(self, paths: Collection[Path]) -> None:
        """These changed on the disk (absolute): where the file is among them, show it as it is now."""
        if self.loaded and self._workspace.root / self._path in paths:
            self.run_worker(self._load(stay=True), group="load", exclusive=True)

    def _fill(self, rows: Rows, *, stay: bool) -> None:
        """Show what was read, at the line that is wanted, or where it is."""
        self.query_one(".frame").border_subtitle = Content(self._content.note)
        self._show()
        if stay:
            return
        if self._line:
            index = self._line - self._content.start
            rows.put_cursor(index + rows.size.height // 2)
            rows.put_cursor(index)

    def _show(self) -> None:
        content = self._content
        width = max(3, len(str(content.start + len(content.lines))))
        items: list[Item] = []
        for number, runs in enumerate(content.lines, content.start):
            label = f"{number:>{width}} "
            lead: tuple[Run, ...] = ((label, "dim", None), ("│ ", "rule", None), *self._visible(runs))
            items.append(Item("", lead=lead, key=str(number)))
        self.query_one(Rows).set_items(items, empty=content.empty)

    def _visible(self, runs: list[Run]) -> tuple[Run, ...]:
        """From where it is moved to, with an ellipsis for what is before."""
        if not self._shift or not runs:
            return tuple(runs)
        return ("…", "dim", None), *cut(runs, self._shift + 1, self._shift + _LONGEST)

    def action_shift(self, columns: int) -> None:
        """Move sideways over long lines, as far as the longest goes."""
        longest = max((len(plain(runs)) for runs in self._content.lines), default=0)
        shifted = max(0, min(self._shift + columns, longest - abs(columns)))
        if shifted != self._shift:
            self._shift = shifted
            self._show()

    def on_rows_chosen(self, event: Rows.Chosen) -> None:
        """Enter and a click mark a line, no more."""
        event.stop()

    def _place(self) -> str:
        item = self.query_one(Rows).current
        return f"{self._path}:{item.key}" if item and item.key else self._path

    def action_mention(self) -> None:
        """Put the place into the prompt."""
        self.dismiss(self._place())

    def action_copy_place(self) -> None:
        """Copy the place."""
        self.app.copy_to_clipboard(self._place())  # pyright: ignore[reportUnknownMemberType]

    def action_close(self) -> None:
        """Go back."""
        self.dismiss(None)


def _read(workspace: Workspace, path: str, *, line: int) -> _Shown:
    """What is shown of the file; blocks. Raises AgentError."""
    start = max(1, line - _BEFORE)
    part = workspace.read_text(path, start=start, end=start + _MAX_LINES - 1, max_bytes=_MAX_BYTES)
    lines = [printable(text)[:_LONGEST].expandtabs(4) for text in part.lines]
    notes = [human_size(part.size)]
    if part.total_lines is not None:
        notes.append(plural(part.total_lines, "line"))
        if part.start > 1 or part.end < part.total_lines:
            notes.append(f"{part.start}-{part.end} shown")
    notes += [part.note] if part.note else []
    return _Shown(coloured(path, lines), part.start, " · ".join(notes))


def coloured(path: str, lines: list[str]) -> list[list[Run]]:
    """Lines of a file in the colours of its language; blocks."""
    from tui.widgets.transcript.highlight import Highlighter, language_of

    language = language_of(path)
    first = Highlighter(language).lines("\n".join(lines[:_MAX_COLOURED])) if language and lines else []
    rest: list[list[Run]] = [[(text, "", None)] if text else [] for text in lines[len(first) :]]
    return [*first, *rest]
