"""What the checks of a stack look at, found out once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from stack.engine.asking import Engine
from stack.engine.values import Container
from stack.known import Known, ServiceInfo


@dataclass(frozen=True, slots=True)
class Seen:
    """One stack.

    Args:
        known: Its services.
        config: Its files as compose understands them.
        containers: Those that there are; none where the engine does not answer.
        docker: The engine.
        answers: Whether that answers.
    """

    known: Known
    config: Mapping[str, Any]
    containers: tuple[Container, ...]
    docker: Engine
    answers: bool

    @property
    def active(self) -> tuple[ServiceInfo, ...]:
        """The services that a plain `up` starts."""
        return tuple(info for info in self.known.services if info.active)

    def of_file(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """The active services as the file has them."""
        services = cast("Mapping[str, Mapping[str, Any]]", self.config.get("services") or {})
        return ((info.name, services[info.name]) for info in self.active if info.name in services)
