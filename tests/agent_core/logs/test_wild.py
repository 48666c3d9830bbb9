"""Times that a broken clock wrote."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.logs.columns import NO_TIME
from agent_core.logs.formats.wild import Sound
from agent_core.logs.mining.miner import Miner
from agent_core.logs.pipeline import Pipeline

NOW = 1_780_000_000.0
NOW_MS, DAY_MS = int(NOW * 1000), 86_400_000
LINES = [f"2026-05-21T10:{n // 60:02}:{n % 60:02}Z INFO web: ready" for n in range(300)]
WILD = ("9999-05-21T10:00:00Z", "1970-01-01T00:00:07Z", "2011-05-21T10:00:00Z", "2031-01-01T00:00:00Z")


def sound(*blocks: list[int]) -> list[int | None]:
    bulk = Sound(NOW_MS)
    found = [time for block in blocks for time in bulk.of(np.array(block, np.int64)).tolist()]
    return [None if time == NO_TIME else time for time in found]


def counted(lines: list[str], *, size: int = 1 << 20, since: float | None = None) -> Pipeline:
    pipeline = Pipeline("app.log", miner=Miner(), now=NOW, since=since)
    data = "".join(f"{line}\n" for line in lines).encode()
    for start in range(0, len(data), size):
        pipeline.feed(data[start : start + size])
    pipeline.finish()
    return pipeline


@pytest.mark.parametrize("size", [1 << 20, 100])
@pytest.mark.parametrize("at", [100, 300])
@pytest.mark.parametrize("stamp", WILD)
def test_a_wild_time_stretches_nothing_and_is_of_the_record_before(stamp: str, at: int, size: int) -> None:
    pipeline = counted([*LINES[:at], f"{stamp} ERROR disk: corrupt", *LINES[at:]], size=size)
    kinds = pipeline.statistics.kinds.view
    first, last = 1_779_357_600_000, 1_779_357_600_000 + 299_000
    assert (int(kinds["began"].min()), int(kinds["ended"].max())) == (first, last)
    error = kinds[kinds["gravity"] == 2]
    assert error["began"].tolist() == error["ended"].tolist() == [first + 1000 * (at - 1)]


def test_a_wild_first_time_is_of_the_record_behind() -> None:
    kinds = counted(["9999-05-21T10:00:00Z ERROR disk: corrupt", *LINES]).statistics.kinds.view
    assert set(kinds["began"].tolist()) == {1_779_357_600_000}


def test_a_wild_time_is_not_later_than_what_is_asked_for() -> None:
    lines = [*LINES[:100], "9999-05-21T10:00:00Z ERROR disk: corrupt", *LINES[100:]]
    asked = 1_779_357_600 + 200
    pipeline = counted(lines, since=asked)
    assert (pipeline.statistics.records, pipeline.latest) == (100, (asked + 99) * 1000)
    nothing = counted(lines, since=asked + 1000)
    assert (nothing.statistics.records, nothing.latest) == (0, (asked + 99) * 1000)


def test_a_log_that_is_seldom_written_keeps_its_times() -> None:
    years = [NOW_MS - 700 * DAY_MS * n for n in (9, 7, 4, 2, 1, 0)]
    assert sound(years) == sound(*([year] for year in years)) == years


def test_a_clock_that_was_set_back_for_good_is_believed_in_the_end() -> None:
    old = [NOW_MS - 1000 * DAY_MS + n for n in range(40)]
    found = sound([NOW_MS] * 20, *([time] for time in old))
    assert found[20] is None
    assert found[-1] == old[-1]


@given(st.lists(st.lists(st.integers(0, NOW_MS // DAY_MS), max_size=20), max_size=6))
def test_times_in_order_are_all_sound(days: list[list[int]]) -> None:
    flat = iter(sorted(day for block in days for day in block))
    blocks = [[next(flat) * DAY_MS for _ in block] for block in days]
    expected = [time if time >= 365 * DAY_MS else None for block in blocks for time in block]
    assert sound(*blocks) == expected
