"""A screen of two parts, side by side or one over the other; the border between them can be moved."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, NamedTuple, TypeVar

from textual import events
from textual.geometry import Region
from textual.widget import Widget

from tui.screens.arrange import ROWS_LEAST, SIDE_LEAST
from tui.screens.edges import EdgesScreen
from tui.screens.kept import KeptSizes
from tui.screens.paned import PanedScreen
from tui.screens.sizes import WHOLE
from tui.screens.sizing import LEFT, ROWS, Edge

Result = TypeVar("Result")


class Parts(NamedTuple):
    """The two parts of a screen: what is kept of them goes by `name`.

    `tall` says whether they share the rows where they are one over the other.
    """

    name: str
    first: str
    second: str
    tall: bool = True


class PartsScreen(EdgesScreen[Result]):
    """Its two parts, where it has any, take what a person gave them. Its class `-wide` says how they lie."""

    PARTS: ClassVar[Parts | None] = None

    # What was chosen

    @property
    def _kept_sizes(self) -> KeptSizes | None:
        below = self.app.screen_stack[0]  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        return below.kept if isinstance(below, PanedScreen) else None

    @property
    def _lies_wide(self) -> bool:
        return self.has_class("-wide")

    def _part_name(self) -> str:
        return f"{self.PARTS.name}-{'wide' if self._lies_wide else 'tall'}" if self.PARTS else ""

    def _two_parts(self) -> tuple[Widget, Widget] | None:
        """Both, where they show and can be moved against each other."""
        if self.PARTS is None or not (self._lies_wide or self.PARTS.tall):
            return None
        first, second = (self.query_one(f"#{part}") for part in (self.PARTS.first, self.PARTS.second))
        return (first, second) if first.region.area and second.region.area else None

    def on_resize(self, event: events.Resize) -> None:
        """Share the room as it was chosen for the way they lie in now."""
        self._share_room()

    def _share_room(self) -> None:
        kept = self._kept_sizes
        if self.PARTS is None or kept is None:
            return
        wide, tall = self._lies_wide, self.PARTS.tall
        share = kept.share(self._part_name()) if wide or tall else 0
        for part, taken in ((self.PARTS.first, share), (self.PARTS.second, WHOLE - share)):
            styles = self.query_one(f"#{part}").styles
            side, whole = (f"{taken}fr", "100%") if share else (None, None)
            styles.width, styles.max_width = (side, whole) if wide else (None, None)
            styles.min_width = 1 if share and wide else None
            if tall:  # else the screen says itself how high they are
                styles.height, styles.max_height = (None, None) if wide else (side, whole)

    # Other shares

    def _move_parts(self, sizes: tuple[int, int], by: int) -> bool:
        """Give the first part so many cells more than in `sizes`; whether anything changes."""
        kept, (first, second) = self._kept_sizes, sizes
        least = SIDE_LEAST if self._lies_wide else ROWS_LEAST
        by = max(min(0, least - first), min(by, max(0, second - least)))
        if kept is None or not by:
            return False
        share = -(-WHOLE * (first + by) // (first + second))  # rounded up, as cells are rounded down
        kept.choose_share(self._part_name(), max(1, min(share, WHOLE - 1)))
        self._share_room()
        return True

    def _part_sizes(self, parts: tuple[Widget, Widget]) -> tuple[int, int]:
        first, second = (part.outer_size for part in parts)
        return (first.width, second.width) if self._lies_wide else (first.height, second.height)

    def action_grow(self, columns: int, rows: int) -> None:
        """Make the part with the focus, or else the first, larger or smaller."""
        parts, by = self._two_parts(), columns if self._lies_wide else rows
        if parts is None or not by:
            return
        focused = self.focused
        second = focused is not None and parts[1] in focused.ancestors_with_self
        self._move_parts(self._part_sizes(parts), -by if second else by)

    def action_reset_sizes(self) -> None:
        """Let them take what they take by themselves."""
        if (kept := self._kept_sizes) is not None and self.PARTS is not None:
            kept.choose_share(self._part_name(), 0)
            self._share_room()

    # The mouse

    def _bordered(self, parts: tuple[Widget, Widget]) -> tuple[Widget, str]:
        """The part whose border lies between the two, and which of its borders that is."""
        first, second = parts
        if self._lies_wide:
            return (first, "right") if first.styles.border_right[0] else (second, "left")
        return (first, "bottom") if first.styles.border_bottom[0] else (second, "top")

    @property
    def edges(self) -> list[Edge]:
        """The border between the two."""
        parts = self._two_parts()
        if parts is None or self.PARTS is None:
            return []
        (part, border), names = self._bordered(parts), (self.PARTS.first, self.PARTS.second)
        x, y, width, height = part.region
        if self._lies_wide:
            return [Edge(LEFT, names, Region(x if border == "left" else x + width - 1, y, 1, height))]
        return [Edge(ROWS, names, Region(x, y if border == "top" else y + height - 1, width, 1))]

    def hold(self) -> Callable[[Edge, int, int], None]:
        """What moves it from where it is now."""
        parts = self._two_parts()
        sizes = self._part_sizes(parts) if parts else (0, 0)

        def move(edge: Edge, columns: int, rows: int) -> None:
            self._move_parts(sizes, rows if edge.kind == ROWS else columns)

        return move

    def reset_edge(self, edge: Edge) -> None:
        """Put it where it is by itself."""
        self.action_reset_sizes()

    def light(self, edge: Edge | None) -> None:
        """Show that it can be held."""
        if (parts := self._two_parts()) is not None:
            part, border = self._bordered(parts)
            part.set_class(edge is not None, f"-edge-{border}")
