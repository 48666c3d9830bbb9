from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import dspy
import pytest
from dspy import lm15

from agent_core.agent.budget import Step
from agent_core.agent.history import Exchange
from agent_core.events import Usage
from agent_core.llm.dspy_engine import PortEngine, chat_request, language_model, preload
from agent_core.llm.errors import ModelProtocolError
from agent_core.llm.port import (
    ChatRequest,
    Finished,
    ReasoningChunk,
    StreamEvent,
    TextChunk,
    ToolCall,
    ToolCallChunk,
    ToolSpec,
)
from agent_core.llm.scripted import Reply, ScriptedModel
from agent_core.skills.registry import load_skill
from agent_core.skills.text_adapter import TextAdapter


def engine_of(model: ScriptedModel, seen: list[StreamEvent]) -> PortEngine:
    return PortEngine(open_stream=model.stream, listener=seen.append)


def request(**inputs: object) -> ChatRequest:
    ask, _ = load_skill("ask")
    given = {"places": "", "files": "", "question": "Why?", "history": [], "steps": [], "tools": [], **inputs}
    return chat_request(
        TextAdapter().request("m", {"think": False, "max_tokens": 9}, ask.act.signature, [], given)
    )


def test_the_request_is_an_ordinary_conversation() -> None:
    step = Step("Let me look.", (ToolCall("c1", "cat", '{"path": "a"}'),), ("1 x",), ("cat a",))
    tool = ToolSpec("cat", "read", {"type": "object", "properties": {}})
    made = request(history=[Exchange("Hi", "Hello")], steps=[step], tools=[tool], places="a.py:1-2\n1 x")
    roles = [message.role for message in made.messages]
    assert roles == ["system", "user", "assistant", "user", "assistant", "tool"]
    assert "Cite what you say as `path:line`" in made.messages[0].content
    assert made.messages[3].content.endswith("Question:\nWhy?") and "a.py:1-2" in made.messages[3].content
    assert made.messages[4].tool_calls == step.calls
    assert (made.messages[5].tool_call_id, made.messages[5].content) == ("c1", "1 x")
    assert made.tools == (tool,) and made.think is False and made.max_tokens == 9


def test_a_lone_question_is_sent_bare() -> None:
    assert request().messages[-1].content == "Why?"


def test_the_instructions_are_short_enough_for_a_small_model() -> None:
    ask, _ = load_skill("ask")
    for predictor in (ask.act, ask.choose, ask.conclude):
        assert len(predictor.signature.instructions) < 600


async def test_the_engine_shows_every_event_and_assembles_the_response() -> None:
    usage = Usage(prompt_tokens=7, completion_tokens=3, reasoning_tokens=1)
    call = ToolCall("c1", "cat", '{"path": "a"}')
    script = (
        ReasoningChunk("hm"),
        TextChunk("a"),
        TextChunk("b"),
        ToolCallChunk(call),
        Finished("tool_calls", usage),
    )
    model, seen = ScriptedModel([Reply.of(*script)]), list[StreamEvent]()
    lm = language_model(model, engine_of(model, seen))
    response = await lm.acall(lm15.Request(model=lm.model, messages=(lm15.Message.user("hi"),)))
    assert tuple(seen) == script
    assert [part.type for part in response.message.parts] == ["thinking", "text", "tool_call"]
    assert response.finish_reason == "tool_call" and response.tool_calls[0].input == {"path": "a"}
    assert (response.usage.input_tokens, response.usage.output_tokens) == (7, 3)


async def test_errors_of_the_model_are_kept() -> None:
    async def stream(_: ChatRequest) -> AsyncIterator[StreamEvent]:
        yield TextChunk("x")

    engine = PortEngine(open_stream=stream, listener=lambda _: None)  # type: ignore[arg-type]
    model = ScriptedModel(["x"])
    with (
        dspy.context(lm=language_model(model, engine), adapter=TextAdapter()),
        pytest.raises(Exception, match="without saying"),
    ):
        await load_skill("ask")[0].conclude.acall(question="?")
    assert isinstance(engine.failure, ModelProtocolError)


def test_a_synchronous_call_is_refused() -> None:
    model = ScriptedModel(["x"])
    with (
        dspy.context(lm=language_model(model, engine_of(model, [])), adapter=TextAdapter()),
        pytest.raises(Exception, match="sync"),
    ):
        load_skill("ask")[0].conclude(question="?")


async def test_preload_takes_neither_litellm_nor_openai_and_writes_nothing(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys, logging\n"
        "from agent_core.llm.dspy_engine import preload\n"
        "assert 'dspy' not in sys.modules\n"
        "asyncio.run(preload())\n"
        "assert 'dspy' in sys.modules and not {'litellm', 'openai'} & set(sys.modules)\n"
        "logging.getLogger('dspy.x').warning('never on the screen')\n"
    )
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not list(tmp_path.iterdir())
    await preload()
