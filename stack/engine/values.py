"""What the engine says, as plain values."""

from __future__ import annotations

from typing import Literal

import msgspec

State = Literal["created", "running", "paused", "restarting", "removing", "exited", "dead"]
Health = Literal["", "starting", "healthy", "unhealthy"]


class Program(msgspec.Struct, frozen=True):
    """How compose is called, and what it is: `argv` begins every command; versions are as they are told, the
    engine's "" where only compose was asked."""

    argv: tuple[str, ...]
    compose: str
    engine: str = ""


class Published(msgspec.Struct, frozen=True):
    """A port of a container on the host."""

    address: str
    host: int
    container: int
    protocol: str = "tcp"


class Container(msgspec.Struct, frozen=True, kw_only=True):
    """One container of the project.

    `exit` is its exit code where it ended. `status` is the engine's own sentence ("Up 2 minutes (healthy)").
    """

    id: str
    name: str
    service: str
    image: str
    state: State
    health: Health = ""
    exit: int = 0
    status: str = ""
    ports: tuple[Published, ...] = ()

    @property
    def works(self) -> bool:
        """Whether it runs, and nothing says that it is not well."""
        return self.state == "running" and self.health in ("", "healthy")


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """What a container uses now: `cpu` as a share of one processor, memory in bytes (`memory_limit` 0 for
    none), and processes."""

    name: str
    cpu: float
    memory: int
    memory_limit: int
    processes: int


class Step(msgspec.Struct, frozen=True):
    """A step of an operation: what it is about ("Container app-kafka-1"), and how far it is ("Healthy", or a
    line of a build). `done` of `total` bytes where a download tells them."""

    about: str
    text: str
    done: int = 0
    total: int = 0


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """Something happened to a container: such as start, die, health_status: healthy."""

    service: str
    name: str
    action: str
    attributes: dict[str, str] = {}


class LogLine(msgspec.Struct, frozen=True):
    """A line that a container wrote, and when, as RFC 3339 ("" where the engine does not say)."""

    container: str
    time: str
    text: str
