"""Which model answers: the order of choice, switching, what is published."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from agent_core.config import Settings
from agent_core.errors import PermissionRefused
from agent_core.events import Event, ModelChanged, PullProgress
from agent_core.llm import errors, select
from agent_core.llm.port import ModelInfo
from agent_core.llm.select import Models
from tests.agent_core.llm.helpers_llm import ask, collect, text_of
from tests.fakes.model_server import ModelServer
from tests.fixtures_models import PLAIN, WITH_TOOLS, Ollama
from tests.ports import free_ports


class Recorder:
    """Keeps what was published."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    @property
    def states(self) -> list[str]:
        return [event.state for event in self.events if isinstance(event, ModelChanged)]


def models_of(publish: Recorder, **settings: Any) -> Models:
    """Models of these settings; Ollama's address is one where nobody listens unless given."""
    settings.setdefault("ollama_host", f"http://127.0.0.1:{free_ports(1)}")
    return Models(settings=Settings(**settings), publish=publish)


async def test_nothing_set_and_no_ollama() -> None:
    seen = Recorder()
    models = models_of(seen)
    assert models.target() is None
    assert await models.current() is None
    assert models.state == "none" and "does not answer" in models.detail
    assert seen.states == ["none"]


async def test_none_is_none(model_server: ModelServer) -> None:
    models = models_of(Recorder(), provider="none", ollama_host=model_server.url)
    assert await models.current() is None
    assert model_server.requests == []


async def test_ollama_is_found_by_itself(model_server: ModelServer) -> None:
    seen = Recorder()
    models = models_of(seen, ollama_host=model_server.url, ollama_model="big")
    model = await models.current()
    assert model is not None and await models.current() is model
    assert models.info is not None and models.info.window == 2048
    assert seen.states == ["checking", "ready"]
    await models.aclose()


async def test_ollama_without_the_default_model_is_no_error(model_server: ModelServer) -> None:
    models = models_of(Recorder(), ollama_host=model_server.url)
    assert await models.current() is None
    assert "ollama pull qwen3:1.7b" in models.detail
    named = models_of(Recorder(), ollama_host=model_server.url, ollama_model="mine")
    with pytest.raises(errors.ModelNotFound, match="mine"):
        await named.current()


async def test_what_answers_in_ollamas_place_is_no_error() -> None:
    """Nobody asked for Ollama; some other program may have its port."""
    page = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(page)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        models = models_of(Recorder(), ollama_host=url)
        assert await models.current() is None
        assert "not an answer" in models.detail
        chosen = models_of(Recorder(), ollama_host=url, provider="ollama")
        with pytest.raises(errors.ModelProtocolError):
            await chosen.current()


async def test_a_silent_port_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes connections and says nothing; once it speaks, it is found without being asked for."""
    monkeypatch.setattr(select, "_LOOK_S", 0.05)
    monkeypatch.setattr(select, "_GLANCE_S", 0.01)
    waited: list[float] = []
    hear = select._hear

    async def counted(url: str, *, within: float) -> bool | None:
        waited.append(within)
        return await hear(url, within=within)

    monkeypatch.setattr(select, "_hear", counted)
    asked: list[bytes] = []
    speaks = False

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        if speaks:
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
        else:
            await reader.read()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        models = models_of(Recorder(), ollama_host=url)
        for _ in range(3):
            assert await models.current() is None
        assert waited == [0.05, 0.01, 0.01]
        assert models.state == "none" and "does not answer" in models.detail
        assert all(line.startswith(b"GET /api/version ") for line in asked), "nothing else is asked of it"
        speaks, count = True, len(asked)
        monkeypatch.setattr(select, "_GLANCE_S", 5.0)
        assert await models.current() is None
        assert len(asked) > count + 1, "it is asked for its model now"


async def test_listing_the_models_looks_again(
    model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = models_of(Recorder(), ollama_host=model_server.url, ollama_model="big")
    monkeypatch.setattr(select, "_LOOK_S", 0.0)
    assert await models.current() is None
    monkeypatch.setattr(select, "_GLANCE_S", 0.0)
    monkeypatch.setattr(select, "_LOOK_S", 5.0)
    assert await models.current() is None
    assert "big" in await models.list_models()
    assert await models.current() is not None
    await models.aclose()


async def test_openai_settings_come_before_ollama(model_server: ModelServer) -> None:
    url = model_server.url
    models = models_of(Recorder(), ollama_host=url, openai_base_url=url + "/v1", openai_model="big")
    target = models.target()
    assert target is not None and (target.provider, target.is_local) == ("openai", True)
    assert models.info is None and model_server.requests == []
    await models.current()
    assert models.info.provider == "openai"
    await models.aclose()
    chosen = models_of(
        Recorder(), provider="ollama", ollama_host=url, openai_base_url=url, ollama_model="big"
    )
    target = chosen.target()
    assert target is not None and target.provider == "ollama"


@pytest.mark.parametrize("settings", [{"provider": "ollama"}, {"openai_base_url": "http://127.0.0.1:9/v1"}])
async def test_what_was_asked_for_is_never_replaced(settings: dict[str, Any]) -> None:
    seen = Recorder()
    models = models_of(seen, **settings)
    for _ in range(2):
        with pytest.raises(errors.ModelUnreachable):
            await models.current()
    assert models.state == "unreachable" and seen.states == ["checking", "unreachable"] * 2


async def test_it_is_tried_again(model_server: ModelServer) -> None:
    model_server.require_key = "right"
    models = models_of(Recorder(), openai_base_url=model_server.url + "/v1", openai_model="big")
    with pytest.raises(errors.ModelAuth):
        await models.current()
    model_server.require_key = ""
    assert await models.current() is not None
    await models.aclose()


async def test_another_machine_is_asked_for_first() -> None:
    asked: list[ModelInfo] = []

    async def approve(info: ModelInfo) -> bool:
        asked.append(info)
        return False

    settings = Settings(openai_base_url="https://models.invalid/v1", openai_model="m", openai_api_key="sk-1")
    models = Models(settings=settings, publish=Recorder(), approve_host=approve)
    with pytest.raises(PermissionRefused, match=r"models\.invalid"):
        await models.current()
    with pytest.raises(PermissionRefused):
        await models.list_models()
    assert [(info.host, info.is_local) for info in asked] == [("models.invalid", False)] * 2


async def test_switch_keeps_the_old_model_when_the_new_one_fails(model_server: ModelServer) -> None:
    model_server.models.append({"id": "small"})
    seen = Recorder()
    models = models_of(seen, ollama_host=model_server.url, ollama_model="big")
    old = await models.current()
    with pytest.raises(errors.ModelNotFound):
        await models.switch("missing")
    assert await models.current() is old and models.state == "ready"
    assert (await models.switch("small")).name == "small"
    last = seen.events[-1]
    assert isinstance(last, ModelChanged) and (last.model, last.state) == ("small", "ready")
    assert old is not None and text_of(await collect(old.stream(ask()))) == "Hello", "its answer goes on"
    await models.aclose()


async def test_list_without_a_model() -> None:
    with pytest.raises(errors.ModelUnreachable):
        await models_of(Recorder()).list_models()


async def test_concurrent_first_use_asks_once(model_server: ModelServer) -> None:
    models = models_of(Recorder(), provider="ollama", ollama_host=model_server.url, ollama_model="big")
    first, second = await asyncio.gather(models.current(), models.current())
    assert first is second
    assert [seen.path for seen in model_server.requests].count("/api/show") == 1
    await models.aclose()


async def test_a_failed_pull_ends_with_its_error(model_server: ModelServer) -> None:
    model_server.pull_lines = [{"status": "pulling manifest"}, {"error": "no such host"}]
    models = models_of(Recorder(), ollama_host=model_server.url)
    steps: list[PullProgress] = []
    with pytest.raises(errors.ModelServerError):
        async with aclosing(models.pull("new")) as progress:
            async for step in progress:
                steps.append(step)
    assert steps[-1].done and steps[-1].error is not None


@pytest.mark.parametrize(
    ("name", "insecure"),
    [("localhost:5000/a/b:c", True), ("[::1]:5000/a/b", True), ("qwen3:1.7b", False), ("box:5000/a/b", False),
     ("[odd", False)],
)  # fmt: skip
async def test_a_registry_on_this_machine_needs_no_tls(
    model_server: ModelServer, name: str, insecure: bool
) -> None:
    model_server.pull_lines = [{"status": "success"}]
    models = models_of(Recorder(), ollama_host=model_server.url)
    async with aclosing(models.pull(name)) as progress:
        assert [step.done async for step in progress][-1]
    assert bool(model_server.requests[-1].body.get("insecure")) == insecure


@pytest.mark.ollama
async def test_genuine_list_and_switch(ollama: Ollama) -> None:
    models = Models(settings=ollama.settings, publish=Recorder())
    await models.current()
    assert models.info is not None and not models.info.supports_tools
    assert {PLAIN, WITH_TOOLS} <= set(await models.list_models())
    assert (await models.switch(WITH_TOOLS)).supports_tools
    await models.aclose()
