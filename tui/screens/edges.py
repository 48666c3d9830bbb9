"""Borders between parts of a screen that the mouse can move."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import events
from textual.widget import Widget

from tui.screens.beneath import Beneath, Result
from tui.screens.sizing import Edge

_DOUBLE = 2


class EdgesScreen(Beneath[Result]):
    """Its edges light up under the mouse, and move with it while it is held; a double click resets one."""

    _edge_lit: Edge | None = None
    _edge_held: tuple[Edge, int, int, Callable[[Edge, int, int], None]] | None = None
    _edge_focus: Widget | None = None
    """What had the focus before an edge was pressed: moving one takes it from nothing."""

    @property
    def edges(self) -> Sequence[Edge]:
        """For subclasses: those that there are now."""
        return ()

    def hold(self) -> Callable[[Edge, int, int], None]:
        """For subclasses: what moves an edge by columns and rows from where it is now."""
        raise NotImplementedError

    def reset_edge(self, edge: Edge) -> None:
        """For subclasses: put an edge where it is by itself."""

    def light(self, edge: Edge | None) -> None:
        """For subclasses: show which edge would be held, if any."""

    def _edge_under(self, event: events.MouseEvent) -> Edge | None:
        at = event.screen_offset
        return next((edge for edge in self.edges if edge.region.contains_point(at)), None)

    def _show_edge(self, edge: Edge | None) -> None:
        if edge != self._edge_lit:
            if self._edge_lit is None:
                self._edge_focus = self.focused
            self._edge_lit = edge
            self.light(edge)
            across = edge is not None and edge.region.width > edge.region.height
            self.styles.pointer = "default" if edge is None else "ns-resize" if across else "ew-resize"

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Move the edge that is held; else show one that could be."""
        if self._edge_held is None:
            self._show_edge(self._edge_under(event))
            return
        edge, x, y, move = self._edge_held
        event.stop()
        move(edge, event.screen_x - x, event.screen_y - y)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Hold the edge under the mouse."""
        if event.button == 1 and (edge := self._edge_under(event)) is not None:
            event.stop()
            self._show_edge(edge)
            self._edge_held = edge, event.screen_x, event.screen_y, self.hold()
            self.capture_mouse()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Let go of it."""
        if self._edge_held is not None:
            _, x, y, _ = self._edge_held
            self._edge_held = None
            self.release_mouse()
            if (event.screen_x, event.screen_y) != (x, y) and self._edge_focus is not None:
                self._edge_focus.focus()
            self._show_edge(self._edge_under(event))

    def on_click(self, event: events.Click) -> None:
        """Twice on an edge puts it where it is by itself."""
        if event.chain == _DOUBLE and (edge := self._edge_under(event)) is not None:
            event.stop()
            self.reset_edge(edge)
            self._show_edge(None)
