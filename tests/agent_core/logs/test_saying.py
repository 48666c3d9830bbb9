"""A digest in words, and as places."""

from __future__ import annotations

from datetime import datetime

import msgspec
import pytest

from agent_core.logs.api import Chronic, CodePlace, Digest, KeyEvent, SourceFacts
from agent_core.logs.saying import as_text, headline, hits, notes, source_row, span_of

NOON = datetime(2025, 11, 24, 12, 0).astimezone().timestamp()
CRASH = KeyEvent(
    id="1", kind="trace", source="logs/app.log", first=3, last=5, level="fatal", component="orders",
    text="Traceback (most recent call last):\n"
    '  File "/srv/app/src/db.py", line 5, in connect\nOSError: gone',
    count=1200, began=NOON, ended=NOON + 90, score=9.0, why=("stack trace", "first of 14 errors"),
    places=(CodePlace("src/db.py", 5, "connect"), CodePlace("src/main.py")),
)  # fmt: skip
ODD = KeyEvent(id="2", kind="rare", source="-", first=7, last=7, text="\x1b[31mred\x1b[0m [bold]x\0")
DIGEST = Digest(
    events=(CRASH, ODD),
    chronic=tuple(Chronic(template=f"noise {n} <*>", source="-", count=9000 - n) for n in range(7)),
    sources=(
        SourceFacts(name="logs/app.log", lines=5000, bytes=10, began=NOON - 60, ended=NOON + 90, note="cut"),
        SourceFacts(name="-", lines=12),
    ),
    left_out=3,
    dropped=1,
    note="compose: docker cannot be run",
)


def test_for_people() -> None:
    assert as_text(DIGEST).split("\n") == [
        "5 key events in 2 logs, 5,012 lines, 2025-11-24 11:59:00 to 12:01:30",
        "",
        "[1] FATAL ×1,200 · logs/app.log:3 · 2025-11-24 12:00:00 to 12:01:30 · orders"
        " · stack trace, first of 14 errors",
        "    Traceback (most recent call last):",
        '      File "/srv/app/src/db.py", line 5, in connect',
        "    OSError: gone",
        "    → src/db.py:5 connect, src/main.py",
        "",
        "[2] RARE · standard input:7",
        "    red [bold]x␀",
        "",
        "Chronic, folded:",
        *(f"        {9000 - n:,}  noise {n} <*>  (standard input)" for n in range(5)),
        "    … and 2 more",
        "",
        f"({notes(DIGEST)})",
    ]


def test_what_was_left_out() -> None:
    assert notes(DIGEST) == (
        "compose: docker cannot be run; 3 further key events; --limit shows more;"
        " 1 time-out of the model client dropped; logs/app.log: cut"
    )
    assert notes(Digest()) == ""
    named = SourceFacts(name="a.log", note="a.log is left out: it is binary")
    assert notes(Digest(sources=(named, SourceFacts(name="b.log")))) == named.note


def test_recurring_errors_are_not_nothing() -> None:
    noise = (
        Chronic(template="boom <*>", source="a.log", count=1200, level="error"),
        Chronic(template="slow", source="a.log", count=7, level="warn"),
    )
    text = as_text(Digest(sources=(SourceFacts(name="a.log", lines=1300),), chronic=noise))
    assert text.startswith("nothing stands out but 1,200 recurring errors in a.log, 1,300 lines")
    assert "    1,200  ERROR boom <*>  (a.log)" in text


def test_nothing() -> None:
    assert as_text(Digest()).startswith("No logs were found. Found by themselves are")
    quiet = Digest(sources=(SourceFacts(name="a.log", lines=1),))
    assert as_text(quiet) == headline(quiet) == "nothing stands out in a.log, 1 line"


def test_places_of_the_code_come_before_those_of_the_logs() -> None:
    found = hits(DIGEST, lambda name: name == "logs/app.log")
    assert [(hit.path, hit.start, hit.end, hit.why) for hit in found] == [
        ("src/db.py", 5, 5, "in connect"),
        ("src/main.py", 1, 1, "named in a stack trace"),
        ("logs/app.log", 3, 5, "stack trace; first of 14 errors"),
    ]
    assert [hit.text for hit in found] == ["[1] OSError: gone", "[1] OSError: gone", CRASH.text]


@pytest.mark.parametrize("moment", [-1e18, 1e18, float("nan"), float("inf"), -62_135_596_801.0])
def test_times_that_there_cannot_be(moment: float) -> None:
    event = msgspec.structs.replace(CRASH, began=moment, ended=NOON)
    assert "logs/app.log:3" in as_text(msgspec.structs.replace(DIGEST, events=(event,)))


def test_spans() -> None:
    assert span_of(None, NOON) == ""
    assert span_of(NOON, None) == "2025-11-24 12:00:00"
    assert span_of(NOON, NOON + 86_400) == "2025-11-24 12:00:00 to 2025-11-25 12:00:00"
    now = datetime.now().astimezone().replace(hour=0, minute=0, second=0).timestamp()
    assert span_of(now, now + 1) == "00:00:00 to 00:00:01"


def test_a_source_in_a_list() -> None:
    assert (
        source_row(SourceFacts(name="a\n.log", bytes=2048, note="1 older file"))
        == "a .log, 2.0 KB, 1 older file"
    )
