"""Logs that plugins bring, as sources of the log process: read in calls of limited time, and asked again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import msgspec

from agent_core.config import Settings
from agent_core.errors import LogFault, PluginFault
from agent_core.logs.api import SourceFacts
from agent_core.logs.sources.port import BLOCK, Begin, Block
from agent_core.plugins.installed import Plugins, plugins_of
from agent_core.plugins.limits import awaited, reason
from agent_core.plugins.log_port import LogPart
from agent_core.text import one_line
from agent_core.workspace import Workspace

KIND = "log_sources"
_CALL_S = 15.0
_AGAIN_S = 2.0
_MOST = 100
_LONGEST = 1 << 20
T = TypeVar("T")


def schemes(settings: Settings) -> tuple[str, ...]:
    """What the names of plugins' logs begin with. Looks through what is installed, the first time."""
    return tuple(plugins_of(settings).points(KIND))


class PluginLogs:
    """Implements `SourceKind`: the sources `NAME` (its only log, or all) and `NAME:LOG` of one plugin."""

    def __init__(self, scheme: str, workspace: Workspace, settings: Settings) -> None:
        self._scheme, self._workspace = scheme, workspace
        self._plugins = plugins_of(settings)

    async def known(self) -> tuple[SourceFacts, ...]:
        """What the plugin has; one that cannot be used is one with a note."""
        try:
            found = await names_of(self._plugins, self._scheme, self._workspace)
        except LogFault as error:
            return (SourceFacts(name=self._scheme, note=error.message),)
        note = f"by the plugin {self._scheme}"
        return tuple(SourceFacts(name=f"{self._scheme}:{name}", note=note) for name in found)

    def open(self, name: str, begin: Begin) -> PluginSource:
        """Open it; that there is no such log is told by its first block."""
        return PluginSource(name, self._plugins, self._workspace, begin)


class PluginSource:
    """Reads the logs of a plugin, one after the other, each as a part of its own."""

    def __init__(self, name: str, plugins: Plugins, workspace: Workspace, begin: Begin) -> None:
        self.name = name
        self._scheme, _, self._log = name.partition(":")
        self._plugins, self._workspace = plugins, workspace
        self._since = time.time() if begin.most == 0 else begin.since
        self._cursors = {place.key: place.time for place in begin.places if place.time}
        self._begun: set[str] = set()
        self._waiting: list[str] | None = None
        self._asked = 0.0
        self.size = self.done = 0
        self.note = ""
        self.unreadable = self.no_log = False

    def name_of(self, part: str) -> str:
        """A log, as `NAME:LOG`."""
        return part

    async def read(self) -> Block | None:
        """The next block; None when there is no more for now. Raises `LogFault`."""
        if self._waiting is None:
            self._asked = time.monotonic()
            names = (
                (self._log,) if self._log else await names_of(self._plugins, self._scheme, self._workspace)
            )
            self._waiting = [f"{self._scheme}:{name}" for name in names]
        while self._waiting:
            part = self._waiting[0]
            found = await self._part(part)
            if data := _data(found):
                begins = part not in self._begun
                self._begun.add(part)
                self._cursors[part] = found.cursor
                self.done += len(data)
                return Block(data=data, part=part, begins=begins, time=found.cursor)
            self._waiting.pop(0)
        return None

    async def look(self) -> bool:
        """Ask again, unless it was asked a moment ago."""
        if self._waiting or time.monotonic() - self._asked < _AGAIN_S:
            return bool(self._waiting)
        self._waiting = None
        return True

    async def more(self) -> bool:
        """Wait for a moment, then ask again."""
        await asyncio.sleep(_AGAIN_S)
        self._waiting = None
        return True

    async def aclose(self) -> None:
        """Nothing is held open here."""

    async def _part(self, part: str) -> LogPart:
        made: Any = await _loaded(self._plugins, self._scheme)
        call = partial(
            made.read,
            self._workspace,
            part.partition(":")[2],
            cursor=self._cursors.get(part, ""),
            since=self._since,
        )
        found = await _asked(call, self._scheme)
        try:
            return msgspec.convert(msgspec.to_builtins(found), LogPart)
        except (TypeError, ValueError) as error:
            raise LogFault(
                f"The plugin {self._scheme} gave no part of a log: {one_line(str(error))}"
            ) from None


async def names_of(plugins: Plugins, scheme: str, workspace: Workspace) -> tuple[str, ...]:
    """The logs that a plugin has; raises `LogFault`."""
    made: Any = await _loaded(plugins, scheme)
    found: Any = await _asked(lambda: [str(name) for name in made.names(workspace)][:_MOST], scheme)
    return tuple(name for name in found if name and name.isprintable())


async def _loaded(plugins: Plugins, scheme: str) -> Any:
    try:
        return await plugins.aload(KIND, scheme)
    except PluginFault as error:
        raise LogFault(error.message, hint=error.hint) from None


async def _asked(call: Callable[[], T], scheme: str) -> T:
    """What a call of a plugin gives; raises `LogFault`."""
    try:
        return await awaited(_CALL_S, call, name=f"logs of {scheme}")
    except LogFault:
        raise
    except Exception as error:
        raise LogFault(f"The plugin {scheme} could not be read: {reason(error, _CALL_S)}") from error


def _data(part: LogPart) -> bytes:
    """The lines of a block; what is too long for one is cut."""
    kept: list[bytes] = []
    size = 0
    for line in part.lines:
        data = line.replace("\n", " ").encode("utf-8", "replace")[: _LONGEST - 1] + b"\n"
        size += len(data)
        if kept and size > 4 * BLOCK:
            break
        kept.append(data)
    return b"".join(kept)
