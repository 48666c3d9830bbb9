"""The status line: which model, how full its window, how fresh the index, the bus, the branch."""

from __future__ import annotations

import msgspec
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from agent_core.events import ModelState
from agent_core.text import cells, one_line, shorten_middle
from tui.widgets.transcript.lines import Line, Run
from tui.widgets.transcript.palette import Palette
from tui.widgets.transcript.strips import Row, strip


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What the line says. `window` is 0 and `branch` "" while unknown; what stands in brackets at the end of
    `index` may go."""

    model: str = ""
    state: ModelState | None = None
    used: int = 0
    window: int = 0
    index: str = "no index yet"
    index_style: str = "dim"
    training: str = ""
    bus: str = "no broker"
    bus_mark: str = ""
    bus_style: str = "dim"
    branch: str = ""
    changes: int = 0
    help_key: str = "F1"


Places = dict[str, range]
"""The columns of a part of the row, by its name."""
_STATES: dict[str, tuple[str, str]] = {
    "none": ("○", "dim"),
    "checking": ("◌", "warn"),
    "loading": ("◌", "warn"),
    "ready": ("●", "ok"),
    "unreachable": ("●", "bad"),
}


class StatusLine(Widget):
    """One row at the bottom of the work screen; a click on the model asks for another, one on the bus why."""

    DEFAULT_CSS = """
    StatusLine { dock: bottom; height: 1; background: $panel; color: $foreground; }
    """

    class ModelsWanted(Message, namespace="status"):
        """The model's name was clicked."""

    class BusWanted(Message, namespace="status"):
        """The bus was clicked."""

    class TrainingWanted(Message, namespace="status"):
        """The training was clicked."""

    def __init__(self, status: Status) -> None:
        super().__init__(id="status")
        self.status = status
        self._palette: Palette | None = None
        self._places: Places = {}

    def change(self, **changes: object) -> None:
        """Change some of what the line says."""
        changed = msgspec.structs.replace(self.status, **changes)
        if changed != self.status:
            self.status = changed
            self.refresh()

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
        runs, self._places = line_of(self.status, width)
        return strip(Row(Line(runs)), width, self._palette)

    def on_click(self, event: events.Click) -> None:
        """The model's name opens the list of models; the bus says how it stands; a training is shown."""
        if event.x in self._places.get("model", ()):
            self.post_message(self.ModelsWanted())
        elif event.x in self._places.get("bus", ()):
            self.post_message(self.BusWanted())
        elif event.x in self._places.get("training", ()):
            self.post_message(self.TrainingWanted())


def line_of(status: Status, width: int) -> tuple[tuple[Run, ...], Places]:
    """The row's runs, and the columns of the model and the bus; what does not fit goes, the least first."""
    left = _model(status)
    right: list[tuple[str, list[Run]]] = [
        ("training", [("◌ ", "mark", None), (status.training, "dim", None)] if status.training else []),
        ("index", [(status.index, status.index_style, None)]),
        ("bus", _bus(status)),
        ("branch", _branch(status, max(12, width // 5))),
        ("help", [(status.help_key, "strong", None), (" help", "dim", None)]),
    ]
    parts: list[tuple[str, list[Run]]] = [("window", _window(status)), *right]
    parts = [(name, runs) for name, runs in parts if runs]
    shorter: list[Run] = [(status.index.partition(" (")[0], status.index_style, None)]
    for gone in ("help", "bus", "details", "index", "training", "window", "branch"):
        if _cells(left) + sum(_cells(runs) + 3 for _, runs in parts) + 2 <= width:
            break
        if gone == "details":
            parts = [(name, shorter if name == "index" else runs) for name, runs in parts]
        parts = [part for part in parts if part[0] != gone]
    places: Places = {"model": range(1 + _cells(left))}
    ends = [(name, runs) for name, runs in parts if name != "window"]
    window = [run for name, runs in parts if name == "window" for run in runs]
    start: list[Run] = [(" ", "", None), *left, *([("  ", "", None), *window] if window else [])]
    tail: list[Run] = []
    gap = max(1, width - _cells(start) - sum(_cells(runs) + 3 for _, runs in ends) + 2)
    for number, (name, runs) in enumerate(ends):
        tail += [(" │ ", "rule", None)] if number else []
        at = _cells(start) + gap + _cells(tail)
        places[name] = range(at, at + _cells(runs))
        tail += runs
    return (*start, (" " * gap, "", None), *tail), places


def _model(status: Status) -> list[Run]:
    if status.state is None:
        return [("◌", "dim", None), (" looking for a model", "dim", None)]
    mark, style = _STATES[status.state]
    if not status.model:
        return [(mark, style, None), (" no model", "dim", None)]
    name = shorten_middle(one_line(status.model), 32)
    note = "" if status.state == "ready" else f" {status.state}"
    return [(mark, style, None), (f" {name}", "title", None), (note, style, None)]


def _bus(status: Status) -> list[Run]:
    mark: list[Run] = [(f"{status.bus_mark} ", status.bus_style, None)] if status.bus_mark else []
    return [*mark, (status.bus, "dim", None)]


def _window(status: Status) -> list[Run]:
    if not status.window:
        return []
    share = status.used / status.window
    style = "bad-title" if share > 0.9 else "warn" if share > 0.7 else "dim"
    return [(f"{_short(status.used)}/{_short(status.window)} context", style, None)]


def _branch(status: Status, width: int) -> list[Run]:
    if not status.branch:
        return [("no git", "dim", None)]
    runs: list[Run] = [(f"⎇ {shorten_middle(one_line(status.branch), width)}", "title", None)]
    return [*runs, (f" ±{status.changes}", "warn", None)] if status.changes else runs


def _short(tokens: int) -> str:
    return str(tokens) if tokens < 1000 else f"{tokens / 1000:.1f}k".replace(".0k", "k")


def _cells(runs: list[Run]) -> int:
    return sum(cells(run[0]) for run in runs)
