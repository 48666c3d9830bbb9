"""Reasoning tags in streamed text, wherever the pieces are cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.llm.port import ReasoningChunk
from agent_core.llm.reasoning import ReasoningSplitter


def split(pieces: list[str]) -> tuple[str, str]:
    """Reasoning and answer."""
    splitter = ReasoningSplitter()
    chunks = [chunk for piece in pieces for chunk in splitter.feed(piece)] + splitter.finish()
    reasoning = "".join(chunk.text for chunk in chunks if isinstance(chunk, ReasoningChunk))
    return reasoning, "".join(chunk.text for chunk in chunks if not isinstance(chunk, ReasoningChunk))


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("plain", "", "plain"),
        ("<think>a</think>b", "a", "b"),
        ("\n <think>\na\n</think>\n\nb\n", "\na\n", "b\n"),
        ("<thinking>a</thinking>b", "a", "b"),
        ("<think>a</think><think>c</think>b", "ac", "b"),
        ("<think></think>\n\nb", "", "b"),
        ("<think>never closed", "never closed", ""),
        ("<think>a</thin", "a</thin", ""),
        ("b <think>a</think>", "", "b <think>a</think>"),
        ("<thin air", "", "<thin air"),
        ("<th", "", "<th"),
        ("  \n", "", "  \n"),
        ("  indented", "", "  indented"),
        ("a < b </think> c", "", "a < b </think> c"),
    ],
)
def test_every_cut_gives_the_same(text: str, reasoning: str, answer: str) -> None:
    assert split([text]) == (reasoning, answer)
    assert split(list(text)) == (reasoning, answer)
    for place in range(len(text)):
        assert split([text[:place], text[place:]]) == (reasoning, answer)


@given(
    st.lists(st.sampled_from(["<think>", "</think>", "<", "think", ">", "a", "\n", "</", " "]), max_size=12)
)
def test_pieces_never_matter(pieces: list[str]) -> None:
    assert split(pieces) == split(["".join(pieces)])


def test_an_answer_is_not_held_back() -> None:
    splitter = ReasoningSplitter()
    assert [chunk.text for chunk in splitter.feed("Hello")] == ["Hello"]
    assert [chunk.text for chunk in splitter.feed(" <th")] == [" <th"]
