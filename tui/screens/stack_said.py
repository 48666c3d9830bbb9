"""What the Stack screen tells beside its list: a service in full, all of them, why nothing is known."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from agent_core.errors import ErrorInfo
from agent_core.text import one_line
from stack.engine.values import Container, Published
from stack.known import Known
from stack.watch import Reading
from tui.screens.stack_rows import ICONS, Service, counted, shown_port
from tui.widgets.transcript.lines import BLANK, Line, Run, wrap

_LABEL = 12
_COMMAND = re.compile(r"`stack (\w+)[^`]*`")
_KEYS: Mapping[str, str] = {
    name: f"stack.{name}"
    for name in (
        "autoscale",
        "build",
        "clean",
        "down",
        "init",
        "logs",
        "restart",
        "scale",
        "stop",
        "topics",
        "up",
    )
}
"""Commands that are a key of the screen, too."""
_INDENT: tuple[Run, ...] = (("  ", "", None),)
Shown = Callable[[str], str]
"""How people write the key of an action."""


def keyed(hint: str, shown: Shown, style: str = "hint") -> list[Run]:
    """A hint, with the key beside each command that the screen has one for."""
    runs: list[Run] = []
    hint, at = one_line(hint), 0
    for match in _COMMAND.finditer(hint):
        if (action := _KEYS.get(match[1])) is not None:
            runs += [(f"{hint[at : match.end()]} or ", style, None), (shown(action), "mark", None)]
            at = match.end()
    return [*runs, (hint[at:], style, None)]


def next_step(hint: str, width: int, shown: Shown, style: str = "hint") -> list[Line]:
    """What to do next, behind its arrow."""
    return wrap(keyed(hint, shown, style), width, first=(("→ ", "mark", None),), rest=_INDENT)


def details(
    chosen: Service | None, services: Sequence[Service], reading: Reading, width: int,
    *, place: str, engine: str, shown: Shown, scaling: Sequence[str] = (),
) -> list[Line]:  # fmt: skip
    """The chosen service in full, or all of them; `scaling` is what the autoscaler says."""
    if chosen is not None:
        lines = service(chosen, width, shown)
    else:
        lines = everything(services, reading.known, width, place=place, engine=engine)
    for number, text in enumerate(scaling):
        lines += _told("" if number else "autoscaler", text, width)
    if scaling:
        said: list[Run] = [
            (f"{shown('stack.autoscale')} does it once, `stack autoscale` goes on with it", "hint", None)
        ]
        lines += wrap(said, width, first=((" " * _LABEL, "", None),), rest=((" " * _LABEL, "", None),))
    return lines


def service(found: Service, width: int, shown: Shown) -> list[Line]:
    """A service: what is wrong and what to do first, then its image, its ports and its containers."""
    state, info = found.state, found.info
    icon, style = ICONS[state.standing]
    standing = "off" if state.standing == "absent" else state.standing
    name = one_line(state.name)
    lines = wrap([(f"{icon} ", style, None), (name, "h3", None), (f"  {standing}", style, None)], width)
    if state.trouble:
        lines += wrap([(f"{one_line(state.trouble)}.", "bad", None)], width)
        lines += next_step(state.hint, width, shown)
    if info is not None:
        built = " (built here)" if info.built else ""
        lines += _told("image", one_line(info.image) + built if info.image else "built here", width)
        if info.profiles:
            active = "active" if info.active else "not active"
            lines += _told("profile", f"{', '.join(map(one_line, info.profiles))} ({active})", width)
        if info.once:
            lines += _told("kind", "does one task and ends; others wait for it", width)
    lines += _told("ports", _ports(found), width)
    lines += _told("containers", "" if state.containers else "none", width)
    for each in state.containers:
        lines += _container(each, width)
    return lines


def _ports(found: Service) -> str:
    if found.state.ports:
        return ", ".join(dict.fromkeys(map(_port, found.state.ports)))
    if found.info is not None and found.info.host_ports:
        return f"{', '.join(map(str, found.info.host_ports))} once it runs"
    return "none on this machine"


def _port(port: Published) -> str:
    return f"{shown_port(port)} to {port.container}/{one_line(port.protocol)}"


def _container(container: Container, width: int) -> list[Line]:
    well = container.works or (container.state == "exited" and container.exit == 0)
    starting = container.health == "starting" or container.state == "created"
    icon, style = ("◐", "warn") if starting else ("●", "ok") if well else ("✗", "bad")
    first: tuple[Run, ...] = ((f"  {icon} ", style, None),)
    rest: tuple[Run, ...] = (("    ", "", None),)
    status = one_line(container.status) or container.state
    name = one_line(container.name)
    return wrap([(name, "title", None), (f"  {status}", "dim", None)], width, first=first, rest=rest)


def everything(
    services: Sequence[Service], known: Known | None, width: int, *, place: str, engine: str
) -> list[Line]:
    """All services: what is wrong with any, then where they are described and what runs them."""
    lines: list[Line] = []
    for each in services:
        if each.state.trouble:
            icon, style = ICONS[each.state.standing]
            first: tuple[Run, ...] = ((f"{icon} ", style, None),)
            lines += wrap(
                [(f"{one_line(each.state.trouble)}.", style, None)],
                width,
                first=first,
                rest=(("  ", "", None),),
            )
    lines += _told("services", counted(services), width)
    lines += _told("folder", place, width)
    lines += _told("engine", engine or "answers", width)
    if known is not None and known.profiles:
        active = {profile for each in known.services if each.active for profile in each.profiles}
        shown = (f"{one_line(name)}{' (active)' if name in active else ''}" for name in known.profiles)
        lines += _told("profiles", ", ".join(shown), width)
    return lines


def fault(info: ErrorInfo, again: str, width: int, *, shown: Shown, bad: bool) -> list[Line]:
    """Why nothing is known of the stack, and what to do; `bad` where that is a failure."""
    style, mark = ("bad-title", "✗ ") if bad else ("h3", "")
    first, rest = ((text, style, None) for text in (mark, " " * len(mark)))
    lines = wrap([(f"{one_line(info.message)}.", style, None)], width, first=[first], rest=[rest])
    if info.hint:
        lines += [BLANK, *next_step(info.hint, width, shown, "title")]
    return [*lines, BLANK, *wrap([(again, "dim", None)], width)] if again else lines


def banner(info: ErrorInfo, width: int) -> list[Line]:
    """The same where the services show as they were last."""
    said = f"{one_line(info.message)}. {one_line(info.hint)} Shown is what was last known."
    return wrap([(said, "bad", None)], width, first=(("▲ ", "bad", None),), rest=(("  ", "", None),))


def _told(label: str, text: str, width: int) -> list[Line]:
    first: tuple[Run, ...] = ((f"{label:<{_LABEL}}", "dim", None),)
    rest: tuple[Run, ...] = ((" " * _LABEL, "", None),)
    return wrap([(text, "title", None)], width, first=first, rest=rest)
