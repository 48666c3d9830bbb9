"""Questions and tasks: what the answer amounts to, with a model and without."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from agent_core.errors import PermissionRefused
from agent_core.events import Notice, TextDelta, ToolFinished, TurnFinished, TurnStarted, Usage, UsageReported
from agent_core.llm.errors import ModelCutOff, ModelError, ModelServerError, ModelStalled, ModelUnreachable
from agent_core.llm.port import Finished, ReasoningChunk, ToolCall, ToolCallChunk
from agent_core.llm.scripted import Reply, ScriptedModel
from agent_core.tools.registry import builtin_tools
from tests.fakes.session import Echo, GivenModels, make_session

GREP = ToolCallChunk(ToolCall("1", "grep", '{"pattern": "parse_header"}'))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "parser.py").write_text("def parse_header(line):\n    return line.split(':')\n")
    return tmp_path


async def test_a_question_to_a_model(root: Path) -> None:
    model = ScriptedModel(["It splits the line."])
    session, seen = make_session(root, *builtin_tools(), model=model)
    session.submit("what does parse_header do?")
    await session.idle()
    names = seen.names()
    assert names[0] == "TurnStarted" and names[-1] == "TurnFinished"
    assert names.count("TurnStarted") == names.count("TurnFinished") == 1
    assert seen.one(TurnStarted).kind == "task"
    end = seen.one(TurnFinished)
    assert (end.outcome, end.exit, end.error) == ("answered", 0, None)
    assert "It splits the line." in end.text
    assert end.text == "".join(event.text for event in seen.of(TextDelta))
    assert end.usage.completion_tokens > 0
    assert [exchange.question for exchange in session.history.exchanges] == ["what does parse_header do?"]


async def test_the_next_question_knows_the_last(root: Path) -> None:
    model = ScriptedModel(["It splits the line."])
    session, _ = make_session(root, *builtin_tools(), model=model)
    session.submit("what does parse_header do?")
    await session.idle()
    session.submit("why does it?")
    await session.idle()
    assert any("It splits the line." in message.content for message in model.requests[-1].messages)


async def test_a_question_without_a_model_is_answered_with_places(root: Path) -> None:
    session, seen = make_session(root, *builtin_tools())
    session.submit("where is parse_header defined?")
    await session.idle()
    end = seen.one(TurnFinished)
    assert (end.outcome, end.exit) == ("answered", 0)
    assert "parser.py:1" in end.text
    assert ("parser.py", 1) in [(hit["path"], hit["start"]) for hit in end.data["hits"]]


@pytest.mark.parametrize(
    ("rule", "mention"),
    [
        ("read:cat secret/*", "@secret/key.txt"),
        ("read:cat secret/*", "@secret/key.txt:1-1"),
        ("read:cat secret/*", "@./secret/../secret/key.txt"),
        ("read:cat secret/*", "@link.txt"),
        ("read:cat secret/key.txt", "@secret/key.txt:1-"),
        ("read:ls secret", "@secret/"),
        ("read", "@secret/key.txt"),
    ],
)
async def test_a_mentioned_file_that_a_rule_denies_is_kept_from_the_model(
    root: Path, rule: str, mention: str
) -> None:
    (root / "workspace" / "secret").mkdir()
    (root / "workspace" / "secret" / "key.txt").write_text("the combination is 4711\n")
    (root / "workspace" / "link.txt").symlink_to("secret/key.txt")
    model = ScriptedModel(["I cannot tell."])
    session, seen = make_session(root, *builtin_tools(), model=model, deny=(rule,))
    session.submit(f"what is the combination in {mention} and @parser.py ?")
    await session.idle()
    said = "".join(message.content for message in model.requests[0].messages)
    assert "4711" not in said and "key.txt\n" not in said
    assert ("def parse_header" in said) == (rule != "read"), "what no rule denies is there"
    assert any("A rule denies read" in notice.message for notice in seen.of(Notice))


@pytest.mark.parametrize(
    "arguments",
    [{"path": "parser.py", "start": 2, "end": 2}, {"path": "./parser.py"}, {"path": "parser.py:2"}],
)
async def test_no_spelling_of_a_call_gets_a_model_past_a_rule(root: Path, arguments: dict[str, Any]) -> None:
    call = ToolCallChunk(ToolCall("1", "cat", json.dumps(arguments)))
    model = ScriptedModel([Reply.of(call), "I cannot tell."])
    session, seen = make_session(root, *builtin_tools(), model=model, deny=("read:cat parser.py",))
    session.submit("what does it do?")
    await session.idle()
    assert seen.one(ToolFinished).error.code == PermissionRefused.code
    assert "split" not in model.requests[1].messages[-1].content


async def test_a_mention_that_is_none_is_not_refused(root: Path) -> None:
    session, seen = make_session(
        root, *builtin_tools(), model=ScriptedModel(["A decorator."]), deny=("read:cat *",)
    )
    session.submit("what is @property ?")
    await session.idle()
    assert not seen.of(Notice)


async def test_the_answer_says_why_there_is_no_model(root: Path) -> None:
    models = GivenModels()
    models.detail = "Ollama does not answer at box:11434"
    session, seen = make_session(root, *builtin_tools(), models=models)
    session.submit("where is parse_header defined?")
    await session.idle()
    assert "Ollama does not answer at box:11434" in seen.one(TurnFinished).text


async def test_a_change_without_a_model_needs_one(root: Path) -> None:
    session, seen = make_session(root, *builtin_tools())
    session.submit("add a docstring to parse_header")
    await session.idle()
    end = seen.one(TurnFinished)
    assert (end.outcome, end.exit, end.error.code) == ("stopped", 4, "no-model")
    assert "ollama" in end.error.hint.lower()


async def test_a_model_that_answers_and_changes_nothing(root: Path) -> None:
    model = ScriptedModel(["I have looked at this and would create the file now."])
    session, seen = make_session(root, *builtin_tools(), model=model)
    session.submit("create a file hello.py that prints hello")
    await session.idle()
    end = seen.one(TurnFinished)
    assert (end.outcome, end.exit, end.error.code) == ("stopped", 6, "nothing-done")
    assert "would create the file" in end.text


async def test_a_model_that_says_nothing(root: Path) -> None:
    session, seen = make_session(root, *builtin_tools(), model=ScriptedModel([Reply.of()]))
    session.submit("what does parse_header do?")
    await session.idle()
    end = seen.one(TurnFinished)
    assert (end.outcome, end.exit, end.error.code) == ("stopped", 6, "nothing-done")


async def test_an_answer_that_the_limit_cuts(root: Path) -> None:
    cut = Reply.of("It splits", Finished("length", Usage(prompt_tokens=10, completion_tokens=2)))
    session, seen = make_session(root, *builtin_tools(), model=ScriptedModel([cut]))
    session.submit("what does parse_header do?")
    await session.idle()
    end = seen.one(TurnFinished)
    assert (end.outcome, end.exit, end.error.code) == ("stopped", 1, "model-cut-off")
    assert "It splits" in end.text


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ModelUnreachable("nobody listens"), 4),
        (ModelServerError("it failed"), 1),
        (ModelStalled("it sleeps"), 5),
        (ModelCutOff("the line broke"), 1),
    ],
)
async def test_a_model_that_fails_in_the_middle(root: Path, error: ModelError, code: int) -> None:
    model = ScriptedModel([Reply.of("It splits", error)])
    session, seen = make_session(root, *builtin_tools(), model=model)
    session.submit("what does parse_header do?")
    await session.idle()
    end = seen.one(TurnFinished)
    assert (end.outcome, end.exit, end.error.code) == ("stopped", code, error.code)
    assert "It splits" in end.text
    assert session.history.exchanges[0].answer == end.text
    assert end.usage.estimated and end.usage.completion_tokens == 2, "what came is counted"
    assert end.usage.prompt_tokens > 100


async def test_what_a_cancelled_answer_took_is_counted(root: Path) -> None:
    hangs = Reply.of(
        ReasoningChunk("It splits something. " * 10), "It splits the line. " * 5, asyncio.Event()
    )
    model = ScriptedModel([Reply.of(GREP), hangs])
    session, seen = make_session(root, *builtin_tools(), model=model)
    session.submit("what does parse_header do?")
    while not seen.of(TextDelta):
        await asyncio.sleep(0.001)
    session.cancel()
    await session.idle()
    first, second = (event.usage for event in seen.of(UsageReported))
    assert second.estimated and second.reasoning_tokens > 50
    assert second.completion_tokens == round(
        (len("It splits something. ") * 10 + len("It splits the line. ") * 5) / 3.6
    )
    total = seen.one(TurnFinished).usage
    assert total.completion_tokens == first.completion_tokens + second.completion_tokens
    assert total.prompt_tokens == first.prompt_tokens + second.prompt_tokens
    assert total.estimated


async def test_nothing_is_counted_where_nothing_came(root: Path) -> None:
    session, seen = make_session(root, *builtin_tools(), model=ScriptedModel([ModelUnreachable("nobody")]))
    session.submit("what does parse_header do?")
    await session.idle()
    assert not seen.of(UsageReported)
    assert seen.one(TurnFinished).usage == Usage()


async def test_a_model_that_was_asked_for_and_is_not_there(root: Path) -> None:
    session, seen = make_session(root, Echo(), model=ModelUnreachable("nobody listens", hint="start it"))
    session.submit("what does parse_header do?")
    await session.idle()
    assert seen.names() == ["TurnStarted", "TurnFinished"]
    end = seen.one(TurnFinished)
    assert (end.exit, end.error.code, end.error.hint) == (4, "model-unreachable", "start it")
