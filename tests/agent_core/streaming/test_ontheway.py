"""Messages between a spool and a broker."""

from __future__ import annotations

import pytest

from agent_core.streaming import ontheway
from agent_core.streaming.ontheway import OnTheWay
from agent_core.streaming.spool import Entry


def entry(number: int, topic: str = "t") -> Entry:
    return Entry(number, topic, "k", b"x" * 10)


def test_what_is_there_is_counted() -> None:
    way = OnTheWay()
    way.add(entry(1))
    way.hold(entry(2, "missing"))
    assert (len(way), way.bytes, 1 in way, 3 in way) == (2, 20, True, False)
    assert way.remove(1) == "t"
    assert (len(way), way.bytes) == (1, 10)
    way.clear()
    assert (len(way), way.bytes, way.any_held) == (0, 0, False)


def test_messages_wait_for_their_topic_in_order() -> None:
    way = OnTheWay()
    for number in range(3):
        way.hold(entry(number, "late"))
    assert way.holds("late") and way.released(lambda _: False) == ([], [])
    there, missed = way.released(lambda topic: topic == "late")
    assert ([each.number for each in there], missed) == ([0, 1, 2], [])
    assert len(way) == 0 and not way.holds("late")


def test_a_topic_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    way = OnTheWay()
    monkeypatch.setattr(ontheway, "_TOPIC_S", 0.0)
    way.hold(entry(1, "never"))
    there, missed = way.released(lambda _: False)
    assert (there, [each.number for each in missed]) == ([], [1])


def test_what_is_late_is_the_oldest_that_was_given_away() -> None:
    way = OnTheWay()
    way.hold(entry(1, "missing"))
    assert way.late(-1.0) is None
    way.add(entry(2))
    way.add(entry(3))
    found = way.late(-1.0)
    assert found is not None and found.number == 2
    assert way.late(1000.0) is None


def test_where_others_go_it_is_not_quiet() -> None:
    way = OnTheWay()
    way.add(entry(1))
    way.add(entry(2))
    assert way.quiet(1000.0)
    way.remove(1)
    assert not way.quiet(1000.0) and way.late(-1.0) is not None
