"""Compose without an engine: everything is real but the programs that would run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

from agent_core.errors import AgentError
from stack.engine.compose import Compose, Told
from stack.engine.values import Container, Happened, Program, Published, Step, Use
from stack.running import Running

PROGRAM = Program(("docker", "compose"), "2.40.3", "20.10.24")


class Script:
    """What the engine would say. `fault` is raised by every question, `failure` by operations once their
    steps are told; while there is a `hold`, they wait for it then."""

    def __init__(self, services: dict[str, dict[str, Any]], *, project: str = "sample") -> None:
        self.services, self.project = services, project
        self.containers: tuple[Container, ...] = ()
        self.uses: tuple[Use, ...] = ()
        self.fault: AgentError | None = None
        self.failure: AgentError | None = None
        self.steps: list[Step] = []
        self.hold: asyncio.Event | None = None
        self.lines: list[str] = []
        self.ran: list[tuple[str, ...]] = []
        self.asked_logs: list[tuple[str, ...]] = []
        self.more: asyncio.Queue[str] = asyncio.Queue()
        self.happened: asyncio.Queue[Happened] = asyncio.Queue()

    def happen(self) -> None:
        """The engine tells that something happened."""
        self.happened.put_nowait(Happened(service="a", name="a-1", action="start"))

    def stack(self, folder: Path) -> Running:
        """The stack in a folder."""
        return Running(compose=ScriptedCompose(self, folder), folder=folder)


class ScriptedCompose(Compose):
    """Asks the script."""

    def __init__(self, script: Script, folder: Path, profiles: Sequence[str] = ()) -> None:
        super().__init__(program=PROGRAM, folder=folder, profiles=profiles, env={})
        self._script, self._place, self._active = script, folder, tuple(profiles)

    def with_profiles(self, profiles: Sequence[str]) -> ScriptedCompose:
        return ScriptedCompose(self._script, self._place, profiles)

    def _check_fault(self) -> None:
        if self._script.fault is not None:
            raise self._script.fault

    async def engine(self) -> Program:
        self._check_fault()
        return PROGRAM

    async def config(self) -> dict[str, Any]:
        return {"name": self._script.project, "services": self._script.services}

    async def services(self) -> tuple[str, ...]:
        return tuple(name for name, one in self._script.services.items() if not one.get("profiles"))

    async def ps(self) -> tuple[Container, ...]:
        self._check_fault()
        return self._script.containers

    async def stats(self, names: Sequence[str]) -> tuple[Use, ...]:
        return tuple(use for use in self._script.uses if use.name in names)

    async def events(self) -> AsyncGenerator[Happened]:
        while True:
            yield await self._script.happened.get()

    async def _lines(self, words: Sequence[str]) -> AsyncGenerator[str]:
        self._check_fault()
        self._script.asked_logs.append(tuple(words))
        for line in self._script.lines:
            yield line
        while True:
            yield await self._script.more.get()

    async def _run(self, words: Sequence[str], told: Told) -> None:
        self._script.ran.append(tuple(words))
        for step in self._script.steps:
            told(step)
        if self._script.hold is not None:
            await self._script.hold.wait()
        if self._script.failure is not None:
            raise self._script.failure


def container(
    name: str, *, project: str = "sample", number: int = 1, health: str = "healthy", state: str = "running",
    code: int = 0, status: str = "", ports: tuple[int, ...] = (),
) -> Container:  # fmt: skip
    """A container of a service."""
    told = status or (f"Up 2 minutes ({health})" if health else "Up 2 minutes")
    return Container(
        id=f"{name}{number}", name=f"{project}-{name}-{number}", service=name, image="bb:1",
        state=state,  # pyright: ignore[reportArgumentType]
        health=health if state == "running" else "",  # pyright: ignore[reportArgumentType]
        exit=code, status=told if state == "running" else status or f"Exited ({code}) 3 seconds ago",
        ports=tuple(Published("127.0.0.1", port, port) for port in ports),
    )  # fmt: skip


def use(name: str, cpu: float, memory: int) -> Use:
    """What a container uses."""
    return Use(name=name, cpu=cpu, memory=memory, memory_limit=0, processes=1)
