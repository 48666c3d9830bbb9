"""Times of log lines, many at once: ISO 8601 by its columns, all others by the groups of a pattern."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

import numpy as np

from agent_core.logs.columns import NO_TIME
from agent_core.logs.formats.text import Mask, Matches, Offsets, Text, pack

_ISO_WIDTH = 30
"""Bytes of an ISO date with nine digits of a second, and the one behind them."""
_DAY_MS = 86_400_000
_AHEAD_MS = _DAY_MS
"""How far ahead of now a time may be that does not name its year."""
_OLDEST = 8
"""Years before now that a time without a year may be of: one 29 February at least is among them."""


def epoch_ms(
    year: Offsets, month: Offsets, day: Offsets, hour: Offsets, minute: Offsets, second: Offsets, ms: Offsets
) -> Offsets:
    """Milliseconds since the epoch of times in UTC; `NO_TIME` for dates that there are not."""
    date = ((year << 8) + month << 8) + day
    head = np.concatenate(([True], date[1:] != date[:-1]))[: len(date)]
    days, real = _days(year[head], month[head], day[head])  # lines that follow each other are of one day
    of = np.cumsum(head) - 1
    real = real[of] & (hour <= 24) & (minute <= 59) & (second <= 60)
    clock = ((hour * 60 + minute) * 60 + second) * 1000 + ms
    return np.where(real, days[of] * _DAY_MS + clock, NO_TIME)


def _days(year: Offsets, month: Offsets, day: Offsets) -> tuple[Offsets, Mask]:
    """Days since the epoch, and which of the dates there are."""
    shifted = np.where(month <= 2, year - 1, year)
    era = shifted // 400
    of_era = shifted - era * 400
    of_year = (153 * (month + np.where(month > 2, -3, 9)) + 2) // 5 + day - 1
    days = era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    longest = _LONGEST[np.clip(month, 0, 12)] + (leap & (month == 2))
    return days, (month >= 1) & (month <= 12) & (day >= 1) & (day <= longest)


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
        return _offset_of(datetime.fromtimestamp(hour * 3600, UTC), zone)
    except (ValueError, OverflowError, OSError):  # a year that `datetime` does not know
        return 0


def _offset_of(local: datetime, zone: tzinfo) -> int:
    offset = zone.utcoffset(local.replace(tzinfo=None))
    return int(offset.total_seconds() * 1000) if offset is not None else 0


class Clock:
    """Reads times; what they do not say comes from here.

    Args:
        now_ms: The present, milliseconds since the epoch: a time without a year, or without a day, is the
            latest that is not more than a day ahead of it.
        zone: Of times that name none.
    """

    def __init__(self, now_ms: int, zone: tzinfo) -> None:
        self._zone = zone
        local = datetime.fromtimestamp(now_ms / 1000, zone)
        self._now = now_ms + _offset_of(local, zone)
        """The present as the clocks of the zone show it, as if they showed UTC."""
        self._year = local.year

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

        def pair(place: int) -> Offsets:
            return (digits[place] * np.uint8(10) + digits[place + 1]).astype(np.int64)

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
                ms += (digits[20 + place] * running).astype(np.int64) * (100, 10, 1)[place]
        time = epoch_ms(pair(0) * 100 + pair(2), pair(5), pair(8), pair(11), pair(14), pair(17), ms)
        shift, named, behind = _zone(text, at + length)
        time = np.where(time == NO_TIME, time, time - shift)
        time = np.where(named, time, local_to_utc(time, self._zone))
        return ok, time, np.where(ok, behind, at)

    def written(self, text: Text, at: Offsets) -> Offsets:
        """The times at the offsets, in ISO 8601 or as a number; `NO_TIME` for none."""
        ok, time, _ = self.iso(text, at)
        found = text.match(r"^(?P<epoch>1\d{18}|1\d{15}|1\d{12}|[1-3]\d{9})(?:\.(?P<f>\d{1,9}))?", at, 32)
        return np.where(ok, time, np.where(found.ok, self.of(text, found), NO_TIME))

    def of(self, text: Text, found: Matches) -> Offsets:
        """The times in the groups of a pattern (see `patterns`); `NO_TIME` where there is none."""
        if "epoch" in found:
            start, length = found["epoch"]
            return _since_epoch(text.numbers(start, length), length, _thousandths(text, found))
        if "h" not in found:
            return np.full(len(found.ok), NO_TIME)
        parts = {name: text.numbers(*found[name]) for name in ("h", "mi", "s")}
        clock = (_hour(text, found, parts["h"]), parts["mi"], parts["s"], _thousandths(text, found))
        local = self._dated(text, found, clock)
        if "z" not in found:
            return local_to_utc(local, self._zone)
        start, length = found["z"]
        shift, _, _ = _zone(text, start)
        shifted = np.where(local == NO_TIME, NO_TIME, local - shift)
        return np.where(length > 0, shifted, local_to_utc(local, self._zone))

    def _dated(self, text: Text, found: Matches, clock: Clocks) -> Offsets:
        """The times as their clocks showed them."""
        if "a" in found:
            month, day = _month_day(text, found)
        elif "d" in found:
            day = text.numbers(*found["d"])
            month = text.numbers(*found["mo"]) if "mo" in found else _month(text, found["mon"][0])
        else:
            return self._today(clock)
        if "y" not in found:
            return self._latest(month, day, clock)
        start, length = found["y"]
        year = text.numbers(start, length)
        named = epoch_ms(np.where(length == 2, year + 2000, year), month, day, *clock)
        return named if (length > 0).all() else np.where(length > 0, named, self._latest(month, day, clock))

    def _latest(self, month: Offsets, day: Offsets, clock: Clocks) -> Offsets:
        """Times without a year: the latest that they may be."""
        time = np.full(len(month), NO_TIME)
        for year in range(self._year + 1, self._year - _OLDEST, -1):
            rows = time == NO_TIME
            if not rows.any():
                break
            tried = epoch_ms(np.full(len(month), year), month, day, *clock)
            time = np.where(rows & (tried <= self._now + _AHEAD_MS), tried, time)
        return time

    def _today(self, clock: Clocks) -> Offsets:
        """Times without a date: the latest that are not ahead of now."""
        one = np.ones(len(clock[0]), np.int64)
        of_day = epoch_ms(one * 1970, one, one, *clock)
        time = of_day + self._now // _DAY_MS * _DAY_MS
        time = np.where(time > self._now + 3_600_000, time - _DAY_MS, time)
        return np.where(of_day == NO_TIME, NO_TIME, time)


Clocks = tuple[Offsets, Offsets, Offsets, Offsets]
"""Hours, minutes, seconds, milliseconds."""


def from_number(value: float) -> int:
    """A time given as one number, in the unit that its size tells, as milliseconds; `NO_TIME` for none."""
    if not 1e8 <= value < 1e20:
        return NO_TIME
    for unit in (1e17, 1e14, 1e11):
        if value >= unit:
            return int(value / (unit / 1e11))
    return int(value * 1000)


def _since_epoch(number: Offsets, length: Offsets, thousandths: Offsets) -> Offsets:
    steps = (length - 10) // 3
    fine = number // 10 ** np.maximum(3 * (steps - 1), 0)
    return np.where(steps > 0, fine, number * 1000 + thousandths)


def _thousandths(text: Text, found: Matches) -> Offsets:
    if "f" not in found:
        return np.zeros(len(found.ok), np.int64)
    start, length = found["f"]
    length = np.minimum(length, 3)
    return text.numbers(start, length) * _TENS[3 - length]


_TENS = np.array([1, 10, 100, 1000])


def _hour(text: Text, found: Matches, hour: Offsets) -> Offsets:
    if "ap" not in found:
        return hour
    start, length = found["ap"]
    late = (text.bytes[start] | 32) == 112
    return np.where(length > 0, hour % 12 + np.where(late, 12, 0), hour)


def _month_day(text: Text, found: Matches) -> tuple[Offsets, Offsets]:
    """Month and day of `05/21/2026`, `21/05/2026`, `21.05.2026`: with dots the day is first."""
    one, other = text.numbers(*found["a"]), text.numbers(*found["b"])
    day_first = (text.bytes[found.end("a")] == 46) | (one > 12)
    return np.where(day_first, other, one), np.where(day_first, one, other)


def _month(text: Text, start: Offsets) -> Offsets:
    name = text.words(start, np.full(len(start), 3))
    return np.argmax(name[:, None] == _MONTHS, axis=1) + 1


_MONTHS = np.array(
    [pack(month) for month in ("JAN", "FEB", "MAR", "APR", "MAY", "JUN")]
    + [pack(month) for month in ("JUL", "AUG", "SEP", "OCT", "NOV", "DEC")],
    dtype=np.uint64,
)

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
