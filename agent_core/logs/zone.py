"""The zone of this machine, for times that name none."""

from __future__ import annotations

import time
from calendar import timegm
from datetime import datetime, timedelta, tzinfo


class LocalZone(tzinfo):
    """The zone of this machine, summer time and all."""

    def utcoffset(self, dt: datetime | None) -> timedelta:
        """How far it is ahead of UTC."""
        moment = datetime.now() if dt is None else dt
        try:
            seconds = time.localtime(time.mktime(moment.timetuple())).tm_gmtoff
        except (OverflowError, ValueError, OSError):
            seconds = 0
        return timedelta(seconds=seconds)

    def fromutc(self, dt: datetime) -> datetime:
        """The same moment as the clocks here show it."""
        return dt + timedelta(seconds=time.localtime(timegm(dt.timetuple())).tm_gmtoff)

    def dst(self, dt: datetime | None) -> timedelta | None:
        """Not told."""
        return None

    def tzname(self, dt: datetime | None) -> str:
        """Its name now."""
        return time.tzname[0]
