from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agent_core.logs.columns import Level
from tests.agent_core.logs.events.made import Counted, Line, steady
from tests.agent_core.logs.traces.samples_today import SAMPLES as TODAY

PYTHON = (
    "Traceback (most recent call last):",
    '  File "/srv/shop/pay.py", line 12, in pay',
    "    go(card)",
    '  File "/srv/shop/bank.py", line 9, in go',
    "    raise Refused(card)",
    "shop.bank.Refused: card 7 is blocked",
)
JAVA = (
    'Exception in thread "main" java.lang.IllegalStateException: no till',
    "\tat com.shop.Till.open(Till.java:31)",
    "\tat com.shop.Shop.main(Shop.java:8)",
    "Caused by: java.io.IOException: till is jammed",
    "\tat com.shop.Drawer.pull(Drawer.java:77)",
    "\t... 2 more",
)


def written_apart(trace: tuple[str, ...], start: int) -> list[Line]:
    """The lines of a trace as records of their own, while others write in between."""
    lines: list[Line] = []
    for number, text in enumerate(trace):
        lines.append(Line(start + number, "pay", Level.ERROR, text))
        lines.append(Line(start + number, "web", Level.INFO, f"GET /basket/{number} took 5 ms"))
    return lines


def test_a_trace_whose_lines_have_heads_is_one_event() -> None:
    for trace, last in ((PYTHON, "card 7 is blocked"), (JAVA, "till is jammed")):
        counted = Counted().add([*steady(1000), *written_apart(trace, 200_000), *steady(200, start=300_000)])
        events = counted.digest().events
        assert (events[0].kind, events[0].component, events[0].count) == ("trace", "pay", 1)
        assert last in events[0].text
        assert (events[0].first, events[0].last) == (1001, 1011)
        assert [event for event in events[1:] if event.component == "pay"] == []


@pytest.mark.parametrize("name", ["gdb", "deno", "future", "aggregate", "assert", "rust-assert"])
@pytest.mark.parametrize("named", [True, False])
def test_so_are_those_of_further_languages_whoever_writes_in_between(name: str, named: bool) -> None:
    """The writer's name may also stand in the message, where nothing tells it from the message."""
    sample = TODAY[name]
    lines = sample.text.strip("\n").split("\n")
    apart = written_apart(tuple(lines), 200_000)
    if not named:
        apart = [one._replace(component="", text=f"{one.component}: {one.text}") for one in apart]
    counted = Counted().add([*steady(1000), *apart, *steady(200, start=300_000)])
    traces = [event for event in counted.digest().events if event.kind == "trace"]
    assert len(traces) == 1
    assert [words for words in sample.keep if words not in traces[0].text] == []


def test_equal_ones_are_counted_wherever_they_stand() -> None:
    whole = Line(200_000, "pay", Level.ERROR, "\n".join(PYTHON))
    counted = Counted().add([*steady(1000), whole, *written_apart(PYTHON, 250_000)])
    counted.add(written_apart(PYTHON, 300_000))
    assert [sighting.count for sighting in counted.statistics.sightings.known.values()] == [3]


def test_records_of_several_lines_that_are_no_trace_stay_records() -> None:
    text = "order was rejected:\n  lamp: 3 pieces\n  table: 1 piece"
    counted = Counted().add([*steady(1000), Line(200_000, "cart", Level.ERROR, text)])
    event = counted.digest().events[0]
    assert (event.kind, event.first, event.last) == ("error", 1001, 1003)
    assert event.text == text
    assert counted.statistics.sightings.known == {}


def test_huge_traces_keep_their_head_and_their_cause() -> None:
    frames = [f"\tat com.shop.Deep.call{n % 7}(Deep.java:{n})" for n in range(4000)]
    text = "\n".join([JAVA[0], *frames, *JAVA[3:]])
    counted = Counted().add([*steady(1000), Line(200_000, "pay", Level.ERROR, text)])
    event = counted.digest().events[0]
    assert event.kind == "trace"
    assert "no till" in event.text and "till is jammed" in event.text
    assert len(event.text.split("\n")) <= 12


def test_lines_of_others_inside_a_trace_do_not_end_it() -> None:
    begun = 'request failed\nTraceback (most recent call last):\n  File "a.py", line 3, in a'
    ended = '  File "b.py", line 9, in b\n    raise Refused(card)\nbank.Refused: blocked'
    lines = [
        *steady(50),
        Line(5000, "web", Level.ERROR, begun),
        Line(5001, "db", Level.INFO, "vacuum took 3 ms\n    b(card)"),
        Line(5002, "mail", Level.INFO, "letter sent"),
        Line(5003, "db", Level.INFO, f"vacuum took 4 ms\n{ended}"),
        Line(5004, "mail", Level.INFO, "settings:\n  host: a\n  port: 1"),
        *steady(50, start=6000),
    ]
    counted = Counted().add(lines)
    trace = next(iter(counted.statistics.sightings.known.values()))
    assert (trace.count, trace.first, trace.last, trace.component) == (1, 51, 60, "web")
    assert trace.text.decode() == f"{begun}\n    b(card)\n{ended}"


def test_a_trace_in_one_line_of_json_is_one() -> None:
    line = Line(
        5000, "web", Level.ERROR, "order failed\nTypeError: no price\n    at pay (/srv/shop/pay.js:4:2)"
    )
    counted = Counted()
    records = counted.maker.records([line])
    records = replace(records, lines=np.ones(1, np.int32))
    counted.statistics.add(records, counted.miner.mine(["order failed"]))
    trace = next(iter(counted.statistics.sightings.known.values()))
    assert (trace.first, trace.last) == (1, 1)
    event = counted.digest().events[0]
    assert (event.kind, event.first, event.last) == ("trace", 1, 1)
