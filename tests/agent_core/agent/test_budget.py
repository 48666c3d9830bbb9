from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.agent.budget import Material, Mentioned, Step, pack
from agent_core.agent.estimate import Estimate
from agent_core.agent.history import Exchange, History
from agent_core.events import Hit
from agent_core.llm.errors import ContextTooSmall
from agent_core.llm.port import ToolCall


def step(name: str, text: str) -> Step:
    return Step("", (ToolCall(name, "cat", "{}"),), (text,), (name,))


def material(**changes: object) -> Material:
    return Material(**{"system": "Answer.", "question": "Where?", **changes})  # type: ignore[arg-type]


def test_the_estimate_is_near_what_vocabularies_say() -> None:
    count = Estimate()
    prose = "The quick brown fox jumps over the lazy dog and runs away from the hunter. " * 10
    code = (
        "def read_port(default: int = 8080) -> int:\n    return int(os.environ.get('PORT', default))\n" * 10
    )
    assert 130 <= count(prose) <= 220  # 170 tokens in Qwen's vocabulary
    assert 220 <= count(code) <= 420  # 300
    assert 60 <= count("日本語のテキストです。" * 10) <= 140
    assert count("") == 0 and count("a") == 1


def test_the_estimate_learns_from_what_was_measured() -> None:
    count = Estimate()
    text = "word " * 1000
    before = count(text)
    for _ in range(10):
        count.measured(count(text), before * 2)
    assert count(text) == pytest.approx(before * 2, rel=0.05)
    count.measured(1000, 10)  # the endpoint had most of it in its cache
    assert count(text) == pytest.approx(before * 2, rel=0.05)


def test_a_text_is_cut_at_a_line() -> None:
    count = Estimate()
    text = "\n".join(f"line {number} of the file" for number in range(500))
    cut = count.cut(text, 100)
    assert count(cut) <= 100 and text.startswith(cut) and text[len(cut)] == "\n"
    assert count.cut("short", 100) == "short"


def test_everything_goes_in_when_there_is_room() -> None:
    packed = pack(
        material(
            history=(Exchange("a", "b"),),
            mentions=(Mentioned("f.py", "x"),),
            evidence=(Hit("a.py", 1, 2, text="x\ny"),),
            steps=(step("cat f", "result"),),
        ),
        window=4096,
        reserve=512,
        count=Estimate(),
    )
    assert all(item.included for item in packed.items)
    assert [item.kind for item in packed.items] == ["system", "question", "tool", "file", "history", "hit"]
    assert packed.used + packed.room == packed.window == 4096


def test_the_newest_come_first_and_what_is_left_out_is_told() -> None:
    count = Estimate()
    long = "some words of text\n" * 60
    packed = pack(
        material(
            history=tuple(Exchange(f"question {number}", long) for number in range(9)),
            steps=tuple(step(f"cat {number}", long) for number in range(9)),
        ),
        window=2048,
        reserve=512,
        count=count,
    )
    assert packed.used <= 2048 - 512
    kept = [result.startswith("some words") for entry in packed.steps for result in entry.results]
    assert kept[-1] and not kept[0] and kept == sorted(kept)
    left_out = [item for item in packed.items if not item.included]
    assert {item.kind for item in left_out} == {"tool", "history"}
    assert len(packed.history) < 9


def test_history_is_kept_from_the_newest_on_without_gaps() -> None:
    history = (Exchange("old", "x"), Exchange("big", "word " * 4000), Exchange("new", "y"))
    packed = pack(material(history=history), window=2048, reserve=256, count=Estimate())
    assert [exchange.question for exchange in packed.history] == ["new"]


def test_a_question_that_does_not_fit_is_an_error_with_numbers() -> None:
    with pytest.raises(ContextTooSmall, match="1,024") as caught:
        pack(material(question="why " * 3000), window=1024, reserve=512, count=Estimate())
    assert "context_window" in caught.value.hint


def test_the_reserve_never_eats_a_small_window() -> None:
    packed = pack(material(), window=1024, reserve=1024, count=Estimate())
    assert packed.used < 1024 * 2 // 3


def test_an_unknown_window_is_taken_for_a_small_one() -> None:
    assert pack(material(), window=0, reserve=1024, count=Estimate()).window == 8192


@given(
    st.integers(300, 40_000),
    st.integers(64, 8192),
    st.lists(st.integers(0, 3000), max_size=6),
    st.lists(st.integers(0, 3000), max_size=6),
)
def test_the_window_is_never_exceeded(
    window: int, reserve: int, results: list[int], answers: list[int]
) -> None:
    packed = pack(
        material(
            steps=tuple(step("cat x", "word " * size) for size in results),
            history=tuple(Exchange("q", "word " * size) for size in answers),
            mentions=tuple(Mentioned("f", "x\n" * size) for size in results),
            evidence=tuple(Hit("f", 1, 9, text="x\n" * size) for size in answers),
        ),
        window=window,
        reserve=reserve,
        count=Estimate(),
    )
    # Calls themselves (a dozen tokens each) are kept even where their results are not.
    assert packed.used <= window - min(reserve, window // 3) + 20 * len(results)


def test_the_history_keeps_the_newest_exchanges_that_have_an_answer() -> None:
    history = History()
    history.add("nothing came", "  ")
    for number in range(60):
        history.add(f"q{number}", "a")
    assert len(history.exchanges) == 50 and history.exchanges[-1].question == "q59"
    history.clear()
    assert history.exchanges == ()
