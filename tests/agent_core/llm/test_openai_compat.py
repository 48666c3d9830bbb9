"""The OpenAI adapter against the scripted server: what large models and broken endpoints do."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from pathlib import Path

import pytest

from agent_core.config import Settings
from agent_core.llm import errors
from agent_core.llm.errors import ModelError
from agent_core.llm.openai_compat import OpenAICompatModel
from agent_core.llm.port import Message, StreamEvent, TextChunk, ToolCall
from tests.agent_core.llm.helpers_llm import (
    CHOICE_SCHEMA,
    LS,
    ask,
    calls_of,
    collect,
    end_of,
    phases,
    reasoning_of,
    text_of,
)
from tests.fakes.model_server import ModelServer
from tests.fakes.model_wire import Answer, Call


@pytest.fixture
async def model(model_server: ModelServer):
    settings = Settings(
        openai_base_url=model_server.url + "/v1", openai_model="big", openai_api_key="sk-secret"
    )
    built = OpenAICompatModel(settings=settings)
    yield built
    await built.aclose()


async def test_text_streams_with_usage(model: OpenAICompatModel, model_server: ModelServer) -> None:
    model_server.script(Answer(text=("Hel", "lo ", "wörld"), prompt_tokens=42))
    events = await collect(model.stream(ask("say hello", max_tokens=9, stop=("END",))))
    assert text_of(events) == "Hello wörld"
    end = end_of(events)
    assert end.reason == "stop"
    assert (end.usage.prompt_tokens, end.usage.completion_tokens, end.usage.estimated) == (42, 3, False)
    assert end.usage.first_token_s is not None
    body = model_server.chats[0].body
    assert body["max_tokens"] == 9 and body["stop"] == ["END"] and body["stream"] is True
    assert model_server.chats[0].headers["authorization"] == "Bearer sk-secret"


async def test_usage_is_else_estimated(model: OpenAICompatModel, model_server: ModelServer) -> None:
    model_server.script(Answer(text=("four " * 30,), prompt_tokens=None))
    usage = end_of(await collect(model.stream(ask("x" * 360)))).usage
    assert usage.estimated and usage.prompt_tokens > 50 and usage.completion_tokens > 20


async def test_parallel_tool_calls_in_pieces(model: OpenAICompatModel, model_server: ModelServer) -> None:
    model_server.script(
        Answer(
            text=("Let me look.",),
            calls=(Call("ls", ('{"pa', 'th": "', 'src"}')), Call("grep", ('{"pattern":"a"}',), id="x9")),
        )
    )
    events = await collect(model.stream(ask(tools=(LS,))))
    assert calls_of(events) == [
        ToolCall("call-0", "ls", '{"path": "src"}'),
        ToolCall("x9", "grep", '{"pattern":"a"}'),
    ]
    assert end_of(events).reason == "tool_calls"
    assert model_server.chats[0].body["tools"][0]["function"]["name"] == "ls"


async def test_unnumbered_calls_are_told_apart_by_id(
    model: OpenAICompatModel, model_server: ModelServer
) -> None:
    calls = (Call("ls", ("{}",), id="a", index=None), Call("ls", ('{"path":"b"}',), id="b", index=None))
    model_server.script(Answer(calls=calls, finish="stop"))
    events = await collect(model.stream(ask(tools=(LS,))))
    assert [call.arguments for call in calls_of(events)] == ["{}", '{"path":"b"}']
    assert end_of(events).reason == "tool_calls"


async def test_history_with_calls_goes_back(model: OpenAICompatModel, model_server: ModelServer) -> None:
    messages = (
        Message(role="system", content="be brief"),
        Message(role="user", content="look"),
        Message(role="assistant", tool_calls=(ToolCall("c1", "ls", '{"path":"."}'),)),
        Message(role="tool", content="a.py", tool_call_id="c1", name="ls"),
    )
    request = ask()
    await collect(model.stream(type(request)(messages=messages)))
    sent = model_server.chats[0].body["messages"]
    assert sent[2]["tool_calls"][0]["function"] == {"name": "ls", "arguments": '{"path":"."}'}
    assert sent[3] == {"role": "tool", "content": "a.py", "tool_call_id": "c1"}


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
async def test_reasoning_fields(model: OpenAICompatModel, model_server: ModelServer, field: str) -> None:
    model_server.script(Answer(reasoning=("hm ", "so"), reasoning_field=field, text=("42",)))
    events = await collect(model.stream(ask()))
    assert (reasoning_of(events), text_of(events)) == ("hm so", "42")
    assert end_of(events).usage.reasoning_tokens > 0
    assert model.info.supports_thinking


async def test_think_tags_in_text(model: OpenAICompatModel, model_server: ModelServer) -> None:
    model_server.script(Answer(text=("<th", "ink>let me", " see</thi", "nk>\n\n", "42 <think>")))
    events = await collect(model.stream(ask()))
    assert (reasoning_of(events), text_of(events)) == ("let me see", "42 <think>")


async def test_schema_is_sent_and_reasoning_switched_off(
    model: OpenAICompatModel, model_server: ModelServer
) -> None:
    model_server.script(Answer(text=('{"tool":"ls"}',)))
    await collect(model.stream(ask(response_schema=CHOICE_SCHEMA, think=True)))
    body = model_server.chats[0].body
    assert body["response_format"]["json_schema"]["schema"] == CHOICE_SCHEMA
    assert body["chat_template_kwargs"] == {"enable_thinking": False}


async def test_refused_schema_falls_back_and_is_remembered(
    model: OpenAICompatModel, model_server: ModelServer
) -> None:
    no = Answer(status=400, body='{"error":{"message":"response_format json_schema is not supported"}}')
    model_server.script(no, no, Answer(text=("{}",)))
    events = await collect(model.stream(ask(response_schema=CHOICE_SCHEMA)))
    assert text_of(events) == "{}"
    sent = [chat.body.get("response_format", {}).get("type") for chat in model_server.chats]
    assert sent == ["json_schema", "json_object", None]
    assert not model.info.supports_schema
    await collect(model.stream(ask(response_schema=CHOICE_SCHEMA)))
    assert len(model_server.chats) == 4 and "response_format" not in model_server.chats[3].body


@pytest.mark.parametrize(
    ("said", "sent", "gone"),
    [
        ("Unsupported: 'max_tokens'. Use 'max_completion_tokens'.", "max_completion_tokens", "max_tokens"),
        ("Unsupported value: 'temperature' does not support 0.2", "max_tokens", "temperature"),
        ("Extra inputs are not permitted: stream_options", "max_tokens", "stream_options"),
        ("unknown field chat_template_kwargs", "max_tokens", "chat_template_kwargs"),
    ],
)  # fmt: skip
async def test_optional_parts_are_dropped_when_refused(
    model: OpenAICompatModel, model_server: ModelServer, said: str, sent: str, gone: str
) -> None:
    model_server.script(Answer(status=422, body=f'{{"detail":[{{"msg":"{said}"}}]}}'), Answer(text=("ok",)))
    assert text_of(await collect(model.stream(ask(max_tokens=5, think=False)))) == "ok"
    body = model_server.chats[1].body
    assert sent in body and gone not in body


async def test_refused_tools_are_remembered(model: OpenAICompatModel, model_server: ModelServer) -> None:
    model_server.script(Answer(status=400, body='{"error":{"message":"big does not support tools"}}'))
    assert model.info.supports_tools
    with pytest.raises(errors.ModelRefused) as caught:
        await collect(model.stream(ask(tools=(LS,))))
    assert caught.value.parameter == "tools"
    assert not model.info.supports_tools


async def test_context_overflow_is_named(model: OpenAICompatModel, model_server: ModelServer) -> None:
    body = '{"error":{"message":"request (3031 tokens) exceeds the available context size (1024 tokens)"}}'
    model_server.script(Answer(status=400, body=body))
    with pytest.raises(errors.ContextTooSmall, match="3031"):
        await collect(model.stream(ask()))


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(status=401, body='{"error":{"message":"bad key sk-secret"}}'), errors.ModelAuth),
        (Answer(status=403, body='{"error":"not for you"}'), errors.ModelAuth),
        (Answer(status=404, body='{"error":{"message":"no model big"}}'), errors.ModelNotFound),
        (Answer(status=429, body="{}", headers={"Retry-After": "7"}), errors.ModelRateLimited),
        (Answer(status=500, body="<html><title>Oops</title><body>x</body></html>"), errors.ModelServerError),
        (Answer(status=400, body='{"error":{"message":"no"}}'), errors.ModelRefused),
        (Answer(body="<html><body>Login</body></html>", content_type="text/html"), errors.ModelProtocolError),
        (Answer(body='data: {"choices": [}\n\n'), errors.ModelProtocolError),
        (Answer(body='data: {"choices": 7}\n\n'), errors.ModelProtocolError),
        (Answer(body='{"error": "no GPU"}', content_type="application/json"), errors.ModelProtocolError),
        (Answer(body=""), errors.ModelCutOff),
        (Answer(text=("a", "b", "c"), error_event="upstream died"), errors.ModelCutOff),
        (Answer(text=("a", "b", "c"), cut="reset"), errors.ModelCutOff),
        (Answer(text=("a", "b", "c"), cut="drop"), errors.ModelCutOff),
        (Answer(text=("a", "b", "c"), cut="eof"), errors.ModelCutOff),
    ],
)  # fmt: skip
async def test_each_failure_has_its_error(
    model: OpenAICompatModel, model_server: ModelServer, answer: Answer, kind: type[ModelError]
) -> None:
    model_server.script(answer)
    events: list[StreamEvent] = []
    with pytest.raises(ModelError) as caught:
        async for event in model.stream(ask()):
            events.append(event)
    error = caught.value
    assert type(error) is kind
    assert error.hint and "sk-secret" not in error.message + error.hint
    assert "Traceback" not in error.message and "\n" not in error.message
    if answer.cut or answer.error_event:
        assert text_of(events).startswith("a")


async def test_retry_after_is_told(model: OpenAICompatModel, model_server: ModelServer) -> None:
    model_server.script(Answer(status=429, body="{}", headers={"Retry-After": "7"}))
    with pytest.raises(errors.ModelRateLimited, match="429") as caught:
        await collect(model.stream(ask()))
    assert caught.value.retry_after == 7


async def test_nobody_listens() -> None:
    model = OpenAICompatModel(settings=Settings(openai_base_url="http://127.0.0.1:9/v1", openai_model="m"))
    with pytest.raises(errors.ModelUnreachable, match="connection refused"):
        await model.probe()
    with pytest.raises(errors.ModelUnreachable):
        await collect(model.stream(ask()))
    await model.aclose()


@pytest.mark.parametrize("hang", ["headers", "first", "middle"])
async def test_cancel_closes_the_request(
    model: OpenAICompatModel, model_server: ModelServer, hang: str
) -> None:
    model_server.script(Answer(text=("a", "b", "c"), hang=hang))  # pyright: ignore[reportArgumentType]
    await model.probe()
    got = asyncio.Event()

    async def run() -> None:
        async for event in model.stream(ask()):
            if isinstance(event, TextChunk):
                got.set()

    task = asyncio.create_task(run())
    await (got.wait() if hang == "middle" else model_server.answering.wait())
    cancelled_at = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(model_server.client_closed.wait(), 60)
    closed_at = model_server.chats[0].closed
    assert closed_at is not None and closed_at >= cancelled_at


async def test_leaving_the_stream_closes_the_request(
    model: OpenAICompatModel, model_server: ModelServer
) -> None:
    model_server.script(Answer(text=("a",) * 1000, hang="middle"))
    async with aclosing(model.stream(ask())) as events:
        async for event in events:
            if isinstance(event, TextChunk):
                break
    await asyncio.wait_for(model_server.client_closed.wait(), 60)


async def test_a_loading_server_is_waited_for(model: OpenAICompatModel, model_server: ModelServer) -> None:
    model_server.script(Answer(text=("up",), loading=2))
    events = await collect(model.stream(ask()))
    assert phases(events) == ["reading", "loading", "reading"]
    assert text_of(events) == "up"


async def test_probe_reads_the_window(model_server: ModelServer) -> None:
    model_server.models = [{"id": "big", "max_model_len": 32768}, {"id": "other"}]
    settings = Settings(openai_base_url=model_server.url + "/v1", openai_model="big")
    for asked, window in ((0, 32768), (1000, 1000), (99999, 32768)):
        import msgspec

        model = OpenAICompatModel(settings=msgspec.structs.replace(settings, context_window=asked))
        assert (await model.probe()).window == window
        assert await model.list_models() == ["big", "other"]
        await model.aclose()


async def test_probe_asks_llamacpp_for_its_window(model_server: ModelServer) -> None:
    model_server.models = [{"id": "m.gguf", "owned_by": "llamacpp", "meta": {"n_ctx_train": 131072}}]
    model_server.props = {
        "default_generation_settings": {"n_ctx": 4096},
        "chat_template_caps": {"supports_tools": False},
    }
    model = OpenAICompatModel(settings=Settings(openai_base_url=model_server.url + "/v1"))
    info = await model.probe()
    assert (info.name, info.window, info.supports_tools) == ("m.gguf", 4096, False)
    await model.aclose()


async def test_probe_names_what_is_there_when_no_model_is_named(model_server: ModelServer) -> None:
    model_server.models = [{"id": "a"}, {"id": "b"}]
    model = OpenAICompatModel(settings=Settings(openai_base_url=model_server.url + "/v1"))
    with pytest.raises(errors.ModelNotFound, match="a, b") as caught:
        await model.probe()
    assert "MODEL_NAME" in caught.value.hint
    await model.aclose()


async def test_a_wrong_key_is_told_by_the_probe(model_server: ModelServer) -> None:
    model_server.require_key = "right"
    for key, hint in (("wrong", "dspy-tui auth list"), ("", "dspy-tui auth login")):
        settings = Settings(openai_base_url=model_server.url + "/v1", openai_model="big", openai_api_key=key)
        model = OpenAICompatModel(settings=settings)
        with pytest.raises(errors.ModelAuth) as caught:
            await model.probe()
        assert hint in caught.value.hint
        await model.aclose()


async def test_a_key_that_runs_out_is_asked_for_again_once(model_server: ModelServer, tmp_path: Path) -> None:
    key, asked = tmp_path / "key", tmp_path / "asked"
    key.write_text("first-key\n")
    command = f"sh -c 'echo x >> {asked}; cat {key}'"
    settings = Settings(openai_base_url=model_server.url + "/v1", openai_model="big", api_key_command=command)
    model = OpenAICompatModel(settings=settings)
    model_server.require_key = "first-key"
    await model.probe()
    model_server.require_key = "second-key"
    with pytest.raises(errors.ModelAuth):
        await collect(model.stream(ask("hello")))
    assert len(asked.read_text().split()) == 2, "it gave the same one, and that was not sent again"
    key.write_text("second-key\n")
    model_server.script(Answer(text=("hello",)))
    assert text_of(await collect(model.stream(ask("hello")))) == "hello"
    model_server.require_key = "third-key"
    key.write_text("third-key\n")
    await model.probe()
    model_server.require_key = "nobody's"
    key.write_text("fourth-key\n")
    with pytest.raises(errors.ModelAuth):
        await model.probe()
    assert len(asked.read_text().split()) == 5, "once for each refusal"
    await model.aclose()


async def test_a_cut_prompt_is_told(model: OpenAICompatModel, model_server: ModelServer) -> None:
    model_server.script(Answer(text=("sure",), prompt_tokens=1024))
    events: list[StreamEvent] = []
    with pytest.raises(errors.ContextTooSmall, match="1024"):
        async for event in model.stream(ask("word " * 6000)):
            events.append(event)
    assert text_of(events) == "sure"
