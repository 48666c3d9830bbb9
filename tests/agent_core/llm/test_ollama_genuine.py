"""The Ollama adapter against a genuine server with a tiny real model."""

from __future__ import annotations

import asyncio
import json
import subprocess
from contextlib import aclosing
from pathlib import Path

import msgspec
import pytest

from agent_core.config import Settings
from agent_core.llm import errors
from agent_core.llm.errors import ModelError
from agent_core.llm.ollama import OllamaModel
from agent_core.llm.openai_compat import OpenAICompatModel
from agent_core.llm.port import StreamEvent, TextChunk
from tests.agent_core.llm.helpers_llm import CHOICE_SCHEMA, LS, ask, collect, end_of, text_of
from tests.fixtures_models import PLAIN, WITH_TOOLS, Ollama
from tests.ports import free_ports

pytestmark = pytest.mark.ollama


@pytest.fixture
async def genuine(ollama: Ollama):
    model = OllamaModel(settings=ollama.settings)
    yield model
    await model.aclose()


async def test_genuine_streaming_and_num_ctx(genuine: OllamaModel, ollama: Ollama) -> None:
    info = await genuine.probe()
    assert (info.window, info.supports_tools, info.is_local) == (1024, False, True)
    events = await collect(genuine.stream(ask("Count from 1 to 5.", max_tokens=24)))
    assert text_of(events)
    usage = end_of(events).usage
    assert usage.prompt_tokens > 10 and 0 < usage.completion_tokens <= 24 and not usage.estimated
    assert usage.first_token_s and usage.tokens_per_s
    assert (await genuine.probe()).loaded and genuine.info.window == 1024
    assert {"smollm2:135m", "smollm2-tools:135m"} <= set(await genuine.list_models())
    larger = OllamaModel(settings=msgspec.structs.replace(ollama.settings, context_window=1280))
    await collect(larger.stream(ask(max_tokens=2)))
    open_setting = OllamaModel(settings=msgspec.structs.replace(ollama.settings, context_window=0))
    assert (await open_setting.probe()).window == 1280, "what the server has loaded it with"
    await larger.aclose()
    await open_setting.aclose()


async def test_genuine_schema(genuine: OllamaModel) -> None:
    events = await collect(
        genuine.stream(ask("Which tool lists files?", response_schema=CHOICE_SCHEMA, max_tokens=64))
    )
    assert json.loads(text_of(events))["tool"] in ("ls", "grep")


async def test_genuine_tools_refused_and_accepted(genuine: OllamaModel, ollama: Ollama) -> None:
    with pytest.raises(errors.ModelRefused) as caught:
        await collect(genuine.stream(ask(tools=(LS,), max_tokens=4)))
    assert caught.value.parameter == "tools"
    able = OllamaModel(settings=ollama.settings, name=WITH_TOOLS)
    assert (await able.probe()).supports_tools
    end_of(await collect(able.stream(ask(tools=(LS,), max_tokens=8))))
    await able.aclose()


async def test_genuine_server_never_cuts_silently(genuine: OllamaModel) -> None:
    with pytest.raises(errors.ContextTooSmall):
        await collect(genuine.stream(ask("word " * 3000, max_tokens=4)))


async def test_genuine_unknown_model(ollama: Ollama) -> None:
    model = OllamaModel(settings=ollama.settings, name="nothing:here")
    with pytest.raises(errors.ModelNotFound) as caught:
        await model.probe()
    assert "ollama pull nothing:here" in caught.value.hint
    await model.aclose()


async def test_genuine_pull_with_progress_and_cancel(ollama: Ollama) -> None:
    port = free_ports(1)
    registry = subprocess.Popen(
        [str(ollama.script), "registry", str(port), "30000000"], env=ollama.env, stderr=subprocess.DEVNULL
    )
    name = f"127.0.0.1:{port}/library/smollm2:135m"
    model = OllamaModel(settings=ollama.settings, name=name)
    lost = OllamaModel(settings=ollama.settings, name="x.invalid/a/b:c")
    stored = (ollama.folder / "models" / "blobs").iterdir()
    blobs = {path: path.read_bytes() for path in stored if path.stat().st_size > 1e6}
    try:
        for path in blobs:
            path.unlink()  # so that there is something to pull
        await _until_listening(port)
        async with aclosing(model.pull(insecure=True)) as progress:
            async for step in progress:
                if 0 < step.completed < step.total:
                    break
        assert name not in await model.list_models()
        steps = [step async for step in model.pull(insecure=True)]
        assert steps[-1].done and steps[-1].completed == steps[-1].total > 90_000_000
        assert len({step.completed for step in steps}) > 3
        assert name in await model.list_models()
        with pytest.raises(ModelError, match=r"could not pull 'x.invalid/a/b:c'|no model 'x.invalid/a/b:c'"):
            [step async for step in lost.pull()]
    finally:
        registry.kill()
        registry.wait()
        _restore(blobs)
        await model.aclose()
        await lost.aclose()


def _restore(blobs: dict[Path, bytes]) -> None:
    for path, content in blobs.items():
        if not path.exists():
            path.write_bytes(content)


async def _until_listening(port: int) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return


async def test_genuine_kill_in_mid_stream(genuine: OllamaModel, ollama: Ollama) -> None:
    events: list[StreamEvent] = []
    killed = False
    try:
        with pytest.raises(errors.ModelCutOff):
            async for event in genuine.stream(ask("Write a very long story.", max_tokens=900)):
                events.append(event)
                if not killed and len(text_of(events)) > 20:
                    killed = True
                    ollama.run("kill")
        assert len(text_of(events)) > 20
        with pytest.raises(errors.ModelUnreachable):
            await collect(genuine.stream(ask()))
    finally:
        ollama.run("start")
    assert text_of(await collect(genuine.stream(ask(max_tokens=4))))


async def test_genuine_cancel_frees_the_server(genuine: OllamaModel) -> None:
    async def run() -> None:
        async for event in genuine.stream(ask("Write a very long story.", max_tokens=900)):
            if isinstance(event, TextChunk):
                started.set()

    started = asyncio.Event()
    task = asyncio.create_task(run())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    # The server runs one request at a time: this one is only answered because the first was given up.
    assert text_of(await collect(genuine.stream(ask(max_tokens=4))))


async def test_genuine_over_the_openai_protocol(ollama: Ollama) -> None:
    settings = Settings(openai_base_url=ollama.url + "/v1", openai_model=WITH_TOOLS)
    model = OpenAICompatModel(settings=settings)
    assert (await model.probe()).name == WITH_TOOLS
    assert {PLAIN, WITH_TOOLS} <= set(await model.list_models())
    events = await collect(model.stream(ask("hello", tools=(LS,), max_tokens=8)))
    assert end_of(events).usage.prompt_tokens > 10
    events = await collect(model.stream(ask("list files", response_schema=CHOICE_SCHEMA, max_tokens=64)))
    assert json.loads(text_of(events))["tool"] in ("ls", "grep")
    await model.aclose()
    plain = OpenAICompatModel(settings=settings, name=PLAIN)
    with pytest.raises(errors.ModelRefused) as caught:
        await collect(plain.stream(ask(tools=(LS,), max_tokens=4)))
    assert caught.value.parameter == "tools" and not plain.info.supports_tools
    await plain.aclose()
