"""When a sink's thread looks for a broker, and what it says meanwhile; genuine ones are in
`test_sink_real.py`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agent_core.errors import BusFault, BusUnreachable
from agent_core.streaming import pumping, trying
from agent_core.streaming.access import Access
from agent_core.streaming.pumping import Pump
from agent_core.streaming.spool import Spool

LOST = BusUnreachable("No Kafka answers")


class Producer:
    """Takes messages, and says that it did when a test says so."""

    def __init__(self) -> None:
        self._told: list[Callable[[], None]] = []

    def send(self, topic: str, **options: object) -> Producer:
        return self

    def add_both(self, tell: Callable[[int, int, object], None], turn: int, number: int) -> None:
        self._told.append(lambda: tell(turn, number, None))

    def take(self) -> None:
        for tell in self._told:
            tell()
        self._told.clear()


class Brokers:
    """Stands for the library: connections are lost, refused or made as a test says."""

    def __init__(self) -> None:
        self.lost: BusFault | None = None
        self.refused: BusFault | None = None
        self.asked = 0
        self.made = Producer()

    def __call__(self, access: Access) -> Brokers:
        return self

    def reach(self, access: Access) -> None:
        self.asked += 1
        if self.refused is not None:
            raise self.refused

    def producer(self, **options: object) -> Producer:
        return self.made

    def has_topic(self, name: str) -> bool:
        return True

    def held_back(self, name: str) -> None:
        return None

    def refresh(self) -> None:
        pass

    def interrupt(self) -> None:
        pass

    close = interrupt


@pytest.fixture
def brokers(monkeypatch: pytest.MonkeyPatch) -> Brokers:
    made = Brokers()
    monkeypatch.setattr(pumping, "reach", made.reach)
    monkeypatch.setattr("agent_core.streaming.vendor.Link", made)
    monkeypatch.setattr(trying, "_AFTER_S", (0.0,))
    return made


@pytest.fixture
def pump() -> Pump:
    spool = Spool(most_bytes=1000)
    return Pump(Access(("127.0.0.1:1",)), spool, refused=lambda _, __: None, moved=lambda: None)


def test_a_fault_goes_with_its_cause_though_nothing_is_to_be_sent(
    brokers: Brokers, pump: Pump, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pump._opened()
    brokers.lost = brokers.refused = LOST
    pump._round()
    monkeypatch.setattr(trying, "_LOST_S", -1.0)
    for _ in range(3):
        pump._round()
        assert pump.fault is LOST
    brokers.lost = brokers.refused = None
    pump._round()
    assert pump.fault is None


def test_that_nothing_is_taken_is_not_said_any_more_when_all_was(
    brokers: Brokers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pumping, "_SILENT_S", -1.0)
    spool = Spool(most_bytes=1000)
    pump = Pump(Access(("127.0.0.1:1",)), spool, refused=lambda _, __: None, moved=lambda: None)
    spool.append("a", "", b"1")
    pump._round()
    pump._round()
    assert pump.fault is not None and "takes no messages now" in pump.fault.message
    brokers.made.take()
    for _ in range(2):
        pump._round()
    assert not spool.waiting[0] and pump.fault is None


def test_nobody_is_asked_while_nothing_is_wrong_and_nothing_to_be_sent(brokers: Brokers, pump: Pump) -> None:
    for _ in range(3):
        assert pump._round() == 1.0
    assert brokers.asked == 0


def test_without_anything_to_send_the_pace_is_the_usual_one(
    brokers: Brokers, pump: Pump, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trying, "_AFTER_S", (5.0,))
    brokers.refused = LOST
    pump._failed(LOST)
    for _ in range(3):
        assert 4.0 < pump._round() <= 5.0
    assert brokers.asked == 0
