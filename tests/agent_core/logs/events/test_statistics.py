from __future__ import annotations

import random
from collections import Counter

import numpy as np

from agent_core.logs.columns import NO_TIME, Level
from agent_core.logs.events.axis import Axis, Clock, moved
from agent_core.logs.events.rows import GRAVITY, SEEN
from agent_core.logs.events.statistics import MOST_KINDS, Statistics
from agent_core.logs.mining.miner import Miner
from tests.agent_core.logs.events.made import NINE, Counted, Line, Maker

TRACE = (
    'Traceback (most recent call last):\n  File "shop/pay.py", line 12, in pay\n    go()\nValueError: no card'
)


def traffic(count: int, seed: int) -> list[Line]:
    rng = random.Random(seed)
    words = ("opened", "closed", "moved", "asked for", "gave up on")
    levels = (Level.INFO, Level.INFO, Level.WARN, Level.ERROR, Level.UNKNOWN)
    at, lines = 0, []
    for _ in range(count):
        at += rng.randrange(0, 900)
        said = f"{rng.choice(words)} box {rng.randrange(9999)}"
        text = TRACE if rng.random() < 0.02 else said
        lines.append(Line(at, rng.choice(("a", "b", "c")), rng.choice(levels), text))
    return lines


def counted_in_blocks(lines: list[Line], size: int) -> Counted:
    counted = Counted()
    for start in range(0, len(lines), size):
        counted.add(lines[start : start + size])
    return counted


def summary(counted: Counted) -> dict[tuple[str, str, int], tuple[object, ...]]:
    """Everything that is counted of each kind, named by its template and component."""
    names = ("count", "first", "last", "began", "ended", "traced")
    kinds = counted.statistics.kinds.view
    return {
        (
            counted.miner.template(int(kind["template"])),
            counted.statistics.components[int(kind["component"])],
            int(kind["gravity"]),
        ): (
            *(int(kind[name]) for name in names),
            tuple(kind["levels"].tolist()),
            tuple(kind["seen_line"][: kind["seen"]].tolist()),
            counted.statistics.examples[place],
        )
        for place, kind in enumerate(kinds)
    }


def test_each_kind_is_counted_as_by_hand() -> None:
    lines = traffic(3000, 1)
    counted = counted_in_blocks(lines, 700)
    by_hand = Counter((one.component, int(GRAVITY[one.level])) for one in lines if "opened" in one.text)
    kinds = {key: value for key, value in summary(counted).items() if "opened" in key[0]}
    assert {(by, grave): value[0] for (_, by, grave), value in kinds.items()} == by_hand
    for (_, by, grave), value in kinds.items():
        own = [
            (number, one)
            for number, one in zip(_firsts(lines), lines, strict=True)
            if one.component == by and GRAVITY[one.level] == grave and "opened" in one.text
        ]
        assert value[1:5] == (own[0][0], own[-1][0], NINE + (own[0][1].at or 0), NINE + (own[-1][1].at or 0))
        assert value[7] == tuple(number for number, _ in own[:SEEN])
        assert value[8] == own[0][1].text.encode()
    grave = Counter(int(GRAVITY[one.level]) for one in lines)
    assert counted.statistics.chart.spans.sum(axis=1).tolist() == [grave[0], grave[1], grave[2]]


def _firsts(lines: list[Line]) -> list[int]:
    firsts, number = [], 1
    for one in lines:
        firsts.append(number)
        number += one.text.count("\n") + 1
    return firsts


def test_where_blocks_are_cut_makes_no_difference() -> None:
    lines = traffic(2000, 2)
    assert summary(counted_in_blocks(lines, 2000)) == summary(counted_in_blocks(lines, 37))


def test_peaks_and_gaps_do_not_depend_on_where_blocks_are_cut() -> None:
    rng = random.Random(4)
    lines = [Line(10_000 * n + rng.randrange(9), "a", Level.INFO, f"beat {n}") for n in range(400)]
    lines += [Line(2_000_000 + 40 * n, "b", Level.WARN, f"slow query {n}") for n in range(500)]
    lines += [Line(3_000_000 + 70 * n, "b", Level.WARN, f"slow query {n}") for n in range(400)]
    lines = [one for one in lines if one.component == "b" or not 150 <= int(one.text.split()[1]) < 170]
    lines.sort(key=lambda one: one.at or 0)
    names = ["peak", "peak_slot", "peak_line", "second", "gap", "gap_began", "gap_lines"]
    whole, cut = (counted_in_blocks(lines, size).statistics.kinds.view for size in (len(lines), 17))
    assert all(np.array_equal(whole[name], cut[name]) for name in names)
    assert np.allclose(whole["squares"], cut["squares"])
    beats, queries = whole
    assert [lines[number - 1].text for number in beats["gap_lines"]] == ["beat 149", "beat 170"]
    assert (queries["peak"], queries["second"]) == (250, 143)
    assert lines[queries["peak_line"] - 1].text == "slow query 0"


def test_templates_that_became_one_are_added_up() -> None:
    counted = Counted().add(
        [Line(0, "a", Level.INFO, "cup is red"), Line(9, "a", Level.INFO, "cup is blue")] * 3
        + [Line(20, "a", Level.ERROR, "cup is blue")]
    )
    red, blue = counted.miner.mine(["cup is red", "cup is blue"]).tolist()
    counted.statistics.fold(lambda ids: np.where(ids == blue, red, ids).astype(np.int32))
    kinds = counted.statistics.kinds.view
    assert sorted(zip(kinds["gravity"].tolist(), kinds["count"].tolist(), strict=True)) == [(0, 6), (2, 1)]
    assert kinds["seen_line"][0][:6].tolist() == [1, 2, 3, 4, 5, 6]
    counted.add([Line(30, "a", Level.INFO, "cup is red")])
    assert counted.statistics.kinds.view["count"].sum() == 8


def test_a_template_of_countless_writers_has_few_kinds() -> None:
    counted = Counted()
    for start in range(0, 400, 100):
        counted.add([Line(n, f"job-{n}", Level.INFO, "done") for n in range(start, start + 100)])
    kinds = counted.statistics.kinds.view
    assert len(kinds) <= 20
    assert kinds["count"].sum() == 400


def test_kinds_are_bounded_and_errors_stay() -> None:
    statistics, maker, miner = Statistics(), Maker(), Miner()
    grave = maker.records([Line(0, "a", Level.ERROR, "boiler burst")])
    statistics.add(grave, miner.mine(["boiler burst"]))
    for start in range(0, MOST_KINDS + 4000, 4000):
        names = [_spelled(number) for number in range(start, start + 4000)]
        records = maker.records([Line(5, "a", Level.INFO, name) for name in names])
        statistics.add(records, np.arange(start + 1, start + 4001, dtype=np.int32))
    kinds = statistics.kinds.view
    assert len(kinds) <= MOST_KINDS
    assert len(statistics.examples) == len(kinds)
    assert b"boiler burst" in statistics.examples
    assert kinds["count"].sum() + statistics.forgotten == statistics.records


def _spelled(number: int) -> str:
    return "item " + "".join(chr(97 + int(digit)) for digit in str(number))


def test_a_clock_fills_what_is_missing() -> None:
    clock = Clock()
    filled = clock.fill(np.array([NO_TIME, NINE, NO_TIME, NO_TIME, NINE + 5]))
    assert filled.tolist() == [NINE, NINE, NINE, NINE, NINE + 5]
    assert clock.fill(np.array([NO_TIME, NO_TIME])).tolist() == [NINE + 5, NINE + 5]
    assert clock.dated


def test_a_log_without_times_goes_at_an_even_pace() -> None:
    clock = Clock()
    first, second = (clock.fill(np.full(3, NO_TIME)).tolist() for _ in range(2))
    assert [*first, *second] == sorted({*first, *second})
    assert not clock.dated


def test_an_axis_widens_both_ways_and_loses_nothing() -> None:
    rng = random.Random(6)
    axis, counts, total = Axis(8), np.zeros((2, 8), np.int64), 0
    for _ in range(60):
        times = np.array([NINE + rng.randrange(-(10**9), 10**9) for _ in range(5)])
        places = axis.fit(int(times.min()), int(times.max()))
        if places is not None:
            counts = moved(counts, places)
        np.add.at(counts[1], axis.bucket(times), 1)
        total += 5
    assert counts.sum(axis=1).tolist() == [0, total]
