"""The last messages of several partitions, whatever order they are read in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent_core.streaming.backlog import Backlog
from agent_core.streaming.values import Message

SIZES = st.lists(st.integers(0, 12), min_size=1, max_size=4)


def message(part: int, offset: int) -> Message:
    return Message(topic="t", partition=part, offset=offset, time=float(offset))


@given(SIZES, st.integers(0, 20), st.integers(1, 5), st.integers(0, 3))
def test_the_last_of_all_by_time(sizes: list[int], keep: int, batch: int, newer: int) -> None:
    backlog = Backlog({part: size for part, size in enumerate(sizes) if size}, keep=keep)
    for part, size in enumerate(sizes):
        for start in range(0, size + newer, batch):
            if part in backlog.waiting:
                offsets = range(start, min(start + batch, size + newer))
                assert backlog.take(part, [message(part, offset) for offset in offsets]) == []
    assert not backlog.waiting
    everything = [message(part, offset) for part, size in enumerate(sizes) for offset in range(size)]
    everything.sort(key=lambda each: (each.time, each.partition))
    assert backlog.kept() == everything[len(everything) - min(keep, len(everything)) :]
    assert backlog.kept() == []


def test_what_is_not_kept_is_passed_on_up_to_the_end() -> None:
    backlog = Backlog({0: 2, 1: 5}, keep=None)
    assert backlog.take(0, [message(0, offset) for offset in range(4)]) == [message(0, 0), message(0, 1)]
    assert set(backlog.waiting) == {1}
    backlog.reached(1, 4)
    assert backlog.waiting
    backlog.reached(1, 5)
    assert not backlog.waiting


def test_a_partition_that_is_gone_is_not_waited_for() -> None:
    backlog = Backlog({0: 2}, keep=1)
    backlog.reached(0, None)
    assert not backlog.waiting
