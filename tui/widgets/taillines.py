"""Messages of the bus, a row each: the window that another process hands out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from textual import events
from textual.message import Message

from agent_core.streaming.live import values as v
from agent_core.text import cells, shorten, shorten_middle
from tui.widgets.logrow import level_style
from tui.widgets.transcript.lines import Line, Run, cut
from tui.widgets.transcript.strips import Overlay, Row
from tui.widgets.windowed import Windowed

_TIME = 12
_MOST_TOPIC, _SHARE = 28, 4
_WITH_PLACE, _WITH_TOPIC = 90, 56
_COLOURS = ("mark", "ok", "num", "kw", "builtin", "fn", "cls")


class Columns(NamedTuple):
    """How wide the columns are; 0 for one that there is no room for, or no use."""

    topic: int
    place: int


class TailLines(Windowed):
    """Shows pages, and asks for others.

    Args:
        do: Has something done where the messages are.
    """

    class Opened(Message, namespace="tail_lines"):
        """The message with the cursor is wanted in full, or no more."""

    class Sized(Message, namespace="tail_lines"):
        """There is room for more, or for less."""

    def __init__(self, *, do: Callable[[v.Call], None], id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._do = do
        self.page: v.Page | None = None
        """What shows."""
        self.empty = ""
        self.several = True
        """Whether there may be several topics, so that each row names its own."""
        self._colours: dict[str, str] = {}

    @property
    def characters(self) -> int:
        """How many of a line can show."""
        return self.shift + self.scrollable_content_region.width

    def take(self, page: v.Page) -> None:
        """Show this from now on."""
        self.page = page
        self.draw()

    def draw(self) -> None:
        """Draw the window."""
        region = self.scrollable_content_region
        if region.width <= 2 or not region.height:
            return
        page = self.page
        rows = page.rows[: region.height] if page is not None else ()
        look = self._columns(rows, region.width)
        cursor = page.cursor if page is not None else -1
        self.fill(
            [self._row(row, look, region.width, on=at == cursor) for at, row in enumerate(rows)],
            empty=self.empty,
        )

    def _columns(self, rows: tuple[v.RowInfo, ...], width: int) -> Columns:
        topic = place = 0
        if self.several and width >= _WITH_TOPIC:
            topic = min(_MOST_TOPIC, width // _SHARE, max((cells(row.topic) for row in rows), default=0))
        if width >= _WITH_PLACE:
            place = max((len(row.place) for row in rows), default=0)
        return Columns(topic, place)

    def _row(self, row: v.RowInfo, look: Columns, width: int, *, on: bool) -> Row:
        fill = "prompt" if on and self.has_focus else "head" if on else ""
        overlays: tuple[Overlay, ...] = ((0, width, "link-now"),) if on and self.plain else ()
        if row.kind == "notice":
            style = "warn" if row.grave else "ok"
            return Row(Line(((shorten(f"── {row.text}", width), style, None),), fill), overlays)
        runs: list[Run] = [(f"{_clock(row.time):<{_TIME}} ", "dim", None)]
        if look.topic:
            name = shorten_middle(row.topic, look.topic)
            colour = self._colours.setdefault(row.topic, _COLOURS[len(self._colours) % len(_COLOURS)])
            runs.append((name + " " * (look.topic - cells(name) + 1), colour, None))
        if look.place:
            runs.append((f"{row.place:<{look.place}} ", "dim", None))
        if row.repeat:
            runs.append(("↻ ", "warn", None))
        room = width - sum(cells(text) for text, _, _ in runs)
        text = row.text[self.shift :]
        whole = shorten(text, room)
        shown = self.shift + len(whole) - (whole != text)
        runs += cut(_styled(row), self.shift, shown)
        if whole != text:
            runs.append(("…", "dim", None))
        return Row(Line(tuple(runs), fill), overlays)

    # Keys and mouse

    def on_resize(self) -> None:
        """There is room for more lines, or fewer."""
        self.post_message(self.Sized())

    def watch_has_focus(self, _has_focus: bool) -> None:
        """The cursor shows whether it is here."""
        super().watch_has_focus(_has_focus)
        self.draw()

    def action_move(self, step: int) -> None:
        """Move the cursor by lines; at the end it goes on with what comes."""
        self._do(v.Move(step))

    def action_page(self, step: int) -> None:
        """Move by windows."""
        self._do(v.Move(step * max(1, self.height - 1)))

    def action_edge(self, step: int) -> None:
        """Go to the first line that is kept, or to what comes."""
        self._do(v.Edge(step > 0))

    def action_choose(self) -> None:
        """Show the message in full, or no more."""
        self.post_message(self.Opened())

    def action_shift(self, columns: int) -> None:
        """Move sideways over long lines."""
        super().action_shift(columns)
        self.post_message(self.Sized())

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the row that was clicked; the message shows in full where it was there."""
        offset = event.get_content_offset(self)
        page = self.page
        if offset is None or event.button != 1 or page is None or offset.y >= len(page.rows):
            return
        if offset.y == page.cursor and not page.follows:
            self.action_choose()
        else:
            self._do(v.Put(page.rows[offset.y].number))


def _clock(moment: float | None) -> str:
    if moment is None:
        return ""
    try:
        return datetime.fromtimestamp(moment).strftime("%H:%M:%S.%f")[:_TIME]
    except (ValueError, OverflowError, OSError):
        return "?"


def _styled(row: v.RowInfo) -> list[Run]:
    """The text with its styles: key and headers apart from the value, and what matches marked."""
    style = level_style(row.text[row.key :]) if row.kind == "text" else "title"
    style = "dim" if row.repeat or row.kind in ("bytes", "none") else style
    parts = [(0, row.key, "mark"), (row.key, len(row.text), style)]
    runs: list[Run] = []
    for begin, end, plain in parts:
        at = begin
        for start, stop in row.found:
            start, stop = max(at, start), min(end, stop)
            if start < stop:
                runs += [(row.text[at:start], plain, None), (row.text[start:stop], f"{plain} found", None)]
                at = stop
        runs.append((row.text[at:end], plain, None))
    return [run for run in runs if run[0]]
