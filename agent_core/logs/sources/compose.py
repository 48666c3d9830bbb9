"""The logs of the containers of a workspace's compose file, through `docker compose logs`."""

from __future__ import annotations

import asyncio
import os
import re
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path

from agent_core.config import Settings
from agent_core.errors import LogFault
from agent_core.logs.api import SourceFacts
from agent_core.logs.sources.port import Begin, Block
from agent_core.logs.traces import joins
from agent_core.process import NotStarted, Process, stream_process
from agent_core.text import one_line, shorten
from agent_core.workspace import Workspace

SCHEME = "compose"
_FILES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
_LOOKED_AT = 2000
_AGAIN_S, _MOMENT_S = 2.0, 0.05
_GRACE_S = 1.0
_SILENT_S = 30.0
"""Seconds without a word after which what was said before is not waited for any longer."""
_LINE = re.compile(
    rb"^(?P<name>[\w.-]+?)(?:[-_](?P<number>\d+))? *\| (?:(?P<time>\d{4}-\d\d-\d\dT[\d:.]+Z)(?: |$))?"
)
_OWN_HEAD = re.compile(
    rb"\{|[\[(]?\d{4}[-/]\d\d[-/]\d\d[T ]|[\[(]?\d\d/\w{3}/\d{4}"
    rb"|\w{3} [ \d]\d \d\d:\d\d|[IWEF]\d{4} |ts=|time="
)
_NEAR = 40
"""Lines of a stack trace that are kept to tell what goes on with it."""


class ComposeKind:
    """The sources `compose` (all services) and `compose:SERVICE` of a workspace.

    Args:
        workspace: The workspace.
        settings: A compose file is looked for at the root, then in its `stack_dir`.
    """

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace = workspace
        self._folders = tuple(dict.fromkeys(("", settings.stack_dir)))

    def file(self) -> str:
        """The compose file, as a path from the root; "" for none."""
        names = (f"{folder}/{name}".lstrip("/") for folder in self._folders for name in _FILES)
        return next((name for name in names if (self._workspace.root / name).is_file()), "")

    async def known(self) -> tuple[SourceFacts, ...]:
        """All services as one, where there is a compose file."""
        file = await asyncio.to_thread(self.file)
        return (SourceFacts(name=SCHEME, note=f"the containers of {file}"),) if file else ()

    def open(self, name: str, begin: Begin) -> ComposeSource:
        """Open it; raises `LogFault` where there is no compose file."""
        file = self.file()
        if not file:
            where = " or ".join(folder or "the root" for folder in self._folders)
            raise LogFault(f"There is no compose file in {where}", hint=f"Looked for: {', '.join(_FILES)}.")
        path = self._workspace.resolve(file)
        return ComposeSource(name=name, file=path, begin=begin)


class ComposeSource:
    """Reads what the containers have said; `more` goes on from there, also when they are started again.

    Each container is a part of its own, so that lines that they write at once do not mix. The time that the
    engine noted is put before lines that have none of their own.
    """

    def __init__(self, *, name: str, file: Path, begin: Begin) -> None:
        self.name, self._file, self._begin = name, file, begin
        self._service = name.partition(":")[2]
        self._asked: datetime | None = None
        """When the engine was asked last: what was said before is read."""
        self._parts: dict[bytes, _Part] = {}
        self._read_to = {place.key: place.time.encode() for place in begin.places if place.time}
        """By label, the time of what was read before."""
        self._ready: list[Block] = []
        self._rest = b""
        self._running: Process | None = None
        self._started = self._following = False
        self._stack = AsyncExitStack()
        self.note = ""
        self.unreadable = self.no_log = False
        self.size = self.done = 0

    def name_of(self, part: str) -> str:
        """A container, as `compose:SERVICE`, with `#2` for the second of a service."""
        return part

    async def read(self) -> Block | None:
        """The next block; None when nothing more is said for now. Raises `LogFault`."""
        if not self._started:
            self._started = True
            await self._run(*self._first_options())
        while not self._ready:
            if self._running is None or self._following:
                return None
            chunk = await self._next(self._running)
            if chunk is None:
                await self._ended()
            else:
                self._take(chunk)
        return self._ready.pop(0)

    async def _next(self, running: Process) -> bytes | None:
        """What is said next; an engine that hangs is not waited for."""
        try:
            return await asyncio.wait_for(running.read(), _SILENT_S)
        except TimeoutError:
            await self.aclose()
            hint = "Does the engine hang? `dspy-tui doctor` checks Docker."
            raise LogFault(f"`docker compose logs` said nothing for {_SILENT_S:.0f} s", hint=hint) from None

    async def look(self) -> bool:
        """Ask what was said since; while it is followed, take what has arrived."""
        if self._following:
            if self._running is not None and not self._ready:
                with suppress(TimeoutError):
                    self._take(await asyncio.wait_for(self._running.read(), _MOMENT_S) or b"")
            return bool(self._ready)
        if self._asked is None or (datetime.now(UTC) - self._asked).total_seconds() < _AGAIN_S:
            return False
        await self._run(*_since(self._asked))
        return True

    async def more(self) -> bool:
        """Wait until somebody says something."""
        while not self._ready:
            if self._running is None:
                self._following = True
                await self._run("--follow", *_since(self._asked))
            elif (chunk := await self._running.read()) is None:
                await self._ended()
                await asyncio.sleep(_AGAIN_S)  # nothing runs; something may be started later
            else:
                self._take(chunk)
        return True

    async def aclose(self) -> None:
        """End what runs."""
        await self._stack.aclose()
        self._running = None

    # Inside

    def _first_options(self) -> tuple[str, ...]:
        if self._begin.most == 0:
            return ("--tail", "0")
        if self._read_to:
            return ("--since", min(self._read_to.values()).decode())
        since = self._begin.since
        return _since(None if since is None else datetime.fromtimestamp(since, UTC))

    async def _run(self, *options: str) -> None:
        self._asked = datetime.now(UTC)
        for part in self._parts.values():
            part.read_to = part.last
        # What the file includes is not fetched from elsewhere.
        remote = {"COMPOSE_EXPERIMENTAL_GIT_REMOTE": "false", "COMPOSE_EXPERIMENTAL_OCI_REMOTE": "false"}
        command = ["docker", "compose", "-f", str(self._file), "logs", "--no-color", "--timestamps", *options]
        running = stream_process(
            [*command, *(("--", self._service) if self._service else ())],  # its name is no option
            cwd=self._file.parent, env={**os.environ, **remote}, grace=_GRACE_S,
        )  # fmt: skip
        try:
            self._running = await self._stack.enter_async_context(running)
        except NotStarted as error:
            raise LogFault(
                f"docker cannot be run ({error.strerror})", hint="`dspy-tui doctor` checks Docker."
            ) from None

    async def _ended(self) -> None:
        assert self._running is not None
        code, said = await self._running.wait(), self._running.errors
        self._running = None
        if self._rest:
            self._take(b"\n")
        await self._stack.aclose()
        if code:
            reason = _reason(said) or f"exit code {code}"
            if not self._parts:
                hint = "Are the containers there? `dspy-tui doctor` checks Docker."
                raise LogFault(f"`docker compose logs` failed: {reason}", hint=hint)
            self.note = f"`docker compose logs` ended: {reason}"
        else:
            since = "" if self._begin.since is None else " since then"
            self.note = "" if self._parts else f"no container has said anything{since}"

    def _take(self, chunk: bytes) -> None:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        said: dict[bytes, list[bytes]] = {}
        for line in lines:
            head = _LINE.match(line)
            if head is None:
                continue
            name = head["name"] + (b"#" + head["number"] if head["number"] not in (None, b"1") else b"")
            part = self._parts.get(name)
            if part is None:
                part = self._parts[name] = _Part(self._read_to.get(_label(name), b""))
            if (text := part.line(head["time"] or b"", line[head.end() :])) is not None:
                said.setdefault(name, []).append(text)
        for name, texts in said.items():
            part = self._parts[name]
            begins, part.begun = not part.begun, True
            data = b"\n".join(texts) + b"\n"
            time = part.last.decode("ascii", "replace")
            self._ready.append(Block(data=data, part=_label(name), begins=begins, time=time))
            self.done += len(data)


class _Part:
    """One container: how far it is read, and the lines that what it says now may go on with."""

    def __init__(self, read_to: bytes) -> None:
        self.last = self.read_to = read_to
        self.begun = False
        self._event: list[str] = []

    def line(self, time: bytes, text: bytes) -> bytes | None:
        """The line as a reader of records wants it; None for one that was read before.

        The engine's time stands before lines that begin something and tell no time themselves.
        """
        if time and time <= self.read_to:
            return None
        self.last = max(self.last, time)
        text = text.removesuffix(b"\r")
        shown = text[:_LOOKED_AT].decode("utf-8", "replace")
        goes_on = not shown.strip() or joins(self._event, shown)
        self._event = [*self._event[-_NEAR:], shown] if goes_on else [shown]
        return text if goes_on or not time or _OWN_HEAD.match(text) else time + b" " + text


def _label(name: bytes) -> str:
    return f"{SCHEME}:{name.decode('utf-8', 'replace')}"


def _reason(said: str) -> str:
    if "unknown shorthand flag: 'f'" in said or "'compose' is not a docker command" in said:
        return "docker has no `compose` here"  # what it says then is how it is used
    return shorten(one_line(said.strip().rpartition("\n")[2]), 200)


def _since(moment: datetime | None) -> tuple[str, ...]:
    return ("--since", moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")) if moment else ()
