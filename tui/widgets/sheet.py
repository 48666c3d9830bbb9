"""Lines that are made for the width that there is: tables and remarks that take as many rows as they need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import zip_longest

from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from tui.widgets.transcript.lines import BLANK, Line
from tui.widgets.transcript.palette import Palette
from tui.widgets.transcript.strips import Row, Whole, strip

Make = Callable[[int], Sequence[Line]]
"""Makes the lines for so many columns."""


class Sheet(Widget):
    """Shows lines; what contains it scrolls.

    Args:
        make: Makes the lines.
        fills: Whether it is as high as what contains it, or higher: then nothing is laid out anew for other
            lines that fit.
    """

    DEFAULT_CSS = """
    Sheet { height: auto; width: 1fr; }
    """
    ALLOW_SELECT = False

    def __init__(
        self,
        make: Make = lambda _: (),
        *,
        fills: bool = False,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self._make = make
        self._fills, self._least = fills, 0
        self._made: Sequence[Line] = ()
        self._width = -1
        self._palette: Palette | None = None

    def show(self, make: Make) -> None:
        """Show other lines: what shows them already is not drawn again, and only another number of them is
        laid out anew."""
        self._make = make
        if self._width != self.size.width:
            self._width = -1
            self.refresh(layout=True)
            return
        before, self._made = self._made, make(self._width)
        if max(len(before), self._least) != max(len(self._made), self._least):
            self.refresh(layout=True)
        elif dirty := [
            Region(0, y, self._width, 1)
            for y, (old, new) in enumerate(zip_longest(before, self._made))
            if old != new
        ]:
            self.refresh(*dirty)

    def lines(self, width: int) -> Sequence[Line]:
        """The lines at a width; made once."""
        if width != self._width:
            self._made, self._width = self._make(width), width
        return self._made

    def notify_style_update(self) -> None:
        """The theme changed."""
        super().notify_style_update()
        self._palette = None

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many rows as there are lines, or as there is room for."""
        self._least = container.height if self._fills else 0
        return max(len(self.lines(width)), self._least)

    def render_lines(self, crop: Region) -> list[Strip]:
        """What shows, as strips that go once others do."""
        return [Whole.of(each) for each in super().render_lines(crop)]

    def render_line(self, y: int) -> Strip:
        """One of the lines."""
        if self._palette is None:
            app = self.app  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
            self._palette = Palette(
                app.theme_variables,
                foreground=self.colors[3],
                background=self.colors[2],
                plain=app.no_color or app.native_ansi_color,
            )
        lines = self.lines(self.size.width)
        return strip(Row(lines[y] if y < len(lines) else BLANK), self.size.width, self._palette)
