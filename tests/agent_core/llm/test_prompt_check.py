"""Prompts that a server cut without a word."""

from __future__ import annotations

from agent_core.llm.prompt_check import PromptCheck


def test_a_full_window_is_a_cut_prompt() -> None:
    assert PromptCheck().was_cut(chars=8000, read=2048, window=2048)
    assert not PromptCheck().was_cut(chars=8000, read=1990, window=2048)


def test_far_too_few_tokens_are_a_cut_prompt() -> None:
    assert PromptCheck().was_cut(chars=30_000, read=710, window=1024)
    assert PromptCheck().was_cut(chars=30_000, read=1024, window=0)
    assert not PromptCheck().was_cut(chars=30_000, read=5000, window=0)


def test_the_check_learns_how_dense_text_is() -> None:
    check = PromptCheck()
    assert not check.was_cut(chars=5000, read=1250, window=2048)
    assert check.was_cut(chars=12_000, read=1200, window=2048), "3,000 tokens were expected"
    assert not PromptCheck().was_cut(chars=12_000, read=1200, window=2048), "it could be sparse text"


def test_short_prompts_and_silent_servers_prove_nothing() -> None:
    assert not PromptCheck().was_cut(chars=800, read=20, window=2048)
    assert not PromptCheck().was_cut(chars=80_000, read=0, window=2048)
    assert not PromptCheck().was_cut(chars=80_000, read=11, window=0), "no window is that small"
