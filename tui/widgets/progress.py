"""A progress bar of one row, with what it is about beside it; or a sentence, as long as it is."""

from __future__ import annotations

from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from agent_core.events import PullProgress
from agent_core.text import cells, human_size, one_line, shorten
from tui.widgets.transcript.lines import Line, Run, wrap
from tui.widgets.transcript.palette import Palette
from tui.widgets.transcript.strips import Row, strip


class Progress(Widget):
    """A blank row until there is something to say."""

    DEFAULT_CSS = """
    Progress { height: auto; max-height: 6; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._step: PullProgress | None = None
        self._said: tuple[str, bool] = ("", False)
        self._palette: Palette | None = None

    def show(self, step: PullProgress) -> None:
        """Show how far it is."""
        self._step = step
        self.refresh(layout=bool(self._said[0]))
        self._said = ("", False)

    def say(self, text: str, *, bad: bool = False) -> None:
        """Show a sentence in place of the bar."""
        self._step, self._said = None, (one_line(text), bad)
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """A row, or as many as the sentence takes: the reason of a failure stands at its end."""
        return len(self._lines(width))

    def notify_style_update(self) -> None:
        """The theme changed."""
        super().notify_style_update()
        self._palette = None

    def render_line(self, y: int) -> Strip:
        """The row."""
        if self._palette is None:
            variables = self.app.theme_variables  # pyright: ignore[reportUnknownMemberType]
            self._palette = Palette(variables, foreground=self.colors[3], background=self.colors[2])
        width = self.size.width
        lines = self._lines(width)
        return strip(Row(lines[y] if y < len(lines) else Line()), width, self._palette)

    def _lines(self, width: int) -> list[Line]:
        if self._step is not None:
            return [Line(bar(self._step, width))]
        text, bad = self._said
        return wrap([(text, "bad" if bad else "title", None)], max(1, width)) if text else [Line()]


def bar(step: PullProgress, width: int) -> tuple[Run, ...]:
    """The bar as runs; without a total only the words."""
    if not step.total:
        return ((shorten(f"{one_line(step.model)}: {one_line(step.status)}", width), "title", None),)
    share = min(step.completed / step.total, 1.0)
    text = f" {share:>4.0%}  {human_size(step.completed)} of {human_size(step.total)}"
    room = max(4, width - cells(text))
    full = round(room * share)
    return (("━" * full, "mark", None), ("━" * (room - full), "rule", None), (text, "dim", None))
