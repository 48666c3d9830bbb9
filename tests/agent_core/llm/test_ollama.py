"""The Ollama adapter: against the scripted server for faults, against a genuine server for the rest."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import msgspec
import pytest

from agent_core.config import Settings
from agent_core.events import PullProgress
from agent_core.llm import errors
from agent_core.llm.errors import ModelError
from agent_core.llm.ollama import OllamaModel
from agent_core.llm.port import Message, StreamEvent, TextChunk, ToolCall
from tests.agent_core.llm.helpers_llm import (
    CHOICE_SCHEMA,
    LS,
    ask,
    calls_of,
    collect,
    phases,
    reasoning_of,
    text_of,
)
from tests.fakes.model_server import ModelServer
from tests.fakes.model_wire import Answer, Call
from tests.ports import free_ports

_TOO_LONG = '{"error":"the input length exceeds the context length"}'
_NO_FILE = {"error": "pull model manifest: file does not exist"}


@pytest.fixture
async def scripted(model_server: ModelServer):
    model = OllamaModel(settings=Settings(ollama_host=model_server.url, ollama_model="big"))
    yield model
    await model.aclose()


async def test_probe_takes_window_and_abilities(scripted: OllamaModel, model_server: ModelServer) -> None:
    info = await scripted.probe()
    assert (info.window, info.supports_tools, info.supports_thinking, info.loaded) == (
        2048,
        True,
        True,
        False,
    )
    model_server.show = {"capabilities": ["completion"], "model_info": {}}
    info = await scripted.probe()
    assert (info.window, info.supports_tools, info.supports_thinking) == (4096, False, False)
    model_server.loaded = [{"model": "big", "context_length": 1536}]
    assert (await scripted.probe()).window == 1536


@pytest.mark.parametrize(("asked", "window"), [(1000, 1000), (50_000, 8192)])
async def test_the_setting_wins_up_to_what_the_model_takes(
    model_server: ModelServer, asked: int, window: int
) -> None:
    model_server.show |= {"model_info": {"general.architecture": "x", "x.context_length": 8192}}
    settings = Settings(ollama_host=model_server.url, ollama_model="big", context_window=asked)
    model = OllamaModel(settings=settings)
    assert (await model.probe()).window == window
    await model.aclose()


async def test_thinking_tools_and_window_on_the_wire(
    scripted: OllamaModel, model_server: ModelServer
) -> None:
    model_server.script(
        Answer(reasoning=("hm",), text=("ok",), calls=(Call("ls", ('{"path":', '"a"}')), Call("ls")))
    )
    nested = {"type": "object", "properties": {"a": {"type": "object", "properties": {"b": {"minimum": 1}}}}}
    tool = msgspec.structs.replace(LS, parameters=nested)
    calls = (ToolCall("c1", "ls", '{"path":"."}'), ToolCall("c2", "ls", "oops"))
    history = (
        Message(role="assistant", tool_calls=calls),
        Message(role="tool", content="a.py", tool_call_id="c1", name="ls"),
    )
    request = ask(tools=(tool,), think=True, max_tokens=7, stop=("X",))
    request = msgspec.structs.replace(request, messages=(*request.messages, *history))
    events = await collect(scripted.stream(request))
    assert phases(events) == ["loading", "reading"]
    assert (reasoning_of(events), text_of(events)) == ("hm", "ok")
    assert [call.arguments for call in calls_of(events)] == ['{"path": "a"}', "{}"]
    assert len({call.id for call in calls_of(events)}) == 2
    body = model_server.chats[0].body
    assert body["options"] == {"num_ctx": 2048, "temperature": 0.2, "num_predict": 7, "stop": ["X"]}
    assert body["tools"][0]["function"]["parameters"] == nested
    assert (body["think"], body["truncate"], body["shift"]) == (True, False, False)
    assert body["messages"][1]["tool_calls"][1]["function"]["arguments"] == {"value": "oops"}
    assert body["messages"][2] | {"tool_name": "ls"} == body["messages"][2]


async def test_think_tags_in_text(scripted: OllamaModel, model_server: ModelServer) -> None:
    model_server.script(Answer(text=("<thi", "nk>a", "b</think>", "\n", "c")))
    events = await collect(scripted.stream(ask()))
    assert (reasoning_of(events), text_of(events)) == ("ab", "c")


async def test_constrained_calls_do_not_think(scripted: OllamaModel, model_server: ModelServer) -> None:
    await collect(scripted.stream(ask(response_schema=CHOICE_SCHEMA, think=True)))
    body = model_server.chats[0].body
    assert body["format"] == CHOICE_SCHEMA and body["think"] is False


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (Answer(status=401, body='{"error":"unauthorized"}'), errors.ModelAuth, "OLLAMA_HOST"),
        (Answer(status=404, body='{"error":"not found"}'), errors.ModelNotFound, "ollama pull big"),
        (Answer(status=500, body='{"error":"model runner has crashed"}'), errors.ModelServerError, "log"),
        (Answer(status=400, body=_TOO_LONG), errors.ContextTooSmall, "context_window"),
        (Answer(text=("a", "b", "c"), error_event="out of memory"), errors.ModelCutOff, "ask again"),
        (Answer(text=("a", "b", "c"), cut="reset"), errors.ModelCutOff, "ask again"),
        (Answer(text=("a", "b", "c"), cut="drop"), errors.ModelCutOff, "ask again"),
        (Answer(text=("a", "b", "c"), cut="eof"), errors.ModelCutOff, "ask again"),
        (Answer(body="<html><title>Sign in</title></html>"), errors.ModelProtocolError, "OLLAMA_HOST"),
        (Answer(body='{"message": 1}\n'), errors.ModelProtocolError, "OLLAMA_HOST"),
        (Answer(body='{"message": {"content": "a"}'), errors.ModelProtocolError, "OLLAMA_HOST"),
        (Answer(body=""), errors.ModelCutOff, "ask again"),
    ],
)  # fmt: skip
async def test_each_failure_has_its_error(
    scripted: OllamaModel, model_server: ModelServer, answer: Answer, kind: type[ModelError], says: str
) -> None:
    model_server.script(answer)
    events: list[StreamEvent] = []
    with pytest.raises(ModelError) as caught:
        async for event in scripted.stream(ask()):
            events.append(event)
    assert type(caught.value) is kind and says in caught.value.hint
    if answer.text:
        assert text_of(events).startswith("a")


async def test_retry_after_is_told(scripted: OllamaModel, model_server: ModelServer) -> None:
    model_server.script(Answer(status=429, body="{}", headers={"Retry-After": "60"}))
    with pytest.raises(errors.ModelRateLimited, match="429") as caught:
        await collect(scripted.stream(ask()))
    assert caught.value.retry_after == 60


@pytest.mark.parametrize(
    ("word", "ability"), [("tools", "supports_tools"), ("thinking", "supports_thinking")]
)
async def test_a_refusal_is_remembered(
    scripted: OllamaModel, model_server: ModelServer, word: str, ability: str
) -> None:
    model_server.script(Answer(status=400, body=f'{{"error":"big does not support {word}"}}'))
    with pytest.raises(errors.ModelRefused) as caught:
        await collect(scripted.stream(ask(tools=(LS,), think=True)))
    assert caught.value.parameter == {"tools": "tools", "thinking": "think"}[word]
    assert getattr(scripted.info, f"supports_{word}") is False


async def test_a_prompt_cut_by_an_old_server_is_told(
    scripted: OllamaModel, model_server: ModelServer
) -> None:
    model_server.script(Answer(text=("sure",), prompt_tokens=2048))
    events: list[StreamEvent] = []
    with pytest.raises(errors.ContextTooSmall, match="2048"):
        async for event in scripted.stream(ask("word " * 6000)):
            events.append(event)
    assert text_of(events) == "sure"


@pytest.mark.parametrize("hang", ["headers", "first", "middle"])
async def test_cancel_closes_the_request(scripted: OllamaModel, model_server: ModelServer, hang: Any) -> None:
    model_server.script(Answer(text=("a", "b", "c"), hang=hang))
    got = asyncio.Event()

    async def run() -> None:
        async for event in scripted.stream(ask()):
            if isinstance(event, TextChunk):
                got.set()

    task = asyncio.create_task(run())
    await (got.wait() if hang == "middle" else model_server.answering.wait())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(model_server.client_closed.wait(), 60)


async def test_pull_adds_up_its_layers_and_cancels(model_server: ModelServer) -> None:
    model_server.pull_lines = [
        {"status": "pulling manifest"},
        {"status": "pulling aa", "digest": "aa", "total": 100, "completed": 100},
        {"status": "pulling bb", "digest": "bb", "total": 50},
        {"status": "verifying sha256 digest"},
        {"status": "success"},
    ]
    model = OllamaModel(settings=Settings(ollama_host=model_server.url), name="new")
    steps = [step async for step in model.pull()]
    assert steps[0].status == "pulling manifest"
    assert steps[-1] == PullProgress(model="new", status="success", completed=150, total=150, done=True)
    model_server.pull_lines = [{"status": "pulling manifest"}, {"hang": True}]
    async with aclosing(model.pull()) as progress:
        async for _ in progress:
            break
    await asyncio.wait_for(model_server.client_closed.wait(), 60)
    await model.aclose()


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        ([{"status": "pulling manifest"}, _NO_FILE], errors.ModelNotFound),
        ([{"status": "pulling manifest"}, {"error": "dial tcp: no such host"}], errors.ModelServerError),
        ([{"status": "pulling manifest"}], errors.ModelCutOff),
        ([{"status": ["not", "text"]}], errors.ModelProtocolError),
    ],
)  # fmt: skip
async def test_a_failed_pull_says_why(model_server: ModelServer, lines: Any, kind: type[ModelError]) -> None:
    model_server.pull_lines = lines
    model = OllamaModel(settings=Settings(ollama_host=model_server.url), name="new")
    with pytest.raises(kind):
        [step async for step in model.pull()]
    await model.aclose()


async def test_nobody_listens() -> None:
    model = OllamaModel(settings=Settings(ollama_host=f"http://127.0.0.1:{free_ports(1)}"))
    for call in (model.probe(), model.list_models(), anext(model.pull()), collect(model.stream(ask()))):
        with pytest.raises(errors.ModelUnreachable) as caught:
            await call
        assert "ollama serve" in caught.value.hint
    await model.aclose()
