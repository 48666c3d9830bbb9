"""The zone of this machine, by its own rules."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from agent_core.logs.zone import LocalZone


@pytest.fixture(params=["UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ZoneInfo]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield ZoneInfo(request.param)
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("month", [1, 7])
def test_moments_are_those_of_the_zone(zone: ZoneInfo, month: int) -> None:
    moment = datetime(2026, month, 15, 10, 30, tzinfo=UTC)
    wanted = moment.astimezone(zone)
    shown = moment.astimezone(LocalZone())
    assert shown.replace(tzinfo=None) == wanted.replace(tzinfo=None)
    assert shown.utcoffset() == wanted.utcoffset()
    assert datetime.fromtimestamp(moment.timestamp(), LocalZone()) == moment
