"""What is shown of a trace, within its bounds, and of what is no trace."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_core.logs.traces import collapse, groups, joins, mentioned, parse, places, signature
from agent_core.text import printable
from tests.agent_core.logs.traces.samples import SAMPLES
from tests.agent_core.logs.traces.test_java import SPRING
from tests.agent_core.logs.traces.test_javascript import CAUSE
from tests.agent_core.logs.traces.test_python import CHAINED, GROUP

TEXTS = [*(sample.text for sample in SAMPLES.values()), SPRING, CAUSE, CHAINED, GROUP]
ODD = (
    "\x00",
    "\x1b[31m",
    "\u202e",
    "(",
    ")",
    "[",
    "'",
    '"',
    "\\n\\tat ",
    '{"stack":"',
    " ---> ",
    "  | ",
    "\t",
)
PIECES = [*sorted({line for text in TEXTS for line in text.splitlines()}), *ODD]


def everything(text: str) -> str:
    """All that is done with the text of an event; what is shown."""
    lines = text.split("\n")
    groups(lines)
    joins(lines[:-1], lines[-1])
    mentioned(text, known=lambda path: path)
    trace = parse(text)
    if trace is not None:
        signature(trace)
        places(trace, known=lambda path: path)
    return collapse(text)


def fits(shown: str) -> bool:
    lines = shown.split("\n")
    return len(lines) <= 12 and all(len(line) <= 240 for line in lines) and printable(shown) == shown


@given(st.lists(st.sampled_from(PIECES), max_size=60), st.sampled_from(["\n", "", " "]))
@settings(deadline=None)
def test_whatever_the_text_the_bounds_hold(pieces: list[str], between: str) -> None:
    assert fits(everything(between.join(pieces)))


@given(st.text(max_size=400))
@settings(deadline=None)
def test_any_text_at_all(text: str) -> None:
    assert fits(everything(text))


@pytest.mark.parametrize("filler", ["a", " ", "(", ":", "a.", "/", "1", "::", "[a]", "\t", '"', "at ", "x/"])
def test_long_lines_behind_each_form(filler: str) -> None:
    for piece in PIECES[::5]:
        assert fits(collapse(piece + filler * (200_000 // len(filler))))


def test_ten_thousand_frames() -> None:
    chance = random.Random(7)
    calls = (f"\tat com.example.A{n}.m{chance.randrange(99)}(A{n}.java:{n})\n" for n in range(10_000))
    shown = collapse(
        "com.example.Deep: too deep\n" + "".join(calls) + "Caused by: a.b.Root: it\n\tat a.b.C.d(C.java:3)"
    )
    assert fits(shown)
    for words in ("com.example.Deep: too deep", "Caused by: a.b.Root: it", "C.java:3"):
        assert words in shown


def test_of_a_very_long_chain_the_first_the_last_and_the_names_between_stay() -> None:
    links = (f"Caused by: a.E{n}: message {n}\n\tat a.C{n}.m(C{n}.java:{n})\n" for n in range(1, 30))
    shown = collapse("a.E0: start\n\tat a.C0.m(C0.java:1)\n" + "".join(links))
    assert fits(shown)
    for words in ("a.E0: start", "a.E1: message 1", "a.E5", "Caused by: a.E29: message 29", "C29.java:29"):
        assert words in shown


def test_nothing_in_it_draws() -> None:
    shown = collapse(
        'Traceback (most recent call last):\n  File "/a.py", line 1, in f\nValueError: \x1b[2Jx\x00\u202ey'
    )
    assert shown.splitlines()[0] == "ValueError: x␀⟨U+202E⟩y"


def test_frames_of_the_workspace_count_where_it_knows_them() -> None:
    text = """\
Traceback (most recent call last):
  File "/srv/lib/python3.11/site-packages/shop/cart.py", line 4, in add
    check(item)
  File "/srv/tools/run.py", line 9, in check
    raise ValueError(item)
ValueError: 7
"""
    assert "run.py" in collapse(text)
    owned = collapse(text, own=lambda path: "shop/cart.py" if "shop/cart" in path else None)
    assert 'site-packages/shop/cart.py", line 4, in add' in owned
    assert "run.py" not in owned


def test_traces_inside_of_other_logs_are_found_without_their_heads() -> None:
    lines = SAMPLES["php"].text.splitlines()
    compose = "\n".join(f"web-1  | {line}" for line in CHAINED.splitlines())
    stamped = "\n".join(f"2026-11-25 10:00:00,123 ERROR [worker-3] {line}" for line in SPRING.splitlines())
    syslog = "\n".join(f"Nov 25 10:00:00 host1 shop[812]: {line}" for line in lines)
    assert "KeyError: 'XAU'" in collapse(compose) and "web-1" not in collapse(compose)
    assert "Caused by: java.sql.SQLException" in collapse(stamped)
    trace = parse(syslog)
    assert trace is not None and trace.language == "php"


def test_a_trace_packed_into_json_is_laid_out() -> None:
    stack = """\
a.PayException: gateway said 402
\tat a.Pay.charge(Pay.java:77)
Caused by: java.io.IOException: Broken pipe
\tat a.Gate.send(Gate.java:19)
\t... 5 more
"""
    text = json.dumps({"level": "ERROR", "message": "payment failed for order 8812", "stack_trace": stack})
    assert collapse(text).splitlines() == [
        "payment failed for order 8812",
        "a.PayException: gateway said 402",
        "  at a.Pay.charge(Pay.java:77)",
        "Caused by: java.io.IOException: Broken pipe",
        "  at a.Gate.send(Gate.java:19)",
    ]


def test_what_is_no_trace_keeps_its_telling_lines() -> None:
    table = "\n".join(f"   step {n}: checked row {n}" for n in range(300))
    shown = collapse(
        f"import of prices began\n{table}\ncannot read rates.csv: ENOENT\nsrc/rates.py:41 gave up\nend"
    )
    assert fits(shown)
    for words in (
        "import of prices began",
        "× 300",
        "cannot read rates.csv: ENOENT",
        "src/rates.py:41 gave up",
    ):
        assert words in shown


def test_short_texts_stay_as_they_are() -> None:
    assert collapse("") == ""
    assert collapse("one line only") == "one line only"
    assert parse("plain\n  at last\nwords") is None
