"""The services of a stack as rows of a list: the first for all of them, then one each."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from agent_core.text import cells, human_size, one_line, plural, shorten
from stack.engine.values import Published
from stack.known import ServiceInfo
from stack.state import ServiceState, Standing
from stack.watch import Reading
from tui.widgets.rows import Item
from tui.widgets.transcript.lines import Line, Run

ALL = "*"
"""The key of the row for all services; no service can be called so."""
ICONS: Mapping[Standing, tuple[str, str]] = {
    "healthy": ("●", "ok"), "running": ("●", "ok"), "starting": ("◐", "warn"), "unhealthy": ("▲", "bad"),
    "failed": ("✗", "bad"), "stopped": ("■", "dim"), "done": ("✓", "ok"), "absent": ("○", "dim"),
}  # fmt: skip
_FROM_WORST: tuple[Standing, ...] = (
    "failed", "unhealthy", "starting", "healthy", "running", "done", "stopped", "absent",
)  # fmt: skip
_HOME = ("127.0.0.1", "::1")
_BARS = "▁▂▃▄▅▆▇█"
_BUSY = 0.1
"""The share of a processor from which on a history fills its height."""
HISTORY = 8
"""Measurements that a history shows."""
_MEASURED_S = 2.0
"""Measurements come no closer to each other than this: what changes sooner is something else."""
_STANDING, _RUNNING, _CPU, _MEMORY = 9, 7, 6, 7
_LEAST_NAME, _MOST_NAME = 10, 28
_WITH_HISTORY = 72
"""Columns from which on there is room for the history."""


class Service(NamedTuple):
    """A service of the stack: what its files say of it, how it stands, and what of a processor it used."""

    state: ServiceState
    info: ServiceInfo | None = None
    history: tuple[float, ...] = ()

    @property
    def off(self) -> bool:
        """Whether it belongs to a profile that is not active, and nothing of it is there."""
        return self.info is not None and not self.info.active and not self.state.containers

    @property
    def wanted(self) -> int:
        """How many containers there are to be: those that there are, else those that `up` makes."""
        return len(self.state.containers) or (1 if self.info is None else self.info.replicas)


class Histories:
    """What each service used of a processor the last few times that it was measured."""

    def __init__(self) -> None:
        self._of: dict[str, deque[float]] = {}
        self._measured = -_MEASURED_S

    def take(self, reading: Reading, now: float) -> list[Service]:
        """The services of a reading at a moment, in seconds, each with its history."""
        measured = now - self._measured >= _MEASURED_S
        measured = measured and any(one.cpu is not None for one in reading.services)
        self._measured = now if measured else self._measured
        for state in reading.services:
            history = self._of.setdefault(state.name, deque(maxlen=HISTORY))
            if state.cpu is None:
                history.clear()
            elif measured:
                history.append(state.cpu)
        known = reading.known
        return [
            Service(state, known.info(state.name) if known else None, tuple(self._of[state.name]))
            for state in reading.services
        ]


class Columns(NamedTuple):
    """How wide the columns are that are not the same everywhere."""

    name: int
    history: bool


def columns(services: Sequence[Service], width: int) -> Columns:
    """The columns of a list that is so wide."""
    history = width >= _WITH_HISTORY
    fixed = 2 + _STANDING + _RUNNING + _CPU + _MEMORY + 6 + (HISTORY + 1 if history else 0)
    longest = max((cells(one_line(each.state.name)) for each in services), default=0)
    room = max(_LEAST_NAME, min(_MOST_NAME, width - fixed - 6))
    return Columns(max(_LEAST_NAME, min(longest, room)), history)


def head(look: Columns) -> Line:
    """What the columns are."""
    parts = [" " * 2, _left("service", look.name), "  ", _left("state", _STANDING), " "]
    parts += [_left("running", _RUNNING), " ", _right("cpu", _CPU), " "]
    parts += [" " * (HISTORY + 1)] if look.history else []
    return Line((("".join([*parts, _right("memory", _MEMORY), "  ports"]), "dim", None),))


def items(services: Sequence[Service], look: Columns) -> list[Item]:
    """All rows; where it is off, what a service belongs to stands in place of its ports."""
    return [_all(services, look), *(_one(each, look) for each in services)]


def _one(service: Service, look: Columns) -> Item:
    state = service.state
    icon, style = ICONS[state.standing]
    plain = "dim" if service.off else "title"
    grave = style if state.standing in ("failed", "unhealthy", "starting") else plain
    runs: list[Run] = [
        (f"{icon} ", "dim" if service.off else style, None),
        (_left(one_line(state.name), look.name), plain, None),
        ("  " + _left("off" if state.standing == "absent" else state.standing, _STANDING), grave, None),
        (" " + _left(_running(service), _RUNNING) + " ", _short(service), None),
    ]
    if service.off and service.info is not None:
        return Item(
            f"only with {', '.join(map(one_line, service.info.profiles))}", "dim", tuple(runs), key=state.name
        )
    runs += [
        (_right(share(state.cpu), _CPU) + " ", plain, None),
    ]
    if look.history:
        runs.append((_left(drawn(service.history), HISTORY) + " ", "dim", None))
    runs.append((_right(human_size(state.memory) if state.memory else "", _MEMORY) + "  ", plain, None))
    ports = ", ".join(dict.fromkeys(map(shown_port, state.ports)))
    return Item(ports, "dim", tuple(runs), key=state.name)


def _running(service: Service) -> str:
    return "" if service.state.standing == "done" else f"{service.state.running}/{service.wanted}"


def _short(service: Service) -> str:
    state = service.state
    if not state.running or state.running == service.wanted:
        return "title" if state.running else "dim"
    return "warn"


def shown_port(port: Published) -> str:
    """A port of this machine; with its address where others reach it too."""
    return str(port.host) if port.address in _HOME else f"{one_line(port.address) or '*'}:{port.host}"


def _all(services: Sequence[Service], look: Columns) -> Item:
    there = [each for each in services if not each.off]
    cpu = [each.state.cpu for each in services if each.state.cpu is not None]
    memory = sum(each.state.memory or 0 for each in services)
    running = sum(each.state.running for each in services)
    wanted = sum(each.wanted for each in there if each.info is None or not each.info.once)
    standings: list[Standing] = [each.state.standing for each in there]
    worst: Standing = min(standings, key=_FROM_WORST.index) if standings else "absent"
    icon, style = ICONS[worst if running or worst in ("failed", "unhealthy", "starting") else "absent"]
    gap = " " * (_STANDING + 3)
    runs: list[Run] = [
        (f"{icon} ", style, None),
        (_left("All services", look.name + len(gap)), "h3", None),
        (_left(f"{running}/{wanted}", _RUNNING), "title", None),
        (" " + _right(share(sum(cpu)) if cpu else "", _CPU) + " ", "title", None),
    ]
    runs += [(" " * (HISTORY + 1), "", None)] if look.history else []
    runs.append((_right(human_size(memory) if memory else "", _MEMORY) + "  ", "title", None))
    return Item("", "dim", tuple(runs), key=ALL)


def counted(services: Sequence[Service]) -> str:
    """How many services stand how, the worst first."""
    states = [each.state.standing for each in services]
    told = [f"{states.count(one)} {one}" for one in _FROM_WORST if one != "absent" and one in states]
    off = states.count("absent")
    return " · ".join([*told, *([f"{off} off"] if off else [])]) or plural(len(states), "service")


def share(cpu: float | None) -> str:
    """A share of one processor."""
    if cpu is None:
        return ""
    return f"{cpu:.1%}" if cpu < 0.0995 else f"{cpu:.0%}"


def drawn(history: Sequence[float]) -> str:
    """What was used from time to time, as bars; the highest fills the height if it is much."""
    top = max((*history, _BUSY))
    return "".join(_BARS[min(len(_BARS) - 1, int(value / top * len(_BARS)))] for value in history[-HISTORY:])


def _left(text: str, width: int) -> str:
    text = shorten(text, width)
    return text + " " * (width - cells(text))


def _right(text: str, width: int) -> str:
    text = shorten(text, width)
    return " " * (width - cells(text)) + text
