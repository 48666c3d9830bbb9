"""Answers are checked where they are typed, and say what is wanted."""

from __future__ import annotations

from typing import Any

import pytest

from agent_core.forms import Field, Given, is_about_secrets, problem_in, wanted


def field(kind: Any = "text", **more: Any) -> Field:
    return Field(title="It", kind=kind, **more)


@pytest.mark.parametrize(
    ("asked", "given", "problem"),
    [
        (field(required=True), "  ", "An answer is wanted"),
        (field(), "", ""),
        (field(least=2.0), "", ""),
        (field(least=2.0, most=3.0), "a", "2 to 3 characters: these are 1"),
        (field(most=3.0), "abcd", "At most 3 characters: these are 4"),
        (field(), "x" * 4_001, "4,000 characters are the most"),
        (field(format="email"), "a@b.example", ""),
        (field(format="email"), "a@b", "An e-mail address is wanted"),
        (field(format="uri"), "https://a.example/x", ""),
        (field(format="uri"), "a b", "An address such as https://example.com is wanted"),
        (field(format="uri"), "http://[", "An address such as https://example.com is wanted"),
        (field(format="date"), "2024-02-29", ""),
        (field(format="date"), "2025-02-29", "A date such as 2026-01-31 is wanted"),
        (field(format="date"), "20240229", "A date such as 2026-01-31 is wanted"),
        (field(format="date-time"), "2026-01-31T12:00:00Z", ""),
        (field(format="date-time"), "2026-01-31T12:00:00.5+01:00", ""),
        (field(format="date-time"), "2026-01-31T12:00:00", "A time such as 2026-01-31T12:00:00Z is wanted"),
        (field("int", least=1.0, most=8.0), "9", "It has to be 1 to 8"),
        (field("int", least=1.0), "x", "A whole number, at least 1 is wanted"),
        (field("int"), "1.0", "A whole number is wanted"),
        (field("int"), "1" * 5_000, "4,000 characters are the most"),
        (field("int"), "1_0", "A whole number is wanted"),
        (field("number"), " 1.5e3 ", ""),
        (field("number"), "1e999", "A number is wanted"),
        (field("number"), "nan", "A number is wanted"),
        (field("number", most=0.5), "0.6", "It has to be at most 0.5"),
        (field("choice", options=("a", "b"), required=True), (), "One has to be chosen"),
        (field("choice", options=("a", "b")), (2,), "That is none of the options"),
        (field("choice", options=("a", "b")), "a", "One of the options is wanted"),
        (field("choices", options=("a", "b", "c"), least=2.0), (1,), "Tick at least 2 of them"),
        (field("choices", options=("a", "b", "c"), most=1.0), (1, 2), "Tick at most 1 of them"),
        (field("choices", options=("a", "b", "c"), least=2.0), (), ""),
        (field(), (0,), "That is none of the options"),
    ],
)
def test_answers_are_checked(asked: Field, given: Given, problem: str) -> None:
    assert problem_in(asked, given) == problem


def test_what_is_wanted_is_said() -> None:
    assert wanted(field()) == ""
    assert wanted(field(format="email", most=50.0)) == "an e-mail address, at most 50 characters"
    assert wanted(field("int", least=0.0, most=1_000_000.0)) == "a whole number, 0 to 1,000,000"
    assert wanted(field("choices", least=1.0, most=1.0)) == "tick 1"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        *(("userPassword", True), ("api_key", True), ("OPENAI-API-KEY", True), ("access_token", True)),
        *(("Your PIN, please", True), ("card number", True), ("seed phrase", True), ("passwd", True)),
        *(("name", False), ("spin", False), ("monkey", False), ("passenger", False), ("keyboard", False)),
    ],
)
def test_secrets_are_known_by_their_names(text: str, secret: bool) -> None:
    assert is_about_secrets(text) is secret
