"""Times as people type them: `10m`, `2 hours ago`, `14:30`, `last night`, `monday`, `2026-11-24T08:00`."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

from agent_core.errors import UsageError
from agent_core.text import one_line, shorten

FORMS = "10m, 2h, 1d, 14:30, today, last night, monday, or a date such as 2026-11-24T08:00"
"""What may be typed, for help texts."""
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_PIECE = re.compile(
    r"(\d+(?:\.\d+)?) *(s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?|h(?:(?:ou)?rs?)?|d(?:ays?)?|w(?:eeks?)?)"
    r"(?![a-z]) *(?:(?:,|and) *)?"
)
_LAST = re.compile(r"(?:last|past) (?=\d)")
_ONE = re.compile(r"(?:last|past|an?) (?=(?:minute|hour|day|week)\b)")
_CLOCK = re.compile(r"(?:(today|yesterday) (?:at )?)?(\d{1,2}):(\d\d)(?::(\d\d))?")
_EPOCH = re.compile(r"\d{9,10}(?:\.\d+)?|\d{13}")
_MS_FROM = 1e11
_NAMED = {
    "today": (0, 0), "midnight": (0, 0), "this morning": (0, 0), "noon": (0, 12), "this afternoon": (0, 12),
    "this evening": (0, 18), "tonight": (0, 18),
    "yesterday": (1, 0), "last night": (1, 18), "overnight": (1, 18), "over night": (1, 18),
}  # fmt: skip
"""Days ago, and the hour."""
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def parse_since(text: str, *, now: datetime) -> float:
    """Seconds since the epoch of a time in the past.

    A clock time is the latest such moment: `23:00`, typed in the morning, means last night. So is a day of
    the week. What names no zone is meant in the zone of `now`.

    Args:
        text: What was typed.
        now: The current time, with its zone.

    Raises:
        UsageError: It is no time.
    """
    word = " ".join(text.lower().split())
    try:
        found = _span(word, now) or _named(word, now) or _clock(word, now) or _epoch(word, now)
        return (found or _date(text.strip(), now)).timestamp()
    except (ValueError, OverflowError):
        raise UsageError(f"{shorten(one_line(text), 60)!r} is no time", hint=f"Use {FORMS}.") from None


def _span(word: str, now: datetime) -> datetime | None:
    span = _ONE.sub("1 ", _LAST.sub("", word)).removesuffix("ago").rstrip()
    at, seconds = 0, 0.0
    while at < len(span) and (piece := _PIECE.match(span, at)) is not None:
        seconds += float(piece[1]) * _UNITS[piece[2][0]]
        at = piece.end()
    whole = bool(span) and at == len(span)
    return datetime.fromtimestamp(now.timestamp() - seconds, now.tzinfo) if whole else None


def _named(word: str, now: datetime) -> datetime | None:
    if word == "now":
        return now
    if found := _NAMED.get(word):
        days, hour = found
        moment = _at(now, time(hour), days)
        return moment if moment <= now else _at(now, time(hour), days + 1)
    name = word.removeprefix("last ")
    day = next((number for number, full in enumerate(_DAYS) if name in (full, full[:3])), None)
    return None if day is None else _at(now, time(), (now.weekday() - day) % 7)


def _clock(word: str, now: datetime) -> datetime | None:
    match = _CLOCK.fullmatch(word)
    if match is None:
        return None
    wanted = time(int(match[2]), int(match[3]), int(match[4] or 0))
    if match[1]:
        return _at(now, wanted, int(match[1] == "yesterday"))
    today = _at(now, wanted, 0)
    return today if today <= now else _at(now, wanted, 1)


def _epoch(word: str, now: datetime) -> datetime | None:
    if not _EPOCH.fullmatch(word):
        return None
    seconds = float(word)
    return datetime.fromtimestamp(seconds / 1000 if seconds > _MS_FROM else seconds, now.tzinfo)


def _at(now: datetime, wanted: time, days: int) -> datetime:
    return datetime.combine((now - timedelta(days=days)).date(), wanted, now.tzinfo)


def _date(text: str, now: datetime) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=now.tzinfo)
