"""Times of log lines, many at once: ISO 8601 by its columns, all others by the groups of a pattern."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

import numpy as np

from agent_core.logs.columns import NO_TIME
from agent_core.logs.formats.text import Mask, Offsets, Text

_ISO_WIDTH = 48
_DAY_MS = 86_400_000


def epoch_ms(
    year: Offsets, month: Offsets, day: Offsets, hour: Offsets, minute: Offsets, second: Offsets, ms: Offsets
) -> Offsets:
    """Milliseconds since the epoch of times in UTC; `NO_TIME` for dates that there are not."""
    shifted = np.where(month <= 2, year - 1, year)
    era = shifted // 400
    of_era = shifted - era * 400
    of_year = (153 * (month + np.where(month > 2, -3, 9)) + 2) // 5 + day - 1
    days = era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    longest = _LONGEST[np.clip(month, 0, 12)] + (leap & (month == 2))
    real = (month >= 1) & (month <= 12) & (day >= 1) & (day <= longest)
    real &= (hour <= 24) & (minute <= 59) & (second <= 60)
    return np.where(real, days * _DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000 + ms, NO_TIME)


_LONGEST = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


def local_to_utc(ms: Offsets, zone: tzinfo) -> Offsets:
    """Times read as if they were UTC, moved from the zone they are of."""
    if zone is UTC:
        return ms
    known = ms != NO_TIME
    hours, where = np.unique(np.where(known, ms, 0) // 3_600_000, return_inverse=True)
    moved = np.array([_offset_ms(int(hour), zone) for hour in hours], dtype=np.int64)
    return np.where(known, ms - moved[where], ms)


def _offset_ms(hour: int, zone: tzinfo) -> int:
    try:
        local = datetime.fromtimestamp(hour * 3600, UTC).replace(tzinfo=None)
        offset = zone.utcoffset(local)
    except (ValueError, OverflowError, OSError):
        return 0
    return int(offset.total_seconds() * 1000) if offset is not None else 0


class Clock:
    """Reads times; what they do not say comes from here.

    Args:
        now_ms: The present, milliseconds since the epoch: a time without a year, or without a day, is the
            latest that is not more than a day ahead of it.
        zone: Of times that name none.
    """

    def __init__(self, now_ms: int, zone: tzinfo) -> None:
        self._now = now_ms
        self._zone = zone

    def iso(self, text: Text, at: Offsets) -> tuple[Mask, Offsets, Offsets]:
        """ISO 8601 at the offsets: `2026-05-21T10:00:00`, also with `/` or `.` in the date, a space or `_`
        for the `T`, a fraction behind `.` or `,`, `Z`, `UTC`, `GMT` or an offset.

        Returns:
            Where there is one, the times (milliseconds since the epoch, or `NO_TIME`), the offsets behind.
        """
        columns = text.columns(at, _ISO_WIDTH)
        digits = columns - 48
        ok = (columns[4] == columns[7]) & ((columns[4] == 45) | (columns[4] == 47) | (columns[4] == 46))
        ok &= (columns[13] == 58) & (columns[16] == 58) & _T[columns[10]]
        for place in (0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18):
            ok &= digits[place] < 10
        if not ok.any():
            return ok, np.full(len(at), NO_TIME), at
        wide = digits.astype(np.int64)

        def pair(place: int) -> Offsets:
            return wide[place] * 10 + wide[place + 1]

        fraction = (columns[19] == 46) | (columns[19] == 44)
        ms = np.zeros(len(at), np.int64)
        length = np.full(len(at), 19, np.int64)
        running = fraction & (digits[20] < 10)
        for place in range(9):
            running = running & (digits[20 + place] < 10)
            if not running.any():
                break
            length += running if place else running * 2
            if place < 3:
                ms += wide[20 + place] * running * (100, 10, 1)[place]
        time = epoch_ms(pair(0) * 100 + pair(2), pair(5), pair(8), pair(11), pair(14), pair(17), ms)
        shift, named, behind = _zone(text, at + length)
        time = np.where(time == NO_TIME, time, time - shift)
        time = np.where(named, time, local_to_utc(time, self._zone))
        return ok, time, np.where(ok, behind, at)


_T = np.zeros(256, np.bool_)
_T[[ord(c) for c in "Tt _-"]] = True


def _zone(text: Text, at: Offsets) -> tuple[Offsets, Mask, Offsets]:
    """The zone at the offsets: milliseconds east, whether it is named, the offsets behind it."""
    columns = text.columns(at, 10)
    zulu = (columns[0] == 90) & ~_LETTER[columns[1]]
    if zulu.all():
        return np.zeros(len(at), np.int64), zulu, at + 1
    spaced = columns[0] == 32
    moved = np.where(spaced, columns[1:10], columns[0:9])
    length = at + spaced
    named = ((moved[0] == 85) & (moved[1] == 84) & (moved[2] == 67)) | (
        (moved[0] == 71) & (moved[1] == 77) & (moved[2] == 84)
    )
    named &= ~_LETTER[moved[3]]
    digits = moved - 48
    sign = (moved[0] == 43) | (moved[0] == 45)
    hours = sign & (digits[1] < 10) & (digits[2] < 10)
    colon = moved[3] == 58
    apart: Mask = (digits[4] < 10) & (digits[5] < 10)
    joined: Mask = (digits[3] < 10) & (digits[4] < 10) & (digits[5] >= 10)
    minutes: Mask = hours & np.where(colon, apart, joined)
    hours &= ~spaced & (digits[3] >= 10) & ~colon
    wide = digits.astype(np.int64)
    east: Offsets = (wide[1] * 10 + wide[2]) * 60
    of_hour = _either(colon, wide[4] * 10 + wide[5], wide[3] * 10 + wide[4])
    east = east + np.where(minutes, of_hour, 0)
    sane: Mask = east <= 15 * 60
    minutes &= sane
    hours &= sane
    shift = np.where(minutes | hours, np.where(moved[0] == 45, -east, east) * 60_000, 0)
    behind = np.where(minutes, length + np.where(colon, 6, 5), np.where(hours, length + 3, at))
    behind = np.where(named, length + 3, np.where(zulu, at + 1, behind))
    return shift, zulu | named | minutes | hours, behind


def _either(which: Mask, yes: Offsets, no: Offsets) -> Offsets:
    return np.where(which, yes, no)


_LETTER = np.zeros(256, np.bool_)
_LETTER[[*range(65, 91), *range(97, 123)]] = True
