"""Select parts of the conversation and copy them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from textual import events
from textual.message import Message

from tui.widgets.transcript.lines import Line
from tui.widgets.transcript.selection import END, Position, Selection, extract
from tui.widgets.transcript.units import Markdown
from tui.widgets.transcript.view import LineView


class Selecting(LineView):
    """A page with a selection."""

    class Copied(Message, namespace="transcript"):
        """Text went to the clipboard."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self.selection: Selection | None = None

    def selected_text(self) -> str:
        """The selected text, without decoration; "" when nothing is selected."""
        if not self.selection:
            return ""
        rows: list[tuple[Line, tuple[int, int] | None]] = []
        first, last = self.selection.first, self.selection.last
        for unit in range(first.unit, min(last.unit, len(self.page) - 1) + 1):
            for row, line in enumerate(self.page.glance(unit)):
                if (first.unit, first.row) <= (unit, row) <= (last.unit, last.row):
                    rows.append((line, self.selection.span(unit, row, line)))
        return extract(rows)

    def select(self, selection: Selection | None) -> None:
        """Set or clear the selection."""
        if selection != self.selection:
            self.selection = selection
            self.repaint()

    def action_select_block(self, step: int) -> None:
        """Select one whole block: the next, or the previous."""
        if not self.page.units:
            return
        if self.selection:
            unit = max(0, min(self.selection.head.unit + step, len(self.page) - 1))
        else:
            unit = self.page.locate(round(self.scroll_y) + self.window_height - 1)[0]
        self.select_units(unit, unit)

    def action_extend_block(self, step: int) -> None:
        """Move the selection's end by one block."""
        if self.selection is None:
            self.action_select_block(step)
            return
        anchor, head = self.selection.anchor.unit, self.selection.head.unit
        self.select_units(anchor, max(0, min(head + step, len(self.page) - 1)))

    def select_units(self, anchor: int, head: int) -> None:
        """Select whole units, from one to another."""
        first, last = min(anchor, head), max(anchor, head)
        gap = int(self.page.units[first].gap and first > 0)
        start, end = Position(first, gap, 0), Position(last, END, END)
        self.selection = Selection(start, end) if anchor <= head else Selection(end, start)
        self.reveal(head, 0 if head < anchor else max(0, len(self.page.lines(head)) - 1))

    def action_copy(self) -> None:
        """Copy what is selected."""
        self.copy(self.selected_text())

    def action_copy_code(self) -> None:
        """Copy the code block that is selected, or else the last one that is visible."""
        for unit in map(self.page.units.__getitem__, self._at_hand()):
            if isinstance(unit, Markdown) and (code := unit.code) is not None:
                self.copy(code)
                return

    def action_copy_answer(self) -> None:
        """Copy the whole answer of the turn that is selected, or else the last one visible, as Markdown."""
        units = self.page.units
        here = next((at for at in self._at_hand() if isinstance(units[at], Markdown)), None)
        if here is None:
            return
        turn, prompts = units[here].turn_id, units.prompts
        after = bisect_right(prompts, here)
        first = prompts[after - 1] if after else 0
        parts: list[str] = []
        for index in range(first, prompts[after] if after < len(prompts) else len(units)):
            unit = units[index]
            if isinstance(unit, Markdown) and unit.turn_id == turn:
                parts += ["\n\n" if unit.gap else "\n", unit.source]
        self.copy("".join(parts[1:]))

    def _at_hand(self) -> Iterator[int]:
        """The unit that is selected, and those that show, the last first."""
        if self.selection:
            yield min(self.selection.head.unit, len(self.page) - 1)
        if self.page.units:
            top = self.page.locate(round(self.scroll_y))[0]
            bottom = self.page.locate(round(self.scroll_y) + self.window_height - 1)[0]
            yield from range(bottom, top - 1, -1)

    def on_resize(self, event: events.Resize) -> None:
        """A part of some rows is another part with another width; whole units stay selected."""
        if self.selection and not self.selection.is_whole and self.has_other_rows:
            self.selection = None

    def copy(self, text: str) -> None:
        """Put a text on the clipboard."""
        if text:
            self.app.copy_to_clipboard(text)  # pyright: ignore[reportUnknownMemberType]
            self.post_message(self.Copied(text))
