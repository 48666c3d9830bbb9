from __future__ import annotations

from pathlib import Path

import pytest

from agent_core.agent import estimate as module
from agent_core.agent.estimate import Estimate, estimate_for, keep_learned, ready_estimate
from agent_core.agent.offering import offered
from agent_core.llm.port import ToolSpec
from agent_core.llm.scripted import ScriptedModel
from agent_core.llm.vocabulary import Vocabulary, _Info, counter_of


async def test_what_was_learned_of_a_model_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "user_state_dir", lambda: tmp_path / "state")
    model = ScriptedModel(["x"])
    assert (await ready_estimate(model)).factor == 1.0
    estimate_for(model).measured(1000, 2000)
    await keep_learned(model)
    again = ScriptedModel(["x"])
    assert (await ready_estimate(again)).factor == pytest.approx(1.5)
    (tmp_path / "state" / "tokens.json").write_text("{broken")
    assert (await ready_estimate(ScriptedModel(["x"]))).factor == 1.0


def test_a_vocabulary_counts_as_its_merges_say() -> None:
    letters = ["a", "b", "c", "Ġ", "Ċ", "1", "2", "ab", "Ġab"]
    info = _Info(tokens=letters, merges=["a b", "Ġ ab"], model="gpt2", pre="llama-bpe")
    count = counter_of(Vocabulary(info))
    assert count is not None
    assert [count(text) for text in ("ab", "ab ab", "abc", "a\nb", "12")] == [1, 2, 2, 3, 2]
    assert counter_of(Vocabulary(_Info(tokens=["a"], model="llama"))) is None
    assert counter_of(Vocabulary()) is None


def test_long_texts_are_counted_by_their_beginning() -> None:
    count = Estimate()
    seen: list[int] = []
    count.exact = lambda text: seen.append(len(text)) or len(text) // 4
    assert count("x" * 400_000) == 100_000 and max(seen) == 40_000
    assert len(count.cut("word\n" * 100_000, 50)) <= 203


def test_tools_are_offered_as_there_is_room() -> None:
    names = ("build", "cat", "grep", "esearch")
    tools = [ToolSpec(name, "", {}) for name in names]
    kept, left = offered(tools, 1000, lambda _: 130)
    assert [tool.name for tool in kept] == ["cat", "grep", "esearch"]
    assert [tool.name for tool in left] == ["build"]
    assert offered(tools, 500, lambda _: 130) == ((), tuple(tools)), "without both there is no looking"


def test_servers_share_the_room_and_the_question_says_whose_tools_come_first() -> None:
    own = [ToolSpec(name, "look at what is in files", {}) for name in ("grep", "cat")]
    files = [ToolSpec(f"files__f{number}", "read what is in a file", {}) for number in range(9)]
    clock = [
        ToolSpec("time__convert", "Convert time between time zones", {}),
        ToolSpec("time__now", "Get the current time in a city", {}),
    ]
    cost = 100

    def names(tools: list[ToolSpec], question: str) -> list[str]:
        return [tool.name for tool in offered(tools, 1500, lambda _: cost, question=question)[0]]

    asked = "what time is 10 UTC in Tokyo?"
    kept = names([*own, *files, *clock], asked)
    assert kept == ["grep", "cat", "files__f0", "files__f1", "time__convert", "time__now"]
    assert {*kept} == {*names([*own, *clock, *files], asked)}
    cost = 200
    assert names([*own, *files, *clock], asked) == ["grep", "cat", "time__convert"]
    assert names([*own, *files, *clock], "which files are there to read?") == ["grep", "cat", "files__f0"]
