"""Which lines are one event."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from agent_core.logs.traces import TRACE_LINE, groups, joins
from tests.agent_core.logs.traces.samples import SAMPLES as FURTHER
from tests.agent_core.logs.traces.test_java import SPRING
from tests.agent_core.logs.traces.test_javascript import CAUSE
from tests.agent_core.logs.traces.test_python import CHAINED, GROUP

SAMPLES = {"python": CHAINED, "group": GROUP, "java": SPRING, "node": CAUSE}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_trace_among_other_lines_is_one_event(name: str) -> None:
    trace = SAMPLES[name].rstrip("\n").split("\n")
    before, after = ["INFO ready", "GET /health 200"], ["2026-11-25 10:00:01 INFO next", "GET /health 200"]
    lines = [*before, *trace, *after]
    end = 2 + len(trace)
    assert groups(lines) == [(0, 1), (1, 2), (2, end), (end, end + 1), (end + 1, end + 2)]


@pytest.mark.parametrize("name", SAMPLES)
def test_each_line_joins_those_before_it(name: str) -> None:
    lines = SAMPLES[name].rstrip("\n").split("\n")
    assert all(joins(lines[:number], lines[number]) for number in range(1, len(lines)))
    assert not joins(lines, "2026-11-25 10:00:01 INFO next")
    assert not joins([], lines[0])


def test_a_line_of_another_program_parts_a_trace_and_stands_alone() -> None:
    lines = [
        "java.lang.IllegalStateException: closed",
        "\tat com.example.A.one(A.java:1)",
        "2026-11-25 10:00:01 INFO heartbeat",
        "\tat com.example.A.two(A.java:2)",
        "\tat com.example.A.three(A.java:3)",
        "plain words",
    ]
    assert groups(lines) == [(0, 2), (2, 3), (3, 5), (5, 6)]


def test_wrapped_errors_of_go_with_their_stacks_are_one() -> None:
    stack = [
        "main.run",
        "\t/app/cmd/shop/main.go:29",
        "runtime.main",
        "\t/usr/local/go/src/runtime/proc.go:271",
    ]
    lines = ["open /etc/prices: permission denied", *stack, "reading the prices", *stack, "GET /health 200"]
    assert groups(["ready", *lines]) == [(0, 1), (1, 11), (11, 12)]


CHECKED = """\
=================================== FAILURES ===================================
_________________________________ test_missing _________________________________

    def load(path):
>       return data["total"]
E       KeyError: 'total'

src/orders.py:5: KeyError
----------------------------- Captured stdout call -----------------------------
reading the order
_ TestOrders.test_a_name_that_is_so_long_that_it_fills_nearly_all_of_a_line[0-1] _

>       assert 1 + 1 == 3
E       assert (1 + 1) == 3

tests/test_orders.py:14: AssertionError
=========================== short test summary info ============================
FAILED tests/test_orders.py::test_missing - KeyError: 'total'"""


def test_what_pytest_tells_of_a_failed_test_is_one() -> None:
    lines = CHECKED.split("\n")
    assert [(begin, end) for begin, end in groups(lines) if end - begin > 1] == [(1, 8), (10, 16)]
    assert all(joins(lines[1:at], lines[at]) for at in (4, 5, 7))
    assert not joins(lines[1:8], lines[8])
    assert not joins(lines[10:16], lines[16])
    assert groups(["____ start of the service ____", "ready", "ready"]) == [(0, 1), (1, 2), (2, 3)]


def test_two_traces_that_follow_each_other_are_two() -> None:
    one = ["Traceback (most recent call last):", '  File "/a.py", line 1, in f', "    g()", "ValueError: x"]
    assert groups([*one, *one]) == [(0, 4), (4, 8)]


def test_lines_that_are_no_traces_stay_apart() -> None:
    lines = ["one", "two", "  indented", "", "Error: something", "at last", "{", "}"]
    assert groups(lines) == [(0, 1), (1, 2), (2, 3), (4, 5), (5, 6), (6, 7), (7, 8)]


def test_re2_reads_the_pattern_as_python_does() -> None:
    lines = [line for text in SAMPLES.values() for line in text.split("\n")]
    lines += [
        "",
        "plain",
        "panic: x",
        "\tmain.go:3 +0x1",
        "==12==ERROR: x",
        " 3: core::f",
        "at last",
        "\tat last",
    ]
    by_re2 = pc.match_substring_regex(pa.array(lines), TRACE_LINE.pattern).to_pylist()
    assert by_re2 == [TRACE_LINE.match(line) is not None for line in lines]
    assert sum(by_re2) > len(lines) / 3


@pytest.mark.parametrize("name", [name for name in FURTHER if name != "elixir"])
def test_further_traces_among_other_lines(name: str) -> None:
    trace = FURTHER[name].text.strip("\n").split("\n")
    end = 1 + len(trace)
    assert groups(["GET /health 200", *trace, "GET /health 200"]) == [(0, 1), (1, end), (end, end + 1)]


def test_a_line_of_the_log_before_an_error_belongs_to_it() -> None:
    lines = FURTHER["elixir"].text.strip("\n").split("\n")
    assert groups(lines) == [(0, 5)]


def test_a_message_of_several_lines_before_the_first_frame() -> None:
    lines = [
        "java.lang.RuntimeException: could not send",
        "host mail-3 said no",
        "\tat com.example.Mail.send(Mail.java:9)",
    ]
    assert groups(["ready", *lines]) == [(0, 1), (1, 4)]


def test_many_lines_are_grouped_one_after_another() -> None:
    lines = [f"\tat com.example.A.m{n}(A.java:{n})" for n in range(20_000)]
    assert groups(["com.example.Deep: x", *lines]) == [(0, 20_001)]
