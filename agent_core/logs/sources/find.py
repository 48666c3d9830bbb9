"""The sources of a workspace: which are known, which one a name means, and opening them."""

from __future__ import annotations

import asyncio
import importlib
import os
import re
import stat
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import cast

import msgspec

from agent_core.config import Settings
from agent_core.errors import LogFault, PathRefused
from agent_core.files import kind_of
from agent_core.logs.api import SourceFacts
from agent_core.logs.discover import LogFamily, families, family_of, globbed, in_families
from agent_core.logs.sources.port import STDIN, SourceKind
from agent_core.text import one_line, plural, shorten
from agent_core.workspace import Workspace

BUILT_IN: Mapping[str, str] = {
    "compose": "agent_core.logs.sources.compose:ComposeKind",
    "bus": "agent_core.logs.sources.bus:BusKind",
}
"""Kinds of sources by scheme, as `module:class`; the class is called with the workspace and the settings.

They are named, not given, because the log process imports them itself, once one is asked for.
"""
_BY_DEFAULT = Settings()
MOST_SOURCES = 50
"""Logs that are read at once without being named; the latest changed ones."""
_GLOB = frozenset("*?[")
_SCHEME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
"""What the name of a plugin may be."""


class Found(msgspec.Struct, frozen=True):
    """A source that a name stands for: a log with its files, or one of another kind. `named` says that the
    name means it alone: no glob, no folder, and not all that there are."""

    name: str
    family: LogFamily | None = None
    named: bool = False


class Finder:
    """Finds the sources of one workspace.

    Args:
        workspace: The workspace.
        configured: The setting `log_files`: globs, and names of other sources.
        kinds: By scheme, see `BUILT_IN`.
        has_input: Whether there is standard input that may be read.
        settings: What kinds are set up by.
    """

    def __init__(
        self,
        *,
        workspace: Workspace,
        configured: Iterable[str] = (),
        kinds: Mapping[str, str] = BUILT_IN,
        has_input: bool = False,
        settings: Settings = _BY_DEFAULT,
    ) -> None:
        self._workspace, self._kinds, self._has_input = workspace, kinds, has_input
        self._settings = settings
        self._configured = tuple(configured)
        self._made: dict[str, SourceKind] = {}
        self.left_out = 0
        """Logs beyond `MOST_SOURCES` when all were found last."""

    def kind(self, name: str) -> SourceKind | None:
        """The kind that a name such as `compose:api` belongs to; None for files and standard input."""
        scheme = self._scheme(name)
        if not scheme:
            return None
        if scheme not in self._made and scheme not in self._kinds:
            from agent_core.plugins.log_sources import PluginLogs

            self._made[scheme] = PluginLogs(scheme, self._workspace, self._settings)
        if scheme not in self._made:
            module, _, attribute = self._kinds[scheme].partition(":")
            self._made[scheme] = getattr(importlib.import_module(module), attribute)(
                self._workspace, self._settings
            )
        return self._made[scheme]

    @cached_property
    def _named(self) -> tuple[str, ...]:
        """What is configured and is no glob of files."""
        return tuple(name for name in self._configured if self._scheme(name))

    @cached_property
    def _globs(self) -> tuple[str, ...]:
        return tuple(name for name in self._configured if name not in self._named)

    async def known(self) -> tuple[SourceFacts, ...]:
        """Everything that could be read, logs first, the latest changed first; nothing is opened."""
        logs = await asyncio.to_thread(self._families)
        schemes = (*self._kinds, *await asyncio.to_thread(self._plugins))
        kinds = [cast("SourceKind", self.kind(scheme)) for scheme in schemes]
        others = [facts for kind in kinds for facts in await kind.known()]
        return (*map(_facts, logs), *others)

    async def find(self, names: Iterable[str] = (), *, beside: Iterable[str] = ()) -> tuple[Found, ...]:
        """The sources that the names and globs mean; without any, all logs and what is configured, and what
        is named `beside` them.

        Raises:
            LogFault: A name means none.
            PathRefused: It leads out of the workspace.
        """
        wanted = list(dict.fromkeys(names))
        if not wanted:
            logs = await asyncio.to_thread(self._families)
            self.left_out = max(0, len(logs) - MOST_SOURCES)
            others = dict.fromkeys((*self._named, *beside))
            return (*(Found(log.path, log) for log in logs[:MOST_SOURCES]), *map(Found, others))
        found = [one for name in wanted for one in await asyncio.to_thread(self._meant, name)]
        alone = (one for one in found if one.named)
        return tuple({one.name: one for one in (*found, *alone)}.values())

    def _meant(self, name: str) -> list[Found]:
        if name == STDIN:
            if not self._has_input:
                raise LogFault(
                    "There is no standard input to read",
                    hint='Pipe it into a run without a screen: `… | dspy-tui --batch -c "ctx --source -"`.',
                )
            return [Found(name, named=True)]
        if self._scheme(name):
            return [Found(name, named=True)]
        if _GLOB & set(name):
            logs = in_families(globbed(self._workspace, name))
            if logs:
                return [Found(log.path, log) for log in logs]
        return self._logs(name)

    def _logs(self, name: str) -> list[Found]:
        """The log of this path, those of a folder, or the only one that is called so wherever it lies."""
        path = self._workspace.relative(self._workspace.resolve(name))
        if (log := family_of(self._workspace, path)) is not None:
            return [Found(log.path, log, named=True)]
        known = families(self._workspace, globs=self._globs)
        if inside := [log for log in known if path == "." or log.path.startswith(f"{path}/")]:
            return [Found(log.path, log) for log in inside]
        alike = [log for log in known if log.path.rpartition("/")[2] == name]
        if len(alike) != 1:
            raise self._unknown(name)
        return [Found(alike[0].path, alike[0], named=True)]

    def _unknown(self, name: str) -> LogFault:
        known = [one_line(log.path) for log in families(self._workspace, globs=self._globs)]
        more = f" and {len(known) - 5} more" if len(known) > 5 else ""
        hint = f"Known: {', '.join(known[:5])}{more}." if known else "None are found by themselves here."
        shown = shorten(one_line(name), 100)
        return LogFault(self._why_not(name, shown) or f"There is no log {shown!r}", hint=hint)

    def _why_not(self, name: str, shown: str) -> str:
        """What lies under a name that is no log, or why that cannot be told; "" for nothing."""
        try:
            path = self._workspace.resolve(name)
            mode = path.stat().st_mode
            if stat.S_ISDIR(mode):
                os.scandir(path).close()  # one that cannot be looked into has perhaps some
        except (FileNotFoundError, NotADirectoryError, PathRefused, ValueError):
            return ""
        except OSError as error:
            return f"{shown} cannot be read: {error.strerror}"
        return (
            f"There are no logs in {shown}" if stat.S_ISDIR(mode) else f"{shown} is {kind_of(mode)}, no log"
        )

    def _families(self) -> list[LogFamily]:
        return families(self._workspace, globs=self._globs)

    def _scheme(self, name: str) -> str:
        scheme = name.partition(":")[0]
        if scheme in self._kinds or (_SCHEME.fullmatch(scheme) and scheme in self._plugins()):
            return scheme
        return ""

    def _plugins(self) -> tuple[str, ...]:
        """The schemes of plugins, see `plugins.log_sources`."""
        from agent_core.plugins.log_sources import schemes

        return schemes(self._settings)


def named_beside_files(settings: Settings) -> tuple[str, ...]:
    """What `log_files` names that are no globs of files. May look through what is installed."""
    names = [name for name in settings.log_files if not _GLOB & set(name)]
    if not names:
        return ()
    from agent_core.plugins.log_sources import schemes

    known = {*BUILT_IN, *schemes(settings)}
    return tuple(name for name in names if name.partition(":")[0] in known)


def _facts(log: LogFamily) -> SourceFacts:
    older = sum(file.path != log.path for file in log.files)
    return SourceFacts(
        name=one_line(log.path),
        bytes=log.size,
        ended=log.mtime_ns / 1e9,
        note=f"{plural(older, 'older file')}" if older else "",
    )
