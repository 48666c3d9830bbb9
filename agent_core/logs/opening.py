"""Opening the sources that were found, in the log process."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, tzinfo
from pathlib import Path

from agent_core.errors import LogFault
from agent_core.logs.columns import NO_TIME, Records
from agent_core.logs.discover import family_of
from agent_core.logs.records import RecordReader
from agent_core.logs.sources.files import FileSource
from agent_core.logs.sources.find import Finder, Found
from agent_core.logs.sources.given import InputSource
from agent_core.logs.sources.port import STDIN, Begin, LogSource
from agent_core.logs.zone import LocalZone
from agent_core.workspace import Workspace

_PIECE = 64 * 1024
"""Bytes of a log in which its first time is looked for."""


class Opener:
    """Finds and opens sources.

    Args:
        workspace: Whose.
        finder: Finds them.
        given: The descriptor of standard input; negative for none.
    """

    def __init__(self, *, workspace: Workspace, finder: Finder, given: int) -> None:
        self._workspace, self._finder, self._given = workspace, finder, given
        self._local = LocalZone()

    @property
    def root(self) -> Path:
        """The workspace's."""
        return self._workspace.root

    async def find(self, names: Iterable[str], *, beside: Iterable[str] = ()) -> tuple[Found, ...]:
        """See `Finder.find`."""
        return await self._finder.find(names, beside=beside)

    def open(self, found: Found, begin: Begin) -> LogSource:
        """Open one; raises `LogFault`."""
        if found.name == STDIN:
            return InputSource(self._given, begin)
        if found.family is not None:
            return FileSource(
                workspace=self._workspace, family=found.family, begin=begin, time_of=self._time_of
            )
        kind = self._finder.kind(found.name)
        if kind is None:
            raise LogFault(f"There is no log {found.name!r}")
        return kind.open(found.name, begin)

    @property
    def left_out(self) -> int:
        """Logs that are not read, since there are so many."""
        return self._finder.left_out

    async def began(self, name: str) -> float | None:
        """The first time in a log (seconds since the epoch); None where none is told, or it is no file."""
        family = family_of(self._workspace, name) if self._finder.kind(name) is None else None
        if family is None:
            return None
        source = FileSource(workspace=self._workspace, family=family, begin=Begin(), time_of=self._time_of)
        try:
            block = await source.read()
        finally:
            await source.aclose()
        return self._time_of(block.data[:_PIECE]) if block else None

    def zone(self, name: str) -> tzinfo:
        """The zone of times that name none: files are written here, what comes from elsewhere is in UTC."""
        return self._local if self._finder.kind(name) is None else UTC

    def _time_of(self, piece: bytes) -> float | None:
        reader = RecordReader("", zone=self._local)
        for records in (reader.feed(piece), reader.finish()):
            if records is not None and (time := _first_time(records)) is not None:
                return time
        return None


def _first_time(records: Records) -> float | None:
    dated = records.time[records.time != NO_TIME]
    return float(dated[0]) / 1000 if len(dated) else None
