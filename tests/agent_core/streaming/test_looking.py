"""How far groups are behind; how it is asked is in `test_admin_real.py`."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from agent_core.streaming.looking import lags_of
from agent_core.streaming.names import ROUTER, TASKS, is_ours, reader_of, tasks, trainer, workers
from agent_core.streaming.values import Lag
from agent_core.streaming.vendor import Partition


class Found(NamedTuple):
    offset: int


ENDS = {("q", 0): (0, 10), ("q", 1): (5, 9), ("q", 2): (0, 7), ("other", 0): (0, 3)}


@pytest.mark.parametrize(
    ("read", "ours", "wanted"),
    [
        ({0: 4, 1: 2}, False, (Lag("q", 6 + 4, 7),)),
        ({0: 4, 1: 2}, True, (Lag("q", 6 + 4 + 7),)),
        ({0: 10, 1: 9, 2: 7}, True, (Lag("q", 0),)),
        ({0: 11, 1: 9, 2: 7}, True, (Lag("q", 0),)),
        ({0: -1}, True, ()),
        ({}, True, ()),
    ],
)
def test_what_a_group_of_ours_has_not_touched_waits_for_it(
    read: dict[int, int], ours: bool, wanted: tuple[Lag, ...]
) -> None:
    committed = {Partition("q", number): Found(offset) for number, offset in read.items()}
    assert lags_of(committed, ENDS, from_the_oldest=ours) == wanted


def test_which_groups_are_ours() -> None:
    assert all(map(is_ours, (ROUTER, workers("backend"), trainer("0" * 32))))
    assert not is_ours("billing") and not is_ours("dspy-tuition")


def test_to_whom_the_work_of_a_queue_is_given() -> None:
    assert (reader_of(TASKS), reader_of(tasks("backend"))) == (ROUTER, workers("backend"))
    assert not any(map(reader_of, ("agent.learning", "agent.tasks.", "my.agent.tasks.x", "agent.tasksx")))
