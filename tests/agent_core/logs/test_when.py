"""Times as people type them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

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


@pytest.mark.parametrize("text", ["", "soon", "10", "25:00", "10x", "2026-13-01", "9999999999999999w", "m10"])
def test_no_times(text: str) -> None:
    with pytest.raises(UsageError, match="is no time") as failed:
        parse_since(text, now=NOW)
    assert "10m" in failed.value.hint
