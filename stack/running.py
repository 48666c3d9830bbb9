"""The stack of a workspace: where its files are, what can be done with it, and how it stands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from agent_core.errors import AgentError, StackFault, UsageError
from agent_core.text import one_line
from stack.beginning import begin
from stack.engine.cleaning import Cleaning
from stack.engine.compose import Compose, Told
from stack.engine.detect import detect, likely
from stack.engine.values import Container, LogLine, Program
from stack.known import Known, known

Verb = Literal["up", "down", "stop", "restart", "scale", "build", "pull", "clean"]
_FILES = ("docker-compose.yml", "docker-compose.override.yml", ".env")
_PREFERRED = ("compose.yaml", "compose.yml")
"""What compose looks for first; where one of them is, it does not read ours."""
_EVERY = ("*",)


@dataclass(frozen=True, slots=True)
class Operation:
    """Something that is done to the stack.

    Args:
        what: Its name.
        services: Which it is about; none for all.
        command: The command that `run` runs, as it would be typed in the stack's folder.
        loses: What is gone afterwards, in words; "" where nothing is.
        reaches: What services get of this machine beyond a container of their own, a line each.
        run: Does it and tells its steps. Raises `StackFault`; when it is cancelled, compose is ended and
            what it has made by then stays.
    """

    what: Verb
    services: tuple[str, ...]
    command: str
    run: Callable[[Told], Awaitable[None]]
    loses: str = ""
    reaches: tuple[str, ...] = ()


class Running:
    """The stack in a folder.

    Args:
        compose: The engine, and the folder.
        folder: Where the files are.
        root: The workspace, whose folders services may have; None for that folder alone.
        seen: Containers that were looked at just now.
    """

    def __init__(
        self, *, compose: Compose, folder: Path, root: Path | None = None, seen: Sequence[Container] = ()
    ) -> None:
        self.compose = compose
        self.folder = folder
        self._root = root
        self._inside = (folder,) if root is None else (root, folder)
        self._seen = tuple(seen)
        self._all = compose.with_profiles(_EVERY)
        self._known: tuple[tuple[tuple[int, int], ...], Known] | None = None

    async def known(self) -> Known:
        """What its files say; read again once they have changed. Raises `StackFault`."""
        stamp = await asyncio.to_thread(self._stamp)
        if self._known is None or self._known[0] != stamp:
            config, active = await asyncio.gather(self._all.config(), self.compose.services())
            self._known = stamp, await asyncio.to_thread(known, config, active, inside=self._inside)
        return self._known[1]

    def _stamp(self) -> tuple[tuple[int, int], ...]:
        found: list[tuple[int, int]] = []
        for name in _FILES:
            try:
                status = (self.folder / name).stat()
            except OSError:
                found.append((0, 0))
            else:
                found.append((status.st_mtime_ns, status.st_size))
        return tuple(found)

    # What can be done

    async def up(
        self, services: Sequence[str] = (), *, build: bool = False, profiles: Sequence[str] = ()
    ) -> Operation:
        """Start services, or all of the active profiles and of those named, and wait until they are well."""
        await self._check(services, profiles)
        compose = await self._awake(services, profiles)

        async def run(told: Told) -> None:
            if self._root is not None:
                await asyncio.to_thread(begin, self._root)
            await compose.up(services, build=build, told=told)

        return Operation(
            "up", tuple(services), compose.line(*compose.up_words(services, build=build)), run,
            reaches=(await self.known()).reaching(services, profiles),
        )  # fmt: skip

    async def down(self, *, volumes: bool = False) -> Operation:
        """Stop and remove everything, whatever its profile."""
        compose = self._all
        return Operation(
            "down", (), compose.line(*compose.down_words(volumes=volumes)),
            lambda told: compose.down(volumes=volumes, told=told),
            loses="the volumes with all their data" if volumes else "",
        )  # fmt: skip

    async def stop(self, services: Sequence[str] = ()) -> Operation:
        """Stop services, or all; their containers stay."""
        await self._check(services)
        return Operation(
            "stop", tuple(services), self._all.line(*self._all.words("stop", services)),
            lambda told: self._all.stop(services, told=told),
        )  # fmt: skip

    async def restart(self, services: Sequence[str] = ()) -> Operation:
        """Restart services, or all that have containers."""
        await self._check(services)
        return Operation(
            "restart", tuple(services), self._all.line(*self._all.words("restart", services)),
            lambda told: self._all.restart(services, told=told),
        )  # fmt: skip

    async def scale(self, replicas: Mapping[str, int]) -> Operation:
        """Bring services to so many containers."""
        await self._check(tuple(replicas))
        found = await self.known()
        for name, count in replicas.items():
            info = found.info(name)
            if count > 1 and info is not None and info.host_ports:
                raise UsageError(
                    f"There can be only one {one_line(name)}: it takes the port {info.host_ports[0]} of this"
                    " machine",
                    hint="Scale a service without ports.",
                )
            if info is not None and info.once:
                raise UsageError(
                    f"{one_line(name)} does one task and ends", hint="Scale one that goes on running."
                )
        compose = await self._awake(tuple(replicas))  # of all profiles, it would start what they need, too
        return Operation(
            "scale", tuple(replicas), compose.line(*compose.scale_words(replicas)),
            lambda told: compose.scale(replicas, told=told),
            reaches=found.reaching(tuple(replicas)),
        )  # fmt: skip

    async def build(self, services: Sequence[str] = ()) -> Operation:
        """Build our images."""
        await self._check(services)
        return Operation(
            "build", tuple(services), self.compose.line(*self.compose.words("build", services)),
            lambda told: self.compose.build(services, told=told),
            reaches=(await self.known()).reaching(services, building=True),
        )  # fmt: skip

    async def pull(self, services: Sequence[str] = ()) -> Operation:
        """Fetch the others' images."""
        await self._check(services)
        return Operation(
            "pull", tuple(services), self.compose.line(*self.compose.pull_words(services)),
            lambda told: self.compose.pull(services, told=told),
        )  # fmt: skip

    async def clean(self) -> Cleaning:
        """Free what nothing uses any more; volumes stay."""
        return Cleaning(self.compose.docker, (await self.known()).project)

    # What is told

    async def containers(self) -> tuple[Container, ...]:
        """Every container; at first those that were looked at while the stack was opened."""
        seen, self._seen = self._seen, ()
        return seen or await self.compose.ps()

    async def logs(
        self,
        services: Sequence[str] = (),
        *,
        tail: int | None = None,
        since: str = "",
        follow: bool = False,
    ) -> AsyncGenerator[LogLine]:
        """As `Compose.logs`, of services of any profile; raises `UsageError` for one that there is not."""
        await self._check(services)
        async with aclosing(self._all.logs(services, tail=tail, since=since, follow=follow)) as lines:
            async for line in lines:
                yield line

    async def config(self) -> dict[str, Any]:
        """The files as compose understands them, all profiles active."""
        return await self._all.config()

    async def _awake(self, services: Sequence[str], profiles: Sequence[str] = ()) -> Compose:
        """Compose with the profiles that these services and profiles need besides the active ones."""
        named = (await self.known()).profiles_for(services, profiles)
        return self.compose.with_profiles(named) if named else self.compose

    async def _check(self, services: Sequence[str], profiles: Sequence[str] = ()) -> None:
        found = await self.known()
        for kind, names, there in (
            ("service", services, found.names),
            ("profile", [each for each in profiles if each not in _EVERY], found.profiles),
        ):
            for name in names:
                if name not in there:
                    raise UsageError(
                        f"There is no {kind} {one_line(name)}",
                        hint=f"There are {', '.join(there) or 'none'}.",
                    )


async def open_stack(
    root: Path, *, stack_dir: str, env: Mapping[str, str] | None = None, look: bool = False
) -> Running:
    """The stack of a workspace.

    Args:
        root: The workspace.
        stack_dir: Where its files are, from the root on (the setting of that name).
        env: The environment; this process's by default.
        look: Whether to look at the containers while compose is asked for its version: what `containers`
            tells first is then there sooner.

    Raises:
        StackFault: There are no such files, or compose would take another.
        NoEngine: There is no compose, or only one that is too old. What the engine itself says is no error.
    """
    folder = root / stack_dir
    await asyncio.to_thread(_find, folder, stack_dir)
    guess = likely(env) if look else None
    looking = asyncio.create_task(_look(guess, folder, env)) if guess is not None else None
    try:
        program = await detect(env)
        seen = (
            await looking if looking is not None and guess is not None and guess.argv == program.argv else ()
        )
    finally:
        if looking is not None:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
    compose = Compose(program=program, folder=folder, env=env)
    return Running(compose=compose, folder=folder, root=root, seen=seen)


def _find(folder: Path, stack_dir: str) -> None:
    if not (folder / _FILES[0]).is_file():
        raise StackFault(f"There is no stack in {one_line(stack_dir)}", hint="`stack init` writes its files.")
    other = next((name for name in _PREFERRED if (folder / name).exists()), None)
    if other is not None:
        raise StackFault(
            f"Compose would take {other} instead of {_FILES[0]} in {one_line(stack_dir)}",
            hint=f"Move it away; what is yours goes into {_FILES[1]}.",
        )


async def _look(program: Program, folder: Path, env: Mapping[str, str] | None) -> tuple[Container, ...]:
    try:
        return await Compose(program=program, folder=folder, env=env).ps()
    except AgentError:
        return ()  # who asks next meets the same, and tells it
