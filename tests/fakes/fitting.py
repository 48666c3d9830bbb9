"""What is wrong with a screen as it is drawn: rows that do not fit, bars that nobody needs, no focus."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

from typing import Any

from rich.cells import cell_len
from textual.geometry import Region
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget

from tui.widgets.rows import Rows
from tui.widgets.sheet import Sheet
from tui.widgets.transcript.canvas import Canvas
from tui.widgets.transcript.view import LineView


def faults(screen: Screen[Any]) -> list[str]:
    """Everything about how it is laid out now."""
    shown = [widget for widget in screen.walk_children(Widget) if widget.is_on_screen and widget.display]
    return [
        *(said for widget in shown for said in _overflowing(widget)),
        *(said for widget in shown for said in _cut(screen, widget)),
        *(said for widget in shown for said in _needless_bars(widget)),
        *(said for widget in shown for said in _titles(widget)),
    ]


def _overflowing(widget: Widget) -> list[str]:
    """Rows that are longer than their room: the end of them is cut off without a sign."""
    if isinstance(widget, Canvas):
        room = widget.scrollable_content_region.width
        lines = [row.line.text for row in widget.rows]
    elif isinstance(widget, Sheet):
        room = widget.size.width
        lines = [line.text for line in widget.lines(room)]
    else:
        return []
    return [
        f"{widget!r}: {line!r} has {room} columns" for line in lines if cell_len(line.rstrip()) > room > 0
    ]


def _cut(screen: Screen[Any], widget: Widget) -> list[str]:
    """A widget of which part cannot be seen, nor scrolled to."""
    found = screen._compositor.visible_widgets.get(widget)
    if found is None or any(
        each.allow_vertical_scroll for each in widget.ancestors if isinstance(each, Widget)
    ):
        return []
    region, clip = found
    inside = region.intersection(clip)
    return [] if inside == region or not region.area else [f"{widget!r}: only {inside} of {region}"]


def _needless_bars(widget: Widget) -> list[str]:
    """A scrollbar where everything fits; a conversation keeps its place for one, which looks like nothing."""
    if isinstance(widget, LineView):
        return []
    room, whole = widget.scrollable_content_region.size, widget.virtual_size
    tall = widget.show_vertical_scrollbar and whole.height <= room.height
    wide = widget.show_horizontal_scrollbar and whole.width <= room.width
    return [f"{widget!r}: a bar for {whole} in {room}"] if tall or wide else []


def _titles(widget: Widget) -> list[str]:
    """Titles on a frame end with an ellipsis where they have no room."""
    out: list[str] = []
    room = widget.outer_size.width - 4
    drawn = "\n".join(_text(widget, y) for y in (0, widget.outer_size.height - 1))
    for title in (widget.border_title, widget.border_subtitle):
        if title and room > 0 and widget.styles.border.top[0] and title not in drawn and "…" not in drawn:
            out.append(f"{widget!r}: {title!r} is not in {drawn!r}")
    return out


def _text(widget: Widget, y: int) -> str:
    region = widget.region
    strips = widget.screen._compositor.render_strips()
    row = region.y + y
    return strips[row].crop(region.x, region.right).text if 0 <= row < len(strips) else ""


async def focus_unseen(pilot: Pilot[None]) -> list[str]:
    """The widget with the focus, where it looks the same without it; where keys can go to one only, its frame
    says enough."""
    screen = pilot.app.screen
    focused = screen.focused
    if focused is None or len(screen.focus_chain) < 2:
        return []
    with_focus = _cells(screen, focused.region)
    screen.set_focus(None)
    await pilot.pause()
    without = _cells(screen, focused.region)
    screen.set_focus(focused)
    await pilot.pause()
    cursor = isinstance(focused, Rows) and any(row.line.fill == "prompt" for row in focused.rows)
    return [] if with_focus != without or cursor else [f"{focused!r} looks the same without the focus"]


def _cells(screen: Screen[Any], region: Region) -> list[Any]:
    strips = screen._compositor.render_strips()
    return [list(strip.crop(region.x, region.right)) for strip in strips[region.y : region.bottom]]
