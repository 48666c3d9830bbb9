"""Compose as a typed, asynchronous class: each method is one command, which can be told before it runs."""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, Literal

import msgspec

from agent_core.decoding import JsonDecoder
from agent_core.errors import StackFault
from agent_core.process import NotStarted, Process, stream_process
from stack.engine.asking import ASK_DOCTOR, Engine, answer, cannot_run
from stack.engine.detect import with_engine
from stack.engine.faults import fault_of
from stack.engine.reading import containers, happened, log_line, steps_of, uses
from stack.engine.values import Container, Happened, LogLine, Program, Step, Use

Told = Callable[[Step], None]
_config = JsonDecoder[dict[str, Any]](dict[str, Any])
_GRACE_S = 10.0
"""How long compose may take to end in good order when an operation is cancelled."""
_LONGEST_LINE = 64 * 1024
_NOTHING_REMOTE = {"COMPOSE_EXPERIMENTAL_GIT_REMOTE": "false", "COMPOSE_EXPERIMENTAL_OCI_REMOTE": "false"}
"""A compose file may include others from anywhere; reading one in a repository must not fetch them."""
_ANOTHER_STACK = frozenset({"COMPOSE_FILE", "COMPOSE_PROJECT_NAME", "COMPOSE_ENV_FILES"})
"""Variables that people set for a stack of their own: with them `down` would remove that one's containers."""


def _ignore(_: Step) -> None:
    return None


def _names(services: Sequence[str]) -> tuple[str, ...]:
    """The names as the last words of a command: compose lets a service be called `--push`."""
    return ("--", *services) if any(name.startswith("-") for name in services) else tuple(services)


class Compose:
    """The stack in one folder.

    Methods that take long tell their steps; cancelling one ends compose, and what it has made stays until
    `down`. All raise `StackFault` with what went wrong and the next step.

    Args:
        program: How compose is called.
        folder: Where `docker-compose.yml` and, if there is one, its override file lie.
        profiles: Which are active; none for those of `.env`, which compose forgets once one is named.
        env: The environment; this process's by default. What it says of files and project names does not
            count: the folder has them.
    """

    def __init__(
        self,
        *,
        program: Program,
        folder: Path,
        profiles: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
    ) -> None:
        self._program, self._folder = program, folder
        given = os.environ if env is None else env
        own = {name: value for name, value in given.items() if name not in _ANOTHER_STACK}
        self._env = {**own, **_NOTHING_REMOTE}
        self._options = tuple(word for profile in profiles for word in ("--profile", profile))

    def with_profiles(self, profiles: Sequence[str]) -> Compose:
        """The same stack with these profiles active instead of those of `.env`; `*` means all."""
        return Compose(program=self._program, folder=self._folder, profiles=profiles, env=self._env)

    async def engine(self) -> Program:
        """How it is called, with both versions; raises `NoEngine` when the engine does not answer."""
        return await with_engine(self._program, self._env)

    @property
    def docker(self) -> Engine:
        """The engine's own program, docker or podman, in the same folder and environment."""
        return Engine(self._program, self._folder, self._env)

    # Commands, as people would type them in the folder

    def line(self, *words: str) -> str:
        """The command line of a compose command, to be shown before it runs."""
        return shlex.join((*self._program.argv, *self._options, *words))

    @staticmethod
    def up_words(services: Sequence[str] = (), *, build: bool = False) -> tuple[str, ...]:
        """The words of `up`."""
        return ("up", "--detach", "--wait", *(("--build",) if build else ()), *_names(services))

    @staticmethod
    def down_words(*, volumes: bool = False) -> tuple[str, ...]:
        """The words of `down`; only `volumes` takes data away."""
        return ("down", "--remove-orphans", *(("--volumes",) if volumes else ()))

    @staticmethod
    def pull_words(services: Sequence[str] = ()) -> tuple[str, ...]:
        """The words of `pull`, which leaves out what is built here."""
        return ("pull", "--ignore-buildable", *_names(services))

    @staticmethod
    def scale_words(replicas: Mapping[str, int]) -> tuple[str, ...]:
        """The words that bring services to so many containers."""
        return ("scale", *_names([f"{service}={count}" for service, count in replicas.items()]))

    @staticmethod
    def words(what: Literal["stop", "restart", "build"], services: Sequence[str] = ()) -> tuple[str, ...]:
        """The words of a command that takes nothing but services."""
        return (what, *_names(services))

    async def up(self, services: Sequence[str] = (), *, build: bool = False, told: Told = _ignore) -> None:
        """Start services (all of the active profiles by default) and wait until they are healthy."""
        await self._run(self.up_words(services, build=build), told)

    async def down(self, *, volumes: bool = False, told: Told = _ignore) -> None:
        """Stop and remove all containers; volumes stay unless they are named."""
        await self._run(self.down_words(volumes=volumes), told)

    async def stop(self, services: Sequence[str] = (), *, told: Told = _ignore) -> None:
        """Stop services; their containers stay."""
        await self._run(self.words("stop", services), told)

    async def restart(self, services: Sequence[str] = (), *, told: Told = _ignore) -> None:
        """Restart services."""
        await self._run(self.words("restart", services), told)

    async def build(self, services: Sequence[str] = (), *, told: Told = _ignore) -> None:
        """Build our images."""
        await self._run(self.words("build", services), told)

    async def pull(self, services: Sequence[str] = (), *, told: Told = _ignore) -> None:
        """Fetch the others' images; ours cannot be fetched and are left out."""
        await self._run(self.pull_words(services), told)

    async def scale(self, replicas: Mapping[str, int], *, told: Told = _ignore) -> None:
        """Bring services to so many containers each."""
        await self._run(self.scale_words(replicas), told)

    # Questions

    async def check(self, files: Sequence[str] = ()) -> None:
        """Raise `StackFault` where the files (those that compose takes by default) are not what it
        understands."""
        named = [word for file in files for word in ("--file", file)]
        await self._ask((*named, "config", "--quiet"))

    async def config(self) -> dict[str, Any]:
        """The files as compose understands them, everything filled in."""
        said = await self._ask(("config", "--format", "json"))
        try:
            return _config.decode(said)
        except msgspec.DecodeError:
            command = self.line("config", "--format", "json")
            raise StackFault(f"`{command}` did not answer in JSON", hint=ASK_DOCTOR) from None

    async def services(self) -> tuple[str, ...]:
        """The services of the active profiles."""
        return tuple((await self._ask(("config", "--services"))).split())

    async def ps(self) -> tuple[Container, ...]:
        """Every container, those that ended too, by service and name."""
        found = containers(await self._ask(("ps", "--all", "--format", "json")))
        return tuple(sorted(found, key=lambda one: (one.service, one.name)))

    async def stats(self, names: Sequence[str]) -> tuple[Use, ...]:
        """What running containers use now; takes about two seconds, since the engine measures."""
        if not names:
            return ()
        return uses(await self.docker.ask("stats", "--no-stream", "--format", "json", *names))

    # What goes on

    async def events(self) -> AsyncGenerator[Happened]:
        """What happens to the containers from now on; ends when it is closed, or the engine ends."""
        async with aclosing(self._lines(("events", "--json"))) as lines:
            async for line in lines:
                if (event := happened(line)) is not None:
                    yield event

    async def logs(
        self,
        services: Sequence[str] = (),
        *,
        tail: int | None = None,
        since: str = "",
        follow: bool = False,
    ) -> AsyncGenerator[LogLine]:
        """What the containers wrote, the last `tail` lines of each (all by default), nothing before `since`
        (RFC 3339), then what they write."""
        words = ["logs", "--no-color", "--timestamps", *(("--follow",) if follow else ())]
        words += [] if tail is None else ["--tail", str(tail)]
        words += ["--since", since] if since else []
        async with aclosing(self._lines((*words, *_names(services)))) as lines:
            async for line in lines:
                yield log_line(line)

    # Running it

    def _argv(self, words: Sequence[str], *options: str) -> list[str]:
        return [*self._program.argv, *options, *self._options, *words]

    async def _run(self, words: Sequence[str], told: Told) -> None:
        """Run an operation to its end, telling its steps."""
        failure = ""
        said: list[str] = []
        try:
            async with stream_process(
                self._argv(words, "--progress", "json"), cwd=self._folder, env=self._env, errors="merged",
                grace=_GRACE_S,
            ) as process:  # fmt: skip
                async for line in _split(process):
                    steps = steps_of(line)
                    if isinstance(steps, str):
                        failure = steps
                        continue
                    for step in steps:
                        said = [*said[-20:], step.text]
                        told(step)
                code = await process.wait()
        except NotStarted as error:
            raise cannot_run(self._program.argv[0], error) from None
        if code != 0:
            raise fault_of(failure or "\n".join(said), self.line(*words))

    async def _lines(self, words: Sequence[str]) -> AsyncGenerator[str]:
        try:
            async with stream_process(
                self._argv(words), cwd=self._folder, env=self._env, grace=1.0
            ) as process:
                async for line in _split(process):
                    yield line
                if await process.wait() > 0:
                    raise fault_of(process.errors, self.line(*words))
        except NotStarted as error:
            raise cannot_run(self._program.argv[0], error) from None

    async def _ask(self, words: Sequence[str]) -> str:
        return await answer(self._argv(words), cwd=self._folder, env=self._env)


async def _split(process: Process) -> AsyncGenerator[str]:
    """The lines of a program's output; one that has no end is cut."""
    rest = b""
    async for chunk in process:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "replace").rstrip("\r")
        if len(rest) > _LONGEST_LINE:
            yield rest.decode("utf-8", "replace")
            rest = b""
        await asyncio.sleep(0)
    if rest:
        yield rest.decode("utf-8", "replace")
