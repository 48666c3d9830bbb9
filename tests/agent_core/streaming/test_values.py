"""Figures of topics and groups."""

from __future__ import annotations

import msgspec

from agent_core.streaming.values import (
    BusReading,
    GroupInfo,
    Lag,
    PartitionInfo,
    TopicInfo,
    behind_on,
    unread_by,
    waiting_for,
    with_rates,
)


def topic(name: str, *ends: int) -> TopicInfo:
    partitions = (PartitionInfo(number=number, begin=0, end=end, leader=1) for number, end in enumerate(ends))
    return TopicInfo(name=name, partitions=tuple(partitions))


def test_rates_are_over_all_partitions() -> None:
    earlier = BusReading(at=100.0, topics=(topic("a", 5, 5), topic("made-anew", 9)))
    later = BusReading(at=102.0, topics=(topic("a", 8, 6), topic("made-anew", 2), topic("new", 7)))
    rates = {each.name: each.rate for each in with_rates(earlier, later).topics}
    assert rates == {"a": 2.0, "made-anew": None, "new": None}


def test_two_readings_at_the_same_moment_have_no_rate() -> None:
    reading = BusReading(at=1.0, topics=(topic("a", 5),))
    assert with_rates(reading, reading).topics[0].rate is None


def test_sums() -> None:
    lost = PartitionInfo(number=2)
    partitions = (PartitionInfo(number=0, begin=3, end=10, leader=1), lost)
    info = TopicInfo(name="a", partitions=partitions)
    assert (info.messages, info.end, info.leaderless) == (7, 10, 1)
    assert GroupInfo(name="g", lags=(Lag("a", 2), Lag("b", 3))).lag == 5


def test_what_waits_for_a_group_of_ours() -> None:
    queue = topic("q", 4, 6, 5)
    group = GroupInfo(name="g", lags=(Lag("q", 3, 5), Lag("other", 9)))
    reading = BusReading(at=1.0, topics=(queue,), groups=(group,))
    assert waiting_for(reading, "g", "q") == 8
    assert waiting_for(reading, "new", "q") == 15, "it begins with the oldest"
    assert waiting_for(reading, "g", "gone") is None
    refused = BusReading(at=1.0, topics=(queue,), untold={"g": "no right"})
    assert waiting_for(refused, "g", "q") is None
    assert waiting_for(refused, "new", "q") == 15


def test_a_queue_that_nobody_read_waits_whole_for_whom_its_work_is_for() -> None:
    queue, other = topic("agent.tasks.backend", 4, 6), topic("billing", 9)
    reader = GroupInfo(name="dspy-tui.worker.backend", lags=(Lag("agent.tasks.backend", 2),))
    reading = BusReading(at=1.0, topics=(queue, other, topic("agent.tasks", 0)))

    def told(**more: object) -> list[tuple[str, int | None]]:
        now = msgspec.structs.replace(reading, **more)
        return [(unread_by(now, each.name), behind_on(now, each.name)) for each in now.topics]

    assert told() == [("dspy-tui.worker.backend", 10), ("", None), ("", None)]
    assert told(groups=(reader,)) == [("", 2), ("", None), ("", None)]
    assert told(untold={"dspy-tui.worker.backend": "no right"})[0] == ("", None)
    direct = GroupInfo(name="dspy-tui.worker.app", lags=(Lag("agent.tasks.backend", 4),))
    assert told(groups=(direct,))[0] == ("", 4), "a worker may read it without a router"
