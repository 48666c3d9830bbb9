"""When a broker is looked for again."""

from __future__ import annotations

import pytest

from agent_core.errors import BusAuth, BusUnreachable
from agent_core.streaming import trying
from agent_core.streaming.trying import Trying

LOST = BusUnreachable("lost")


def test_each_failure_is_waited_for_longer_up_to_a_bound() -> None:
    tries, waits = Trying(), list[float]()
    assert tries.wait == 0
    for _ in range(8):
        tries.failed(LOST)
        waits.append(tries.wait)
    assert waits == sorted(waits) or waits[-1] <= 8
    assert 0 < waits[0] <= 0.5 and 7 < waits[-1] <= 8
    assert tries.fault is LOST
    tries.made()
    tries.failed(LOST)
    assert tries.wait <= 0.5


def test_a_lost_connection_is_given_up_after_a_while_and_a_refused_login_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries = Trying()
    assert not tries.hopeless(LOST)
    assert not tries.hopeless(LOST)
    assert tries.fault is LOST
    assert tries.hopeless(BusAuth("refused"))
    assert not tries.hopeless(None)
    assert not tries.hopeless(LOST)
    monkeypatch.setattr(trying, "_LOST_S", -1.0)
    assert tries.hopeless(LOST)
