"""The line-API widget under the page: it holds the rows of the window and draws those that change."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.geometry import Region, Spacing
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.widgets.transcript.lines import BLANK
from tui.widgets.transcript.palette import Palette
from tui.widgets.transcript.strips import Row, Whole, strip

_STRIPS = 100
"""Strips kept of rows that do not show now."""


class Canvas(ScrollView, can_focus=True):
    """A window of rows."""

    ALLOW_SELECT = False
    EDGE = ""
    """What shows the focus at the left, where no frame does it."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._rows: list[Row] = []
        self._palette: Palette | None = None
        self._strips: dict[Row, Strip] = {}
        self._strips_key: tuple[int, int, Spacing, Palette | None, str] = (0, 0, Spacing(), None, "")
        self._behind = Color(0, 0, 0)

    @property
    def rows(self) -> tuple[Row, ...]:
        """What the window shows."""
        return tuple(self._rows)

    def paint(self, rows: list[Row], width: int) -> None:
        """Show these rows; what already shows them is not drawn again."""
        old, self._rows = self._rows, rows
        if len(old) != len(rows):
            self.refresh()
            return
        dirty = [
            Region(0, y, reach, 1)
            for y, (before, now) in enumerate(zip(old, rows, strict=True))
            if before != now and (reach := max(before.reach(width), now.reach(width)))
        ]
        if dirty:
            self.refresh(*dirty)

    def notify_style_update(self) -> None:
        """The theme or a style changed."""
        super().notify_style_update()
        self._palette = None

    @property
    def palette(self) -> Palette:
        """The styles of the current theme."""
        if self._palette is None:
            app = self.app  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
            self._palette = Palette(
                app.theme_variables,
                foreground=self.colors[3],
                background=self.colors[2],
                plain=app.no_color or app.native_ansi_color,
            )
        return self._palette

    def render_line(self, y: int) -> Strip:
        """The row of the window."""
        width = self.scrollable_content_region.width
        row = self._rows[y] if y < len(self._rows) else Row(BLANK)
        return strip(row, width, self.palette)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows as the compositor asks for them.

        Textual would pad and style each row anew in every frame; here a row that only moved is the same
        strip, with everything Textual cached in it.
        """
        styles = self.styles
        spacing = styles.padding
        if styles.gutter != spacing or styles.outline_top[0] or self.opacity != 1 or styles.tint.a:
            return super().render_lines(crop)
        edge = self.EDGE if self.has_focus else ""
        key = (self.outer_size.width, self.scrollable_content_region.width, spacing, self.palette, edge)
        if key != self._strips_key:
            self._strips_key, self._strips, self._behind = key, {}, self.background_colors[1]
        elif len(self._strips) > _STRIPS + len(self._rows):
            self._strips = {row: self._strips[row] for row in self._rows if row in self._strips}
        out = [self._whole(y - spacing.top) for y in crop.line_range]
        if crop.column_span != (0, key[0]):
            out = [Whole.of(row.crop(*crop.column_span)) for row in out]
        return list(out)

    def _whole(self, y: int) -> Strip:
        row = self._rows[y] if 0 <= y < len(self._rows) else Row(BLANK)
        whole = self._strips.get(row)
        if whole is None:
            whole = self._strips[row] = self._padded(row)
        return whole

    def _padded(self, row: Row) -> Whole:
        total, width, spacing, palette, edge = self._strips_key
        assert palette
        blank = palette.style("")
        inner = strip(row, width, palette)
        left, right = spacing.left, total - spacing.left - inner.cell_length
        segments = [Segment(f"{edge:{left}}", palette.style("cursor")), *inner] if left else [*inner]
        if right > 0:
            segments.append(Segment(" " * right, blank))
        for line_filter in self.get_line_filters():
            segments = line_filter.apply(segments, self._behind)
        whole = Whole(segments, total - min(0, right))
        return whole if right >= 0 else Whole.of(whole.adjust_cell_length(total, blank))
