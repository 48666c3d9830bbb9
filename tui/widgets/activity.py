"""The rows above the prompt: what runs, what waits, what could be typed next."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from agent_core.text import cells, human_duration, one_line, shorten
from tui.widgets.transcript.lines import Line, Run
from tui.widgets.transcript.palette import Palette
from tui.widgets.transcript.strips import Row, strip

_MOST_QUEUED = 5


class Activity(Widget):
    """No row at all while there is nothing to say.

    Args:
        stop_key: The key that stops, as people write it.
        waiting_keys: What keys do with what waits, the most wanted first.
        clock: Seconds that only go forward; for tests.
    """

    DEFAULT_CSS = """
    Activity { height: auto; padding: 0 1; }
    """

    class QueuedClicked(Message, namespace="activity"):
        """A waiting prompt was clicked: it is to be edited."""

        def __init__(self, turn_id: str) -> None:
            super().__init__()
            self.turn_id = turn_id

    class StopClicked(Message, namespace="activity"):
        """What runs was clicked: it is to stop."""

    def __init__(
        self, *, stop_key: str = "Esc", waiting_keys: str = "↑ edits", clock: Callable[[], float] = monotonic
    ) -> None:
        super().__init__(id="activity")
        self._stop_key, self._waiting_keys = stop_key, waiting_keys
        self._clock = clock
        self._doing = ""
        self._since = 0.0
        self._queued: dict[str, str] = {}
        self._offers: tuple[str, ...] = ()
        self._offer = -1
        self._timer: Timer | None = None
        self._palette: Palette | None = None

    @property
    def runs(self) -> bool:
        """Whether something runs."""
        return bool(self._doing)

    @property
    def queued(self) -> dict[str, str]:
        """Texts of the waiting prompts by turn, in order."""
        return dict(self._queued)

    def start(self, doing: str) -> None:
        """Something runs from now on."""
        self._doing, self._since = doing, self._clock()
        if self._timer is None:
            self._timer = self.set_interval(1.0, self.refresh)
        self._changed()

    def doing(self, what: str) -> None:
        """What it does now."""
        if self._doing and what != self._doing:
            self._doing = what
            self.refresh()

    def stop(self) -> None:
        """Nothing runs any more."""
        self._doing = ""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._changed()

    def queue(self, turn_id: str, text: str) -> None:
        """A prompt waits."""
        self._queued[turn_id] = text
        self._changed()

    def unqueue(self, turn_id: str) -> None:
        """It does not wait any more."""
        if self._queued.pop(turn_id, None) is not None:
            self._changed()

    def offer(self, texts: tuple[str, ...], chosen: int = -1) -> None:
        """Show what the prompt could be completed to; nothing takes it away."""
        if (texts, chosen) != (self._offers, self._offer):
            self._offers, self._offer = texts, chosen
            self._changed()

    def _changed(self) -> None:
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """One row for each thing to say."""
        return len(self._lines(width))

    def notify_style_update(self) -> None:
        """The theme changed."""
        super().notify_style_update()
        self._palette = None

    def render_line(self, y: int) -> Strip:
        """One row."""
        if self._palette is None:
            variables = self.app.theme_variables  # pyright: ignore[reportUnknownMemberType]
            self._palette = Palette(variables, foreground=self.colors[3], background=self.colors[2])
        width = self.content_size.width
        lines = self._lines(width)
        line = lines[y][0] if y < len(lines) else Line()
        return strip(Row(line), width, self._palette)

    def on_click(self, event: events.Click) -> None:
        """A click on what runs stops it; on what waits, edits it."""
        lines = self._lines(self.content_size.width)
        offset = event.get_content_offset(self)
        if offset is None or offset.y >= len(lines):
            return
        name = lines[offset.y][1]
        if name == "stop":
            self.post_message(self.StopClicked())
        elif name:
            self.post_message(self.QueuedClicked(name))

    def _lines(self, width: int) -> list[tuple[Line, str]]:
        """The rows, and what a click on each means."""
        lines: list[tuple[Line, str]] = []
        if self._offers:
            lines.append((Line(self._offered(width)), ""))
        if self._doing:
            took = _whole(self._clock() - self._since)
            tail = f" · {took} · {self._stop_key} stops"
            what = shorten(one_line(self._doing), max(4, width - 2 - cells(tail)))
            lines.append((Line((("● ", "mark", None), (what, "title", None), (tail, "dim", None))), "stop"))
        waiting = list(self._queued.items())
        for turn_id, text in waiting[:_MOST_QUEUED]:
            keys = self._waiting_keys if turn_id == waiting[-1][0] else ""
            lines.append((_waiting(text, width, keys), turn_id))
        if len(waiting) > _MOST_QUEUED:
            more = f"  and {len(waiting) - _MOST_QUEUED} more  {self._waiting_keys}"
            lines.append((Line(((shorten(more, width), "dim", None),)), waiting[-1][0]))
        return lines

    def _offered(self, width: int) -> tuple[Run, ...]:
        runs: list[Run] = []
        used = 0
        for number, text in enumerate(self._offers):
            used += cells(text) + 2
            if used > width - 1:
                runs.append(("…", "dim", None))
                break
            runs += [(text, "link-now" if number == self._offer else "mark", None), ("  ", "", None)]
        return tuple(runs)


def _whole(seconds: float) -> str:
    return f"{int(seconds)} s" if seconds < 60 else human_duration(seconds)


def _waiting(text: str, width: int, keys: str) -> Line:
    """A prompt that waits; `keys` stand behind the last as far as there is room."""
    shown = keys if cells(keys) <= width // 2 else keys.partition(" · ")[0]
    tail = f"  {shown}" if keys else ""
    shown = shorten(one_line(text), max(4, width - 10 - cells(tail)))
    return Line((("◌ waits  ", "dim", None), (shown, "title", None), (tail, "dim", None)))
