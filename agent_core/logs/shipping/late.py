"""Where in a text the lines begin that are not older than a time."""

from __future__ import annotations

from datetime import tzinfo
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent_core.logs.columns import Records


class LateLines:
    """Reads records until one is as late as wanted; from there on all lines are, whatever they say.

    A record without a time is as late as the one before it, and the first ones are.

    Args:
        since: The time, in seconds since the epoch.
        zone: Of times that name none.
    """

    def __init__(self, since: float, *, zone: tzinfo) -> None:
        from agent_core.logs.records import RecordReader

        self._reader = RecordReader("", zone=zone)
        self._since = int(since * 1000)
        self._found = self._dated = False
        self._dropped = 0
        """Lines that were told to be older."""
        self.unsure = 0
        """Lines that were read, and of which it is not known yet."""

    def before(self, lines: bytes) -> int:
        """How many of the lines so far, which are not told of yet, are older; takes whole lines."""
        if self._found:
            return 0
        self.unsure += lines.count(b"\n")
        return self._told(self._reader.feed(lines))

    def rest(self) -> int:
        """The same at the end."""
        if self._found:
            return 0
        older = self._told(self._reader.finish())
        self.unsure = 0
        return older

    def _told(self, records: Records | None) -> int:
        if records is None or not len(records):
            return 0
        from agent_core.logs.columns import NO_TIME

        known = 0
        for number in range(len(records)):
            time = int(records.time[number])
            self._dated = self._dated or time != NO_TIME
            if time >= self._since if time != NO_TIME else not self._dated:
                self._found = True
                older, self.unsure = int(records.first[number]) - 1 - self._dropped, 0
                return older
            known = int(records.first[number] + records.lines[number]) - 1
        older = known - self._dropped
        self._dropped, self.unsure = known, self.unsure - older
        return older
