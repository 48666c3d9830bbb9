"""Which plugins are installed, loading them, and what came of that.

Looking through the installed distributions and importing what they bring happens when something is asked
for, never at start. Each is tried once. One that cannot be imported, takes too long for it, was written for
another version of its port or has the name of something else is recorded as failed, and the rest works.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import sys
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache, partial
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from agent_core.errors import PluginFault
from agent_core.plugins.kinds import KINDS, RESERVED, VERSIONS, PluginKind, group
from agent_core.plugins.limits import Plain, awaited, reason, within
from agent_core.plugins.needs import check
from agent_core.text import one_line

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from agent_core.config import Settings

State = Literal["loaded", "failed", "off", "not loaded"]
IMPORT_S = 10.0
"""Seconds that importing a plugin may take."""
_log = logging.getLogger(__name__)


class WrongVersion(Plain):
    """A plugin was written for another version of its port."""


class PluginRow(msgspec.Struct, frozen=True, kw_only=True):
    """A plugin as it is listed: what it is, where it comes from, and what came of it.

    `entry` is what its entry point names, `file` where that lies, "" where it is not known. `error` says why
    it failed; `summary` what it does, once it is loaded; `note` whatever else there is to know.
    """

    kind: PluginKind
    name: str
    state: State
    distribution: str
    version: str
    entry: str
    file: str
    error: str = ""
    summary: str = ""
    note: str = ""


class Plugins:
    """The plugins of this environment, for one program or process.

    Args:
        off: Which are switched off: `KIND:NAME` or a distribution's name, as globs.
        import_s: Seconds that importing one may take.
    """

    def __init__(self, off: Iterable[str] = (), *, import_s: float = IMPORT_S) -> None:
        self._off = tuple(off)
        self._import_s = import_s
        self._points: dict[PluginKind, dict[str, EntryPoint]] = {}
        self._others: list[PluginRow] = []
        self._loaded: dict[tuple[PluginKind, str], Any] = {}
        self._failed: dict[tuple[PluginKind, str], str] = {}
        self._lock = RLock()

    def points(self, kind: PluginKind) -> dict[str, EntryPoint]:
        """The entry points of this kind by name, without those that are off or whose name is taken.

        Looks through the installed distributions the first time.
        """
        with self._lock:
            if kind not in self._points:
                self._points[kind] = self._found(kind)
            return self._points[kind]

    def load(self, kind: PluginKind, name: str) -> Any:
        """The plugin itself (of a skill its class), imported and made now if need be. Blocks.

        Raises:
            PluginFault: It cannot be used, now and from then on; or there is none.
        """
        if (known := self._known(kind, name)) is not None:
            return known
        make = partial(_made, kind, self.points(kind)[name])
        try:
            made = within(self._import_s, make, name=f"import {name}")
        except Exception as error:
            raise self.fail(kind, name, reason(error, self._import_s)) from error
        return self._keep(kind, name, made)

    async def aload(self, kind: PluginKind, name: str) -> Any:
        """The same without holding up the loop."""
        await asyncio.to_thread(self.points, kind)
        if (known := self._known(kind, name)) is not None:
            return known
        make = partial(_made, kind, self.points(kind)[name])
        try:
            made = await awaited(self._import_s, make, name=f"import {name}")
        except Exception as error:
            raise self.fail(kind, name, reason(error, self._import_s)) from error
        return self._keep(kind, name, made)

    def fail(self, kind: PluginKind, name: str, why: str) -> PluginFault:
        """Record that a plugin cannot be used; returns the error to raise."""
        why = one_line(why)
        _log.warning("plugin %s %s cannot be used: %s", kind, name, why)
        with self._lock:
            self._failed[kind, name] = why
            self._loaded.pop((kind, name), None)
        return self._fault(kind, name, why)

    def refuse(self, kind: PluginKind, name: str, why: str) -> None:
        """Record that a plugin is left out, which is in nobody's way any more: its name is taken, say."""
        with self._lock:
            point = self.points(kind).pop(name)
            self._others.append(row_of(kind, point, "failed", error=why))

    def why_not(self, kind: PluginKind, name: str) -> str:
        """Why a plugin failed; "" where it did not."""
        return self._failed.get((kind, name), "")

    def rows(self, kinds: Iterable[PluginKind] = KINDS) -> list[PluginRow]:
        """Every plugin as it stands now, by kind and name; loads nothing."""
        return [row for kind in kinds for row in sorted(self._rows(kind), key=lambda row: row.name)]

    def _rows(self, kind: PluginKind) -> list[PluginRow]:
        points = self.points(kind)
        rows = [self._row(kind, name, point) for name, point in points.items()]
        return [*rows, *(row for row in self._others if row.kind == kind)]

    def _row(self, kind: PluginKind, name: str, point: EntryPoint) -> PluginRow:
        if (kind, name) in self._failed:
            return row_of(kind, point, "failed", error=self._failed[kind, name])
        loaded = self._loaded.get((kind, name))
        if loaded is None:
            return row_of(kind, point, "not loaded")
        return row_of(kind, point, "loaded", summary=_summary(loaded))

    def _known(self, kind: PluginKind, name: str) -> Any:
        with self._lock:
            if why := self._failed.get((kind, name)):
                raise self._fault(kind, name, why)
            if name not in self.points(kind):
                raise PluginFault(
                    f"There is no plugin {one_line(name)} among the {kind.replace('_', ' ')}",
                    hint="`plugins` lists them.",
                )
            return self._loaded.get((kind, name))

    def _keep(self, kind: PluginKind, name: str, made: Any) -> Any:
        with self._lock:
            return self._loaded.setdefault((kind, name), made)

    def _fault(self, kind: PluginKind, name: str, why: str) -> PluginFault:
        return PluginFault(
            f"The plugin {one_line(name)} cannot be used: {why}",
            hint=f'Mend or uninstall it, or switch it off: plugins_off = ["{kind}:{one_line(name)}"].',
        )

    def _found(self, kind: PluginKind) -> dict[str, EntryPoint]:
        from importlib.metadata import entry_points

        found: dict[str, EntryPoint] = {}
        taken = RESERVED.get(kind, frozenset())
        for point in sorted(entry_points(group=group(kind)), key=_order):
            if self._is_off(kind, point):
                self._others.append(row_of(kind, point, "off"))
            elif point.name in found:
                other = _of(found[point.name]) or "another plugin"
                self._others.append(row_of(kind, point, "failed", error=f"{other} has this name"))
            elif point.name in taken:
                self._others.append(row_of(kind, point, "failed", error="what is built in has this name"))
            else:
                found[point.name] = point
        return found

    def _is_off(self, kind: PluginKind, point: EntryPoint) -> bool:
        names = (f"{kind}:{point.name}", _of(point))
        return any(fnmatchcase(name, pattern) for name in names for pattern in self._off)


def plugins_of(settings: Settings) -> Plugins:
    """The plugins that are used under these settings; the same ones for all of a process."""
    return _installed(settings.plugins_off, tuple(sys.path))


@lru_cache(maxsize=8)
def _installed(off: tuple[str, ...], _: tuple[str, ...]) -> Plugins:
    return Plugins(off)


def _made(kind: PluginKind, point: EntryPoint) -> Any:
    """Import it and make it."""
    loaded: Any = point.load()
    version, wanted = getattr(loaded, "port_version", 1), VERSIONS[kind]
    if version != wanted:
        raise WrongVersion(f"it was written for version {version} of its port, and here is version {wanted}")
    made = loaded() if inspect.isclass(loaded) and kind != "skills" else loaded
    check(kind, made)
    return made


def row_of(
    kind: PluginKind, point: EntryPoint, state: State, *, error: str = "", summary: str = ""
) -> PluginRow:
    """The row of one."""
    return PluginRow(
        kind=kind,
        name=one_line(point.name),
        state=state,
        distribution=one_line(_of(point)),
        version=one_line(point.dist.version) if point.dist else "",
        entry=one_line(point.value),
        file=one_line(_file(point)),
        error=one_line(error),
        summary=one_line(summary),
    )


def _order(point: EntryPoint) -> tuple[str, str]:
    return point.name, _of(point)


def _of(point: EntryPoint) -> str:
    """The name of its distribution."""
    return point.dist.name if point.dist is not None else ""


def _summary(loaded: Any) -> str:
    said = getattr(loaded, "summary", "") or (getattr(loaded, "__doc__", "") or "").strip().partition("\n")[0]
    return said if isinstance(said, str) else ""


def _file(point: EntryPoint) -> str:
    """Where its module lies, found without importing anything."""
    module = sys.modules.get(point.module)
    if file := getattr(module, "__file__", None):
        return str(file)
    if point.dist is None:
        return ""
    path = point.module.replace(".", "/")
    for name in (f"{path}/__init__.py", f"{path}.py"):
        place = Path(str(point.dist.locate_file(name)))
        if place.is_file():
            return str(place)
    return str(point.dist.locate_file(""))
