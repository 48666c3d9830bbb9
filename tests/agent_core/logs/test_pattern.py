"""Patterns as people type them: what matches, where, and that none takes long."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.logs.pattern import pattern_of

LINE = "10:00:02 ERROR f(x: could not connect to Ärger:5432, ärger"


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("error", ["ERROR"]),
        ("Error", []),
        ("ärger", ["Ärger", "ärger"]),
        (r"\d{4}", ["5432"]),
        ("^10|ärger$", ["10", "ärger"]),
        ("f(x", ["f(x"]),
        ("*", []),
        (r"(?<=f)\(", []),
        ("x*", ["x"]),
    ],
)
def test_what_matches_and_where(typed: str, found: list[str]) -> None:
    pattern = pattern_of(typed)
    spans = pattern.spans([LINE, ""])
    assert [LINE[start:end] for start, end in spans[0]] == found
    assert spans[1] == ()
    assert pattern.matching([LINE, "nothing of it"])[0] == (bool(found) or typed == "x*")


def test_what_is_no_regular_expression_is_plain_text() -> None:
    assert pattern_of("f(x").literal
    assert pattern_of(r"(a)\1").literal
    assert not pattern_of("(a+)+$").literal


def test_a_pattern_that_explodes_elsewhere_is_answered() -> None:
    line = "a" * 4000 + "!"
    pattern = pattern_of("(a+)+$")
    assert pattern.matching([line] * 100) == [False] * 100
    assert pattern.spans([line]) == [()]


@given(st.text(st.sampled_from("ab(|)*+?.[]\\^${}ä "), max_size=8), st.text("abä. ", max_size=12))
def test_spans_are_where_it_matches(typed: str, line: str) -> None:
    pattern = pattern_of(typed)
    (spans,) = pattern.spans([line])
    assert all(0 <= start < end <= len(line) for start, end in spans)
    assert [start for start, _ in spans] == sorted({start for start, _ in spans})
    if spans:
        assert pattern.matching([line]) == [True]
    if pattern.literal and typed:
        said = [(m.start(), m.end()) for m in re.finditer(re.escape(typed), line, re.IGNORECASE)]
        assert list(spans) == said
