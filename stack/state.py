"""How each service stands, from its containers: the word for it, what is wrong, and the next step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from stack.engine.values import Container, Published, Use

Standing = Literal["healthy", "running", "starting", "unhealthy", "failed", "stopped", "done", "absent"]
"""healthy: runs, and its check says so; running: runs, and has no check; starting: not settled yet;
unhealthy: its check fails; failed: ended with an error, or ends again and again; stopped: ended in good
order; done: did its one task; absent: has no container."""

_FROM_WORST: tuple[Standing, ...] = (
    "failed", "unhealthy", "starting", "stopped", "absent", "running", "healthy", "done",
)  # fmt: skip
_STOPPED = (0, 143)
"""Exit codes of what ended because it was told to: 143 is how Java ends on the engine's SIGTERM."""
_KILLED, _OUT_OF_MEMORY = 137, "137 (killed, perhaps for want of memory)"


class ServiceState(msgspec.Struct, frozen=True, kw_only=True):
    """One service.

    `running` of `containers` run. `cpu` is a share of one processor and `memory` bytes, of all its containers
    together; None until they were measured. `trouble` says what is wrong and `hint` what to do; both "" when
    nothing is.
    """

    name: str
    standing: Standing
    running: int = 0
    containers: tuple[Container, ...] = ()
    ports: tuple[Published, ...] = ()
    cpu: float | None = None
    memory: int | None = None
    trouble: str = ""
    hint: str = ""


def states_of(
    services: Sequence[str],
    containers: Iterable[Container],
    uses: Mapping[str, Use] | None = None,
    *,
    once: Sequence[str] = (),
) -> tuple[ServiceState, ...]:
    """The state of each service, in the order given; services that only have containers come last.

    Args:
        services: Those of the active profiles.
        containers: All that there are.
        uses: What each container uses, by name.
        once: Services that do one task and end.
    """
    by_service: dict[str, list[Container]] = {service: [] for service in services}
    for container in containers:
        by_service.setdefault(container.service, []).append(container)
    return tuple(_state(name, own, uses or {}, name in once) for name, own in by_service.items())


def _state(name: str, own: Sequence[Container], uses: Mapping[str, Use], once: bool) -> ServiceState:
    standings: list[Standing] = [_standing(container, once) for container in own]
    worst: Standing = "absent"
    if standings:
        worst = min(standings, key=_FROM_WORST.index)
    measured = [uses[container.name] for container in own if container.name in uses]
    at_fault = next((one for one, said in zip(own, standings, strict=True) if said == worst), None)
    trouble, hint = _advice(name, worst, at_fault)
    return ServiceState(
        name=name,
        standing=worst,
        running=sum(container.state == "running" for container in own),
        containers=tuple(own),
        ports=tuple(dict.fromkeys(port for container in own for port in container.ports)),
        cpu=sum(use.cpu for use in measured) if measured else None,
        memory=sum(use.memory for use in measured) if measured else None,
        trouble=trouble,
        hint=hint,
    )


def _standing(container: Container, once: bool) -> Standing:
    match container.state:
        case "running":
            if container.health == "":
                return "running"
            return container.health
        case "created" | "paused" | "removing":
            return "starting" if container.state == "created" else "stopped"
        case "restarting" | "dead":
            return "failed"
        case "exited":
            if once:
                return "done" if container.exit == 0 else "failed"
            return "stopped" if container.exit in _STOPPED else "failed"


def _advice(name: str, standing: Standing, container: Container | None) -> tuple[str, str]:
    if container is None or standing not in ("failed", "unhealthy"):
        return "", ""
    logs = f"`stack logs {name}` shows its last words"
    if standing == "unhealthy":
        return (
            f"{container.name} runs, but its health check fails",
            f"{logs}; `stack restart {name}` tries again.",
        )
    if container.state == "restarting":
        return f"{container.name} ends as soon as it is started (exit code {container.exit})", f"{logs}."
    code = _OUT_OF_MEMORY if container.exit == _KILLED else str(container.exit)
    more = "; its memory limit is in docker-compose.override.yml." if container.exit == _KILLED else "."
    return f"{container.name} ended with exit code {code}", f"{logs}{more}"
