"""Times as people type them: `10m`, `2h`, `1d`, `14:30`, `today`, `2026-11-24T08:00`."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

from agent_core.errors import UsageError
from agent_core.text import one_line, shorten

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SPAN = re.compile(r"(?:\d+(?:\.\d+)?[smhdw])+", re.IGNORECASE)
_PIECE = re.compile(r"(\d+(?:\.\d+)?)([smhdw])", re.IGNORECASE)
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?")
_HOW = "Use a span (10m, 2h, 1d), a time (14:30), today, yesterday, or a date such as 2026-11-24T08:00."


def parse_since(text: str, *, now: datetime) -> float:
    """Seconds since the epoch of a time in the past.

    A clock time is the latest such moment: `23:00`, typed in the morning, means last night. What names no
    zone is meant in the zone of `now`.

    Args:
        text: What was typed.
        now: The current time, with its zone.

    Raises:
        UsageError: It is no time.
    """
    word = text.strip().lower().removesuffix("ago").strip()
    try:
        found = _span(word, now) or _named(word, now) or _clock(word, now) or _date(text.strip(), now)
        return found.timestamp()
    except (ValueError, OverflowError):
        raise UsageError(f"{shorten(one_line(text), 60)!r} is no time", hint=_HOW) from None


def _span(word: str, now: datetime) -> datetime | None:
    compact = word.replace(" ", "")
    if not _SPAN.fullmatch(compact):
        return None
    seconds = sum(float(number) * _UNITS[unit.lower()] for number, unit in _PIECE.findall(compact))
    return now - timedelta(seconds=seconds)


def _named(word: str, now: datetime) -> datetime | None:
    days = {"today": 0, "yesterday": 1}.get(word)
    return None if days is None else _at(now, time(), days)


def _clock(word: str, now: datetime) -> datetime | None:
    match = _CLOCK.fullmatch(word)
    if match is None:
        return None
    wanted = time(int(match[1]), int(match[2]), int(match[3] or 0))
    today = _at(now, wanted, 0)
    return today if today <= now else _at(now, wanted, 1)


def _at(now: datetime, wanted: time, days: int) -> datetime:
    return datetime.combine((now - timedelta(days=days)).date(), wanted, now.tzinfo)


def _date(text: str, now: datetime) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=now.tzinfo)
