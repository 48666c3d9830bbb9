"""Reading the conversation: selecting, copying, following links, folding, searching."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from tui.widgets.transcript.collection import CHUNK
from tui.widgets.transcript.folds import Tool
from tui.widgets.transcript.lines import Line, Link
from tui.widgets.transcript.links import may_have_links
from tui.widgets.transcript.reasoning import Reasoning
from tui.widgets.transcript.searching import Searching
from tui.widgets.transcript.strips import Overlay

_Place = tuple[int, int, int]
"""Unit, row, and number of the run in the row: where a link is."""
_FAR = 2_000
"""Units in which a link is looked for."""
_REST_S = 0.02
"""Seconds between two chunks that are folded."""


class Reader(Searching):
    """A page whose content can be selected, copied, searched, folded and followed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "activate", "Open link, fold", id="transcript.activate", show=False),
        Binding("Y", "copy_answer", "Copy the answer", id="transcript.copy_answer", show=False),
        Binding("j", "select_block(1)", "Select next block", id="transcript.select_next", show=False),
        Binding(
            "k", "select_block(-1)", "Select previous block", id="transcript.select_previous", show=False
        ),
        Binding(
            "J,shift+down",
            "extend_block(1)",
            "Extend selection down",
            id="transcript.extend_down",
            show=False,
        ),
        Binding(
            "K,shift+up", "extend_block(-1)", "Extend selection up", id="transcript.extend_up", show=False
        ),
        Binding("c", "copy", "Copy selection", id="transcript.copy", show=False),
        Binding("y", "copy_code", "Copy code block", id="transcript.copy_code", show=False),
        Binding("l", "step_link(1)", "Next link", id="transcript.next_link", show=False),
        Binding("L", "step_link(-1)", "Previous link", id="transcript.previous_link", show=False),
        Binding("]", "step_turn(1)", "Next turn", id="transcript.next_turn", show=False),
        Binding("[", "step_turn(-1)", "Previous turn", id="transcript.previous_turn", show=False),
        Binding("n", "find_next(1)", "Next match", id="transcript.find_next", show=False),
        Binding("N", "find_next(-1)", "Previous match", id="transcript.find_previous", show=False),
        Binding("m", "more", "Show more", id="transcript.more", show=False),
        Binding("t", "toggle_all", "Fold or unfold all", id="transcript.toggle_all", show=False),
        Binding("ctrl+d", "half(1)", "Half a page down", id="transcript.half_down", show=False),
        Binding("ctrl+u", "half(-1)", "Half a page up", id="transcript.half_up", show=False),
        Binding("pagedown,ctrl+f", "page_down", "Page down", id="transcript.page_down", show=False),
        Binding("pageup,ctrl+b", "page_up", "Page up", id="transcript.page_up", show=False),
        Binding("home,g", "scroll_home", "First", id="transcript.first", show=False),
        Binding("end,G", "scroll_end", "Last", id="transcript.last", show=False),
        Binding("slash", "screen.find", "Find", id="transcript.find", show=False),
        Binding("i", "screen.to_prompt", "To the prompt", id="transcript.prompt", show=False, priority=True),
        Binding("ctrl+w", "screen.window", "To a pane", id="transcript.window", show=False),
        Binding("escape", "dismiss", "Clear selection", id="transcript.dismiss", show=False),
    ]

    class LinkActivated(Message, namespace="transcript"):
        """A link was chosen: either `url`, or `path` with a line from 1 (0 when none was given)."""

        def __init__(self, path: str, line: int, url: str) -> None:
            super().__init__()
            self.path, self.line, self.url = path, line, url

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._link: _Place | None = None

    # Drawing

    def overlays(self, unit: int, row: int, line: Line) -> tuple[Overlay, ...]:
        """Matches, the current link and the selection on a row."""
        if self._search is None and self._link is None and self.selection is None:
            return ()
        out: list[Overlay] = []
        if self._search:
            for start, end, now in self._search.on_row(unit, row):
                out.append((start, end, "found-now" if now else "found"))
        if self._link and self._link[:2] == (unit, row):
            out.append((*_run_cells(line, self._link[2]), "link-now"))
        if self.selection and (cells := self.selection.span(unit, row, line)):
            out.append((*cells, "selected"))
        return tuple(out)

    def on_resize(self, event: events.Resize) -> None:
        """The current link is in another place with another width."""
        if self._link and self.has_other_rows:
            self._link = None

    # Links

    def action_step_link(self, step: int) -> None:
        """Make the next (or previous) link the current one."""
        place = self._next_link(step)
        if place:
            self._link = place
            self.reveal(place[0], place[1])

    def _next_link(self, step: int) -> _Place | None:
        if not self.page.units:
            return None
        top = self.page.locate(round(self.scroll_y))
        here = self._link or ((*top, -1) if step > 0 else (top[0], top[1], 0))
        end = min(len(self.page), here[0] + _FAR) if step > 0 else max(-1, here[0] - _FAR)
        for unit in range(here[0], end, step):
            if not may_have_links(self.page.units.read(unit).source):
                continue
            places = list(_links(unit, self.page.lines(unit)))
            for place in places if step > 0 else reversed(places):
                if (place > here) if step > 0 else (place < here):
                    return place
        return None

    def action_activate(self) -> None:
        """Open the current link, or fold or unfold the selected block."""
        if self._link:
            unit, row, run = self._link
            lines = self.page.lines(unit) if unit < len(self.page) else []
            if row < len(lines) and run < len(lines[row].runs) and (link := lines[row].runs[run][2]):
                self.open_link(link)
            return
        if self.selection:
            self.toggle_unit(self.selection.head.unit)

    def open_link(self, link: Link) -> None:
        """Ask the app to open a link."""
        if link.url:
            self.post_message(self.LinkActivated("", 0, link.target))
        else:
            self.post_message(self.LinkActivated(link.target, link.line or 0, ""))

    # Folding

    def toggle_unit(self, unit: int) -> None:
        """Fold or unfold one unit."""
        if unit < len(self.page) and self.page.units[unit].toggle():
            self.refold(unit)

    def refold(self, unit: int) -> None:
        """Show a unit whose height changed."""
        self._measure(unit)
        self.reveal(unit, min(1, len(self.page.lines(unit)) - 1))

    def _measure(self, unit: int) -> None:
        """Take a unit's new height; what was selected is the whole unit from now on."""
        self.page.lines(unit)
        self._link = None
        if self._search:
            self._search.recheck(self.page, unit)
        if self.selection:
            self.selection = None
            self.select_units(unit, unit)

    def show_more(self, unit: int) -> None:
        """Show more of a tool's output; what is read stays where it is."""
        tool = self.page.units[unit]
        if isinstance(tool, Tool):
            row = next((at for at, line in enumerate(self.page.lines(unit)) if line.action == "more"), 1)
            top = round(self.scroll_y)
            tool.more()
            self._measure(unit)
            self.scroll_to_row(top)
            if not top <= self.page.start(unit) + row < top + self.window_height:
                self.reveal(unit, row)

    def action_more(self) -> None:
        """Show more of the output that is selected, or else of the last that shows in part."""
        last = len(self.page) - 1
        wanted = range(last, max(-1, last - _FAR), -1)
        units = [min(self.selection.head.unit, last)] if self.selection and wanted else wanted
        for index in units:
            unit = self.page.units.read(index)
            if isinstance(unit, Tool) and unit.hidden:
                self.show_more(index)
                return

    def action_toggle_all(self) -> None:
        """Fold every tool call and all reasoning, or unfold them when all are folded.

        Those in memory at once; the others one chunk after the other, before the keys have their turn.
        """
        page = self.page
        present = sorted(page.units.in_memory(self._top[0]))
        folds = [unit for unit in map(page.units.read, present) if isinstance(unit, Tool | Reasoning)]
        unfold = not any(unit.expanded for unit in folds)
        for index in present:
            self._unfold(index, unfold=unfold)
        self.action_dismiss()
        self.run_worker(self._unfold_rest(unfold=unfold), group="fold", exclusive=True)

    async def _unfold_rest(self, *, unfold: bool) -> None:
        for first in range(0, len(self.page), CHUNK):
            if first < len(self.page) and not self.page.units.has(first):
                for index in range(first, min(first + CHUNK, len(self.page))):
                    self._unfold(index, unfold=unfold)
                self.page.trim(self._top[0])
                await asyncio.sleep(_REST_S)
        self.changed()

    def _unfold(self, index: int, *, unfold: bool) -> None:
        unit = self.page.units[index]
        if isinstance(unit, Tool | Reasoning) and unit.expanded != unfold and unit.toggle():
            self.page.outdate(index)

    # Pages and turns

    def action_half(self, step: int) -> None:
        """Scroll by half pages."""
        self.scroll_to_row(round(self.scroll_y) + step * max(1, self.window_height // 2))

    def action_step_turn(self, step: int) -> None:
        """Scroll to the next (or previous) prompt."""
        here = round(self.scroll_y)
        rows = [self.page.start(index) + int(index > 0) for index in self.page.units.prompts]
        later = [row for row in rows if row > here] if step > 0 else [row for row in rows if row < here]
        if later:
            self.scroll_to_row(later[0] if step > 0 else later[-1])
        elif step > 0:
            self.follow()

    def action_dismiss(self) -> None:
        """Clear selection, search and current link."""
        self.selection, self._search, self._link = None, None, None
        self._go_on_looking()
        self.repaint()


def _links(unit: int, lines: list[Line]) -> Iterator[_Place]:
    """The links of a unit; one that is wrapped over rows counts once."""
    last: Link | None = None
    for row, line in enumerate(lines):
        for number, (_, _, link) in enumerate(line.runs):
            if link is not None and link is not last:
                yield unit, row, number
            last = link if link is not None else (last if line.runs[number][0].isspace() else None)


def _run_cells(line: Line, number: int) -> tuple[int, int]:
    start = sum([cell_len(run[0]) for run in line.runs[:number]])
    return start, start + (cell_len(line.runs[number][0]) if number < len(line.runs) else 0)
