"""Times as people type them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from agent_core.errors import UsageError
from agent_core.logs.when import parse_since

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=timezone(timedelta(hours=1)))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("10m", "2026-11-25T09:20:00+01:00"),
        ("1h30m", "2026-11-25T08:00:00+01:00"),
        ("2 h ago", "2026-11-25T07:30:00+01:00"),
        ("1.5d", "2026-11-23T21:30:00+01:00"),
        ("1W", "2026-11-18T09:30:00+01:00"),
        ("90s", "2026-11-25T09:28:30+01:00"),
        ("10 minutes ago", "2026-11-25T09:20:00+01:00"),
        ("2 hours", "2026-11-25T07:30:00+01:00"),
        ("1 hour, 30 min and 5 secs", "2026-11-25T07:59:55+01:00"),
        ("last 3 days", "2026-11-22T09:30:00+01:00"),
        ("last hour", "2026-11-25T08:30:00+01:00"),
        ("an hour ago", "2026-11-25T08:30:00+01:00"),
        ("2hrs", "2026-11-25T07:30:00+01:00"),
        ("now", "2026-11-25T09:30:00+01:00"),
        ("last night", "2026-11-24T18:00:00+01:00"),
        ("Over Night", "2026-11-24T18:00:00+01:00"),
        ("this morning", "2026-11-25T00:00:00+01:00"),
        ("noon", "2026-11-24T12:00:00+01:00"),
        ("monday", "2026-11-23T00:00:00+01:00"),
        ("last Thu", "2026-11-19T00:00:00+01:00"),
        ("wednesday", "2026-11-25T00:00:00+01:00"),
        ("yesterday 22:15", "2026-11-24T22:15:00+01:00"),
        ("today at 8:15", "2026-11-25T08:15:00+01:00"),
        ("1764059400", "2025-11-25T09:30:00+01:00"),
        ("1764059400000", "2025-11-25T09:30:00+01:00"),
        ("today", "2026-11-25T00:00:00+01:00"),
        ("Yesterday", "2026-11-24T00:00:00+01:00"),
        ("8:15", "2026-11-25T08:15:00+01:00"),
        ("23:00", "2026-11-24T23:00:00+01:00"),
        ("08:15:30", "2026-11-25T08:15:30+01:00"),
        ("2026-11-24", "2026-11-24T00:00:00+01:00"),
        ("2026-11-24 08:00", "2026-11-24T08:00:00+01:00"),
        ("2026-11-24T08:00:00Z", "2026-11-24T09:00:00+01:00"),
    ],
)
def test_times(text: str, wanted: str) -> None:
    assert parse_since(text, now=NOW) == datetime.fromisoformat(wanted).timestamp()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "10",
        "25:00",
        "10x",
        "2026-13-01",
        "9999999999999999w",
        "m10",
        "2 moons",
        "ago",
        "last",
        "5m x",
    ],
)
def test_no_times(text: str) -> None:
    with pytest.raises(UsageError, match="is no time") as failed:
        parse_since(text, now=NOW)
    assert "10m" in failed.value.hint


def test_a_day_begins_by_the_clock_of_its_own_season() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    now = datetime(2026, 10, 26, 9, 0, tzinfo=berlin)
    assert parse_since("sunday", now=now) == datetime(2026, 10, 24, 22, 0, tzinfo=UTC).timestamp()
    assert parse_since("34h", now=now) == datetime(2026, 10, 24, 22, 0, tzinfo=UTC).timestamp()
