from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent_core.agent.history import Exchange
from agent_core.agent.loop import respond_with_model
from agent_core.agent.port import TaskInput
from agent_core.commandline import Mention
from agent_core.config import Settings
from agent_core.errors import PermissionRefused
from agent_core.events import (
    ContextPacked,
    ModelCallStarted,
    Notice,
    ReasoningDelta,
    TextDelta,
    ToolStarted,
    Usage,
)
from agent_core.llm.errors import ContextTooSmall, ModelCutOff, ModelRefused, ModelServerError
from agent_core.llm.port import Finished, ReasoningChunk, TextChunk, ToolCall, ToolCallChunk
from agent_core.llm.scripted import DEFAULT_INFO, Reply, ScriptedModel
from tests.fakes.turn import Find, Read, RecordedTurn, Write

NO_TOOLS = msgspec.structs.replace(DEFAULT_INFO, supports_tools=False)
QUESTION = TaskInput(text="where is the port read?")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text('import os\n\n\ndef read_port():\n    return int(os.environ["PORT"])\n')
    (tmp_path / "README.md").write_text("# Demo\n\nA demo.\n")
    return tmp_path


def call(name: str, _id: str = "c1", **arguments: Any) -> ToolCallChunk:
    return ToolCallChunk(ToolCall(_id, name, json.dumps(arguments)))


async def test_an_answer_in_text_ends_the_turn(root: Path) -> None:
    turn = RecordedTurn(root)
    model = ScriptedModel([Reply.of("It is read ", "in `app.py:5`.")])
    answer = await respond_with_model(model, QUESTION, turn)
    assert answer.text == turn.said == "It is read in `app.py:5`."
    assert answer.stop_reason == "stop"
    assert [(hit.path, hit.start) for hit in answer.citations] == [("app.py", 5)]
    assert turn.kinds() == ["ContextPacked", "ModelCallStarted", "TextDelta", "UsageReported"]
    assert len([event for event in turn.events if isinstance(event, TextDelta)]) == 2, (
        "each piece as it comes"
    )


async def test_a_session_with_native_tools_event_by_event(root: Path) -> None:
    turn = RecordedTurn(root)
    model = ScriptedModel(
        [
            Reply.of(ReasoningChunk("Where? "), "Let me look.", call("grep", pattern="PORT")),
            Reply.of(call("cat", "c2", path="app.py", start=4, end=5)),
            Reply.of("`app.py:5` reads it."),
        ]
    )
    answer = await respond_with_model(model, QUESTION, turn)
    assert turn.kinds() == [
        "ContextPacked", "ModelCallStarted", "ReasoningDelta", "TextDelta", "UsageReported",
        "ToolStarted", "ToolFinished",
        "ContextPacked", "ModelCallStarted", "UsageReported", "ToolStarted", "ToolFinished",
        "ContextPacked", "ModelCallStarted", "TextDelta", "UsageReported",
    ]  # fmt: skip
    assert answer.text == turn.said == "Let me look.\n\n`app.py:5` reads it."
    assert "".join(e.text for e in turn.events if isinstance(e, ReasoningDelta)) == "Where? "
    assert [(e.step, e.purpose) for e in turn.events if isinstance(e, ModelCallStarted)] == [
        (1, "act"),
        (2, "act"),
        (3, "act"),
    ]
    sent = model.requests[2].messages
    assert [m.role for m in sent] == ["system", "user", "assistant", "tool", "assistant", "tool"]
    assert 'os.environ["PORT"]' in sent[3].content
    assert sent[2].tool_calls[0].name == "grep"
    assert json.loads(sent[2].tool_calls[0].arguments) == {"pattern": "PORT"}
    assert {tool.name for tool in model.requests[0].tools} == {"grep", "cat"}


async def test_the_model_starts_with_evidence_and_history(root: Path) -> None:
    turn = RecordedTurn(root)
    model = ScriptedModel(["ok"])
    task = TaskInput(text="where is the port read?", history=(Exchange("What is this?", "A demo."),))
    await respond_with_model(model, task, turn)
    system, *earlier, user = model.requests[0].messages
    assert [message.content for message in earlier] == ["What is this?", "A demo."]
    assert "    5     return int(os.environ" in user.content
    assert user.content.rstrip().endswith("where is the port read?")
    assert system.role == "system"
    packed = next(event for event in turn.events if isinstance(event, ContextPacked))
    assert {item.kind for item in packed.items} >= {"system", "question", "history", "hit"}
    assert 0 < packed.used <= packed.window == DEFAULT_INFO.window


async def test_a_session_by_choice_event_by_event(root: Path) -> None:
    turn = RecordedTurn(root)
    model = ScriptedModel(
        ['{"action": "grep", "pattern": "PORT"}', '{"action": "answer"}', Reply.of("It is ", "in app.py:5.")],
        info=NO_TOOLS,
    )
    answer = await respond_with_model(model, QUESTION, turn)
    assert turn.kinds() == [
        "ContextPacked", "ModelCallStarted", "UsageReported", "ToolStarted", "ToolFinished",
        "ContextPacked", "ModelCallStarted", "UsageReported",
        "ContextPacked", "ModelCallStarted", "TextDelta", "UsageReported",
    ]  # fmt: skip
    assert answer.text == "It is in app.py:5."
    purposes = [e.purpose for e in turn.events if isinstance(e, ModelCallStarted)]
    assert purposes == ["choose", "choose", "answer"]
    first, second, last = model.requests
    assert first.response_schema is not None and first.think is False
    assert not first.tools and not last.tools and last.response_schema is None
    assert "$ grep" in second.messages[-1].content and "os.environ" in second.messages[-1].content
    assert "$ grep" in last.messages[-1].content


@pytest.mark.parametrize(
    "reply",
    [
        'Sure! ```json\n{"action": "grep", "pattern": "PORT"}\n```',
        '{"tool": "grep", "arguments": {"pattern": "PORT"}}',
        '{"action": "grep", "pattern": "PORT", "path',
        "{'action': 'grep', 'pattern': 'PORT'}",
        'I think {x} is best: {"name": "grep", "arguments": "{\\"pattern\\": \\"PORT\\"}"}',
        '{"action": "grep(PORT)", "pattern": "PORT",}',
    ],
)
async def test_a_choice_is_read_however_it_is_wrapped(root: Path, reply: str) -> None:
    turn = RecordedTurn(root)
    model = ScriptedModel([reply, '{"action": "answer"}', "done"], info=NO_TOOLS)
    await respond_with_model(model, QUESTION, turn)
    assert [e.name for e in turn.events if isinstance(e, ToolStarted)] == ["grep"]
    assert len(model.requests) == 3


async def test_junk_is_repaired_once_and_then_chosen_by_rule(root: Path) -> None:
    turn = RecordedTurn(root)
    model = ScriptedModel(["no idea", "still none", "It is in app.py:4."], info=NO_TOOLS)
    answer = await respond_with_model(model, TaskInput(text="where is read_port defined?"), turn)
    assert [e.name for e in turn.events if isinstance(e, ToolStarted)] == ["grep"]
    assert "no JSON object" in model.requests[1].messages[-1].content
    assert len(model.requests) == 3
    assert answer.text == "It is in app.py:4."


async def test_an_unknown_tool_and_wrong_arguments_are_corrected(root: Path) -> None:
    turn = RecordedTurn(root)
    model = ScriptedModel(
        [
            Reply.of(call("frobnicate", x=1)),
            Reply.of(call("cat", "c2", lines=5)),
            Reply.of(ToolCallChunk(ToolCall("c3", "cat", '{"path": "app'))),
            Reply.of(call("cat", "c4", path="../etc/passwd")),
            "I give up.",
        ]
    )
    await respond_with_model(model, QUESTION, turn)
    results = [m.content for m in model.requests[-1].messages if m.role == "tool"]
    assert "There is no tool 'frobnicate'" in results[0] and "grep, cat" in results[0]
    assert "Wrong arguments for cat" in results[1] and "path" in results[1]
    assert "one JSON object" in results[2]
    assert "outside the workspace" in results[3]


async def test_the_same_call_is_told_once_and_then_the_answer_is_forced(root: Path) -> None:
    turn = RecordedTurn(root)
    again = Reply.of(call("grep", pattern="PORT"))
    model = ScriptedModel([again, again, again, "Fine: app.py:5."])
    answer = await respond_with_model(model, QUESTION, turn)
    assert len([e for e in turn.events if isinstance(e, ToolStarted)]) == 1
    assert "before" in [m.content for m in model.requests[2].messages if m.role == "tool"][1]
    assert not model.requests[3].tools
    assert (answer.stop_reason, answer.text) == ("repeat", "Fine: app.py:5.")


async def test_at_the_limit_of_steps_an_answer_is_asked_for(root: Path) -> None:
    turn = RecordedTurn(root, settings=Settings(max_steps=3))
    model = ScriptedModel(
        [Reply.of(call("grep", pattern="a")), Reply.of(call("grep", pattern="b")), "That is it."]
    )
    answer = await respond_with_model(model, QUESTION, turn)
    assert len(model.requests) == 3 and not model.requests[2].tools
    assert (answer.stop_reason, answer.text) == ("steps", "That is it.")


async def test_one_step_is_an_answer(root: Path) -> None:
    turn = RecordedTurn(root, settings=Settings(max_steps=1))
    model = ScriptedModel(["Yes."])
    assert (await respond_with_model(model, QUESTION, turn)).text == "Yes."
    assert len(model.requests) == 1 and not model.requests[0].tools


async def test_a_call_written_as_text_is_a_call_and_not_shown(root: Path) -> None:
    turn = RecordedTurn(root)
    model = ScriptedModel(
        [
            Reply.of("<tool_", 'call>\n{"name": "grep", ', '"arguments": {"pattern": "PORT"}}</tool_call>'),
            "In app.py:5.",
        ]
    )
    answer = await respond_with_model(model, QUESTION, turn)
    assert [e.name for e in turn.events if isinstance(e, ToolStarted)] == ["grep"]
    assert answer.text == "In app.py:5."


async def test_an_answer_that_begins_like_a_call_is_shown(root: Path) -> None:
    turn = RecordedTurn(root)
    text = '{"port": 80} is what the file holds.'
    assert (await respond_with_model(ScriptedModel([text]), QUESTION, turn)).text == text


async def test_an_endpoint_that_refuses_tools_gets_a_choice_and_is_remembered(root: Path) -> None:
    model = ScriptedModel(
        [
            ModelRefused("scripted does not support tools"),
            '{"action": "answer"}',
            "Hello.",
            '{"action": "answer"}',
            "Again.",
        ]
    )
    first = await respond_with_model(model, QUESTION, RecordedTurn(root))
    second = await respond_with_model(model, QUESTION, RecordedTurn(root))
    assert (first.text, second.text) == ("Hello.", "Again.")
    assert [bool(request.tools) for request in model.requests] == [True, False, False, False, False]


async def test_an_endpoint_that_refuses_schemas_is_asked_without(root: Path) -> None:
    model = ScriptedModel(
        [ModelRefused("response_format is not supported"), '{"action": "answer"}', "Hello."], info=NO_TOOLS
    )
    assert (await respond_with_model(model, QUESTION, RecordedTurn(root))).text == "Hello."
    assert [request.response_schema is not None for request in model.requests] == [True, False, False]


async def test_an_endpoint_that_counts_more_tokens_is_asked_again_with_less(root: Path) -> None:
    (root / "long.py").write_text("".join(f"# the port is read, line {number}\n" for number in range(400)))
    task = TaskInput(text="where is the port read?", mentions=(Mention("long.py"),))
    model = ScriptedModel([ModelRefused("the request exceeds the available context size"), "Here."])
    assert (await respond_with_model(model, task, RecordedTurn(root))).text == "Here."
    first, second = (len(request.messages[-1].content) for request in model.requests)
    assert second < first * 0.9


async def test_other_errors_of_the_endpoint_pass_with_what_was_received(root: Path) -> None:
    turn = RecordedTurn(root)
    model = ScriptedModel([Reply.of("Half an ans", ModelCutOff("cut off", hint="Ask again."))])
    with pytest.raises(ModelCutOff, match="cut off"):
        await respond_with_model(model, QUESTION, turn)
    assert turn.said == "Half an ans"
    with pytest.raises(ModelServerError):
        await respond_with_model(ScriptedModel([ModelServerError("boom")]), QUESTION, RecordedTurn(root))


async def test_an_empty_answer_is_said_to_be_one(root: Path) -> None:
    turn = RecordedTurn(root)
    answer = await respond_with_model(ScriptedModel([Reply.of("")]), QUESTION, turn)
    assert answer.stop_reason == "empty"
    assert not answer.text
    notice = next(event for event in turn.events if isinstance(event, Notice))
    assert "no answer" in notice.message and "app.py:" in notice.hint


async def test_a_cut_answer_says_so(root: Path) -> None:
    turn = RecordedTurn(root)
    model = ScriptedModel([Reply.of("Half", Finished("length", Usage(prompt_tokens=5, completion_tokens=1)))])
    answer = await respond_with_model(model, QUESTION, turn)
    assert answer.stop_reason == "length" and answer.text == "Half"


async def test_usage_is_summed_over_the_turn(root: Path) -> None:
    def used(prompt: int, completion: int) -> Finished:
        return Finished(
            "stop",
            Usage(prompt_tokens=prompt, completion_tokens=completion, first_token_s=0.5, tokens_per_s=10.0),
        )

    model = ScriptedModel(
        [Reply.of(call("grep", pattern="PORT"), used(300, 10)), Reply.of("Yes.", used(400, 30))]
    )
    usage = (await respond_with_model(model, QUESTION, RecordedTurn(root))).usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.first_token_s) == (700, 40, 0.5)
    assert usage.tokens_per_s == pytest.approx(10.0)
    assert usage.cost_usd is None


async def test_a_change_that_was_not_made_is_admitted(root: Path) -> None:
    turn = RecordedTurn(root)
    answer = await respond_with_model(
        ScriptedModel(["Done!"]), TaskInput(text="rename read_port to get_port"), turn
    )
    assert answer.stop_reason == "unchanged" and not answer.changed
    assert answer.text.startswith("Done!") and "Nothing was changed" in answer.text


async def test_a_change_that_was_made_is_listed(root: Path) -> None:
    turn = RecordedTurn(root, tools=(Find(), Read(), Write()))
    model = ScriptedModel([Reply.of(call("put", path="notes.md", text="x")), "Written."])
    answer = await respond_with_model(model, TaskInput(text="create notes.md"), turn)
    assert answer.changed == ("notes.md",) and answer.stop_reason == "stop"


async def test_a_refused_permission_is_told_to_the_model(root: Path) -> None:
    turn = RecordedTurn(root)
    turn.fail = PermissionRefused("grep was refused")
    model = ScriptedModel([Reply.of(call("grep", pattern="PORT")), "Then not."])
    await respond_with_model(model, QUESTION, turn)
    assert "refused" in model.requests[1].messages[-1].content


async def test_citations_that_do_not_exist_are_told(root: Path) -> None:
    turn = RecordedTurn(root)
    answer = await respond_with_model(
        ScriptedModel(["See app.py:99 and nowhere.py:3, not localhost:80."]), QUESTION, turn
    )
    assert not answer.citations
    notice = next(event for event in turn.events if isinstance(event, Notice))
    assert (
        "app.py:99" in notice.message
        and "nowhere.py:3" in notice.message
        and "localhost" not in notice.message
    )


async def test_a_question_that_does_not_fit_is_refused_with_numbers(root: Path) -> None:
    small = msgspec.structs.replace(DEFAULT_INFO, window=512)
    with pytest.raises(ContextTooSmall, match="512"):
        await respond_with_model(
            ScriptedModel(["x"], info=small), TaskInput(text="why " * 2000), RecordedTurn(root)
        )


async def test_hostile_text_becomes_visible(root: Path) -> None:
    turn = RecordedTurn(root)
    answer = await respond_with_model(
        ScriptedModel([Reply.of("a\x1b", "[2Jb", ReasoningChunk("\x07"))]), QUESTION, turn
    )
    assert "\x1b" not in answer.text and "\x07" not in "".join(
        e.text for e in turn.events if isinstance(e, ReasoningDelta)
    )


async def test_secrets_are_masked_before_they_are_sent(root: Path) -> None:
    (root / "settings.py").write_text('port_token = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"\n')
    model = ScriptedModel([Reply.of(call("grep", pattern="token")), "ok"])
    await respond_with_model(model, TaskInput(text="where is the port_token set?"), RecordedTurn(root))
    assert "settings.py" in model.requests[1].messages[1].content
    assert not any("ghp_abc" in message.content for request in model.requests for message in request.messages)


@pytest.mark.parametrize("info", [DEFAULT_INFO, NO_TOOLS])
async def test_cancelling_while_the_model_streams_closes_the_request(root: Path, info: Any) -> None:
    model = ScriptedModel([Reply.of("Once", asyncio.Event(), "never")], info=info)
    turn = RecordedTurn(root)
    task = asyncio.create_task(respond_with_model(model, QUESTION, turn))
    await model.streaming.wait()
    while not any(type(event).__name__ == "ModelCallStarted" for event in turn.events):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert model.closed == 1 and not model.streaming.is_set()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_cancelling_while_a_tool_runs(root: Path) -> None:
    turn = RecordedTurn(root)
    turn.hold = asyncio.Event()
    task = asyncio.create_task(
        respond_with_model(ScriptedModel([Reply.of(call("grep", pattern="x"))]), QUESTION, turn)
    )
    await turn.in_tool.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("steps", [0, 1, 2, 5, 20])
async def test_cancelling_at_any_step_ends_at_once(root: Path, steps: int) -> None:
    model = ScriptedModel([Reply.of("a", call("grep", pattern="x")), "b"])
    task = asyncio.create_task(respond_with_model(model, QUESTION, RecordedTurn(root)))
    for _ in range(steps):
        await asyncio.sleep(0)
    if task.cancel():
        with pytest.raises(asyncio.CancelledError):
            await task
    else:
        assert await task, "it was over before"
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_two_turns_at_once_do_not_meet(root: Path) -> None:
    turns = [RecordedTurn(root), RecordedTurn(root)]
    models = [ScriptedModel([Reply.of(*[f"{name}{n} " for n in range(50)])]) for name in "ab"]
    answers = await asyncio.gather(
        *(respond_with_model(model, QUESTION, turn) for model, turn in zip(models, turns, strict=True))
    )
    assert answers[0].text.split() == [f"a{n}" for n in range(50)]
    assert answers[1].text.split() == [f"b{n}" for n in range(50)]


async def test_neither_litellm_nor_openai_nor_a_cache_folder_is_touched(root: Path) -> None:
    await respond_with_model(ScriptedModel([TextChunk("x")]), QUESTION, RecordedTurn(root))
    assert "litellm" not in sys.modules and not (Path.home() / ".dspy_cache").exists()
