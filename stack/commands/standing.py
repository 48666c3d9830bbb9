"""How the services stand, as a table and as plain values."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from agent_core.text import cells, human_size, one_line, plural, shorten
from stack.engine.values import Container, Published, Use
from stack.known import Known
from stack.running import Running
from stack.state import ServiceState, states_of

_HEAD = ("service", "state", "containers", "cpu", "memory", "ports")
_WIDEST = 48


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The stack at one moment: services of the active profiles, and others that have containers."""

    known: Known
    services: tuple[ServiceState, ...]

    @property
    def there(self) -> tuple[Container, ...]:
        """All containers."""
        return tuple(container for service in self.services for container in service.containers)

    @property
    def troubled(self) -> tuple[ServiceState, ...]:
        """The services that something is wrong with."""
        return tuple(service for service in self.services if service.trouble)


async def look(stack: Running, *, measured: bool = False, named: Sequence[str] = ()) -> Standing:
    """How the stack stands now, `named` services of other profiles included; raises `StackFault`.

    What the containers use (`measured`) takes two seconds.
    """
    known, containers = await asyncio.gather(stack.known(), stack.compose.ps())
    uses: Sequence[Use] = ()
    if measured:
        uses = await stack.compose.stats([each.name for each in containers if each.state == "running"])
    active = [info.name for info in known.services if info.active or info.name in named]
    once = [info.name for info in known.services if info.once]
    states = states_of(active, containers, {use.name: use for use in uses}, once=once)
    return Standing(known=known, services=states)


def summary(standing: Standing) -> str:
    """One line: how many services are up, and what is wrong with how many."""
    up = [each for each in standing.services if each.standing in ("healthy", "running", "done")]
    said = f"{len(up)} of {plural(len(standing.services), 'service')} up"
    if standing.troubled:
        said += f", trouble with {', '.join(one_line(each.name) for each in standing.troubled)}"
    return said


def data(standing: Standing) -> dict[str, Any]:
    """The same for programs."""
    return {
        "project": standing.known.project,
        "services": [msgspec.to_builtins(service) for service in standing.services],
    }


def table(standing: Standing) -> list[str]:
    """A line for each service, below it what is wrong and the next step."""
    rows = [_HEAD, *(_row(service) for service in standing.services)]
    used = [column for column in range(len(_HEAD)) if any(row[column] for row in rows[1:])]
    widths = {column: max(cells(row[column]) for row in rows) for column in used}
    lines: list[str] = []
    for number, row in enumerate(rows):
        padded = [row[column] + " " * (widths[column] - cells(row[column])) for column in used]
        lines.append("  ".join(padded).rstrip())
        if number and (service := standing.services[number - 1]).trouble:
            lines.append(f"  ! {one_line(service.trouble)}")
            lines.append(f"    {one_line(service.hint)}")
    return lines if standing.services else ["There are no services."]


def _row(service: ServiceState) -> tuple[str, ...]:
    count = 0 if service.standing == "done" else len(service.containers)
    return (
        shorten(one_line(service.name), _WIDEST),
        service.standing,
        "" if not count else str(count) if service.running == count else f"{service.running}/{count}",
        "" if service.cpu is None else f"{service.cpu:.0%}",
        "" if service.memory is None else human_size(service.memory),
        " ".join(_port(port) for port in service.ports),
    )


def _port(port: Published) -> str:
    address = f"[{port.address}]" if ":" in port.address else port.address
    return one_line(f"{address}:{port.host}->{port.container}" + ("" if port.protocol == "tcp" else "/udp"))
