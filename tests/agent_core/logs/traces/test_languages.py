"""What is read of the traces of further languages."""

from __future__ import annotations

import pytest

from agent_core.logs.traces import Trace, collapse, parse
from agent_core.logs.traces.model import Fault
from tests.agent_core.logs.traces.samples import SAMPLES as KNOWN
from tests.agent_core.logs.traces.samples_today import SAMPLES as TODAY

SAMPLES = {**KNOWN, **TODAY}


def read(name: str) -> Trace:
    trace = parse(SAMPLES[name].text)
    assert trace is not None
    return trace


def innermost(fault: Fault) -> tuple[str, str, int]:
    frame = next(frame for frame in fault.frames if not frame.library)
    return frame.function, frame.path, frame.line


@pytest.mark.parametrize("name", SAMPLES)
def test_what_must_be_seen_is_shown(name: str) -> None:
    sample = SAMPLES[name]
    shown = collapse(sample.text)
    assert read(name).language == sample.language
    assert [words for words in sample.keep if words not in shown] == []
    assert len(shown.splitlines()) <= 12
    assert len(shown) < len(sample.text)


def test_go_counts_from_where_it_panicked_not_from_what_was_deferred() -> None:
    assert innermost(read("go-repanic").root) == ("main.pick", "/srv/app/pick.go", 7)
    function, path, line = innermost(read("go-handler").root)
    assert (function.rpartition("/")[2], path, line) == (
        "cart.(*Store).Add",
        "/build/internal/cart/store.go",
        42,
    )
    libraries = {frame.library for frame in read("go-handler").root.frames}
    assert libraries == {"", "go", "github.com/go-chi/chi"}


def test_other_goroutines_follow_and_count_in_a_deadlock() -> None:
    trace = read("go-deadlock")
    assert [(fault.text, fault.relation) for fault in trace.faults] == [
        ("fatal error: all goroutines are asleep - deadlock!", ""),
        ("goroutine 18 [chan send]:", "member"),
    ]
    assert "goroutine 1 [semacquire]:" in trace.root.notes


def test_rust_has_its_message_with_its_head_and_the_frame_once() -> None:
    root = read("rust").root
    assert root.message == "quantity must be a number: Parse(ParseIntError { kind: InvalidDigit })"
    assert [frame.library for frame in root.frames] == ["rust", "rust", "", "tokio"]
    assert innermost(root) == ("shop::amount::total", "./src/amount.rs", 6)
    assert innermost(read("rust-old").root) == ("", "src/cart.rs", 88)


def test_causes_that_anyhow_lists() -> None:
    trace = read("anyhow")
    assert [(fault.message, fault.relation) for fault in trace.faults] == [
        ("could not start the importer", ""),
        ("reading config /etc/importer.toml", "cause"),
        ('invalid type: string "x", expected u16 at line 3', "cause"),
    ]


def test_frames_of_dotnet_belong_to_the_exception_that_they_are_of() -> None:
    faults = read("dotnet").faults
    assert [fault.kind.rpartition(".")[2] for fault in faults] == [
        "AggregateException",
        "ImportException",
        "FormatException",
    ]
    assert [innermost(fault)[2] for fault in faults] == [9, 21, 17]


def test_php_tells_the_cause_first_and_is_turned_round() -> None:
    faults = read("php").faults
    assert [(fault.kind, fault.relation) for fault in faults] == [
        ("App\\StoreException", ""),
        ("PDOException", "cause"),
    ]
    assert innermost(faults[1]) == ("", "/var/www/src/Db.php", 23)
    assert [frame.library for frame in faults[1].frames] == ["", "", "acme/orm"]


def test_ruby_new_and_old() -> None:
    faults = read("ruby").faults
    assert [(fault.kind, fault.relation) for fault in faults] == [
        ("Ledger::OpenError", ""),
        ("Errno::ENOENT", "cause"),
    ]
    assert [frame.function for frame in read("ruby-old").root.frames] == ["price", "total", "<main>"]


def test_sections_of_a_sanitizer_have_stacks_of_their_own() -> None:
    trace = read("asan")
    assert [(fault.kind, fault.relation) for fault in trace.faults] == [
        ("AddressSanitizer", ""),
        ("freed by thread T0 here", "member"),
    ]
    assert innermost(trace.root) == ("use", "/srv/dec/codec.c", 6)
    assert [frame.library for frame in trace.root.frames] == ["", "", "libc", "libc"]


def test_failures_of_pytest() -> None:
    text = """\
___________________________ test_total ____________________________
tests/test_cart.py:12: in test_total
    assert total(["b"]) == 2
shop/cart.py:3: in total
    return prices[name]
E   KeyError: 'b'
=================== short test summary info ====================
FAILED tests/test_cart.py::test_total - KeyError: 'b'
"""
    trace = parse(text)
    assert trace is not None
    assert (trace.root.kind, trace.root.message) == ("KeyError", "'b'")
    assert [(frame.path, frame.line) for frame in trace.root.frames] == [
        ("shop/cart.py", 3),
        ("tests/test_cart.py", 12),
    ]
    assert "test_total" in collapse(text)


def test_a_traceback_that_came_out_of_a_jvm() -> None:
    text = """\
Traceback (most recent call last):
  File "/srv/jobs/daily.py", line 40, in <module>
    df.write.parquet(out)
  File "/opt/spark/python/lib/py4j-0.10.9.7-src.zip/py4j/protocol.py", line 326, in get_return_value
py4j.protocol.Py4JJavaError: An error occurred while calling o57.parquet.
: org.apache.spark.SparkException: Job aborted due to stage failure
\tat org.apache.spark.scheduler.DAGScheduler.fail(DAGScheduler.scala:2785)
Caused by: java.lang.ArithmeticException: Division by zero in column rate
\tat com.example.udf.Rate.call(Rate.java:15)
\t... 3 more
"""
    trace = parse(text)
    assert trace is not None
    assert trace.root.kind == "java.lang.ArithmeticException"
    shown = collapse(text)
    for words in ("Py4JJavaError", "daily.py", "Job aborted", "Division by zero", "Rate.java:15"):
        assert words in shown
