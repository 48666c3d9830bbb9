"""What a question is taken to look for."""

from __future__ import annotations

import pytest

from agent_core.index.question import read_question


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Fix setUp of test_case", ("=setup", "=testcase")),
        ("`Mockito.mockStatic` leaks", ("=mockstatic",)),
        ("no-unused-vars ignores rest siblings", ("=nounusedvars",)),
        ("log.setLevel is slow", ("=setlevel",)),
        ("conftest.py is not read", ("=conftest",)),
        ("drop series from the WAL", ()),
        ("setUp and set_up", ("=setup",)),
        ("", ()),
    ],
)
def test_names_are_those_that_are_spelled_out(text: str, names: tuple[str, ...]) -> None:
    assert read_question(text).wanted.names == names


def test_single_words_are_names_when_they_are_spoken_of_as_such() -> None:
    assert read_question("where is verify defined").wanted.spoken == ("verify",)
    assert read_question("verify the WAL").wanted.spoken == ()


def test_terms_carry_the_words_behind_them() -> None:
    question = read_question("retrying connections")
    assert [question.words[term] for term in question.wanted.terms] == ["retrying", "connections"]
