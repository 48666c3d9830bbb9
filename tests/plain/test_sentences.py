"""Answers that stream come in whole sentences and lines, whatever their pieces."""

from __future__ import annotations

import pytest

from tui.plain.sentences import Sentences

ANSWER = (
    "It is defined in src/parser.py:1, and nowhere else. It takes one line. e.g. a header.\n\n"
    "- first thing\n- second thing\n\n```python\nx = 1. + 2.\n\n    y = 3\n```\nThat is all of it"
)
LINES = [
    "It is defined in src/parser.py:1, and nowhere else.",
    "It takes one line. e.g. a header.",
    "- first thing",
    "- second thing",
    "Code, python:",
    "x = 1. + 2.",
    "",
    "    y = 3",
    "End of the code.",
    "That is all of it",
]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 40, 1000])
def test_the_pieces_make_no_difference(size: int) -> None:
    sentences, lines = Sentences(), []
    for start in range(0, len(ANSWER), size):
        lines += sentences.feed(ANSWER[start : start + size])
    assert [*lines, *sentences.end()] == LINES


def test_a_sentence_is_told_when_it_ends_and_no_letter_earlier() -> None:
    sentences = Sentences()
    assert sentences.feed("This is the beginning of a sentence") == []
    assert sentences.feed(", and this its end. And") == [
        "This is the beginning of a sentence, and this its end."
    ]
    assert sentences.end() == ["And"]


def test_what_never_ends_is_told_at_a_space() -> None:
    sentences = Sentences()
    told = sentences.feed("word " * 200)
    assert len(told) == 2
    assert all(line.endswith("word") and len(line) <= 400 for line in told)


def test_nothing_in_it_can_draw() -> None:
    sentences = Sentences()
    lines = [
        *sentences.feed("A \x1b[31mred\x1b[0m word, \x07 a bell, \u202eturned round.\n"),
        *sentences.end(),
    ]
    assert lines == ["A red word, ␇ a bell, ⟨U+202E⟩turned round."]


@pytest.mark.parametrize("mark", ["````", "~~~"])
def test_code_that_has_marks_of_code_in_it_ends_where_it_ends(mark: str) -> None:
    answer = f"Here:\n\n{mark}markdown\nUse it:\n```python\nx = 1\n```\n{mark}\n\nThat is all."
    for size in (1, 5, 1000):
        sentences, lines = Sentences(), []
        for start in range(0, len(answer), size):
            lines += sentences.feed(answer[start : start + size])
        assert [*lines, *sentences.end()] == [
            *("Here:", "Code, markdown:", "Use it:", "```python", "x = 1", "```", "End of the code."),
            "That is all.",
        ]
