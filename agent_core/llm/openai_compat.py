"""Any OpenAI-compatible endpoint behind the port, by the `openai` client and chat completions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import msgspec

from agent_core.config import Settings
from agent_core.llm import http_errors
from agent_core.llm.errors import (
    ContextTooSmall,
    ModelAuth,
    ModelError,
    ModelNotFound,
    ModelRefused,
    ModelServerError,
)
from agent_core.llm.hosts import host_of, is_local, openai_url
from agent_core.llm.http_errors import Endpoint
from agent_core.llm.meter import Meter
from agent_core.llm.openai_keyed import KeyedClient
from agent_core.llm.openai_stream import AnswerReader
from agent_core.llm.openai_wire import chat_body, refused_part
from agent_core.llm.port import Alive, ChatRequest, Finished, ModelInfo, StreamEvent
from agent_core.llm.prompt_check import PromptCheck
from agent_core.llm.timeouts import prompt_chars
from agent_core.llm.windows import Price, known, price_of_entry, window_of_entry

if TYPE_CHECKING:
    from agent_core.llm.openai_client import Client

_LOADING_POLL_S = 0.5


class OpenAICompatModel:
    """One model of one endpoint. The vendor's client is imported at the first call, in a thread."""

    def __init__(self, *, settings: Settings, name: str = "", url: str = "", key: str | None = None) -> None:
        self._settings = settings
        self._url = openai_url(url or settings.openai_base_url)
        self._keyed = KeyedClient(settings=settings, url=self._url, key=key)
        self._refused: frozenset[str] = frozenset()
        self._check = PromptCheck()
        self._info = ModelInfo(
            provider="openai",
            name=name or settings.openai_model,
            host=host_of(self._url),
            window=settings.context_window,
            supports_tools=True,
            supports_schema=True,
            is_local=is_local(self._url),
        )
        self._price = self._listed_price()

    @property
    def info(self) -> ModelInfo:
        """What was found out by `probe` and by what was refused since."""
        return self._info

    async def probe(self) -> ModelInfo:
        """Ask for the endpoint's model list; one model alone is taken when none is named.

        An endpoint without a model list (404) is taken at its word: the first request will tell.
        """
        entries = await self._entries()
        if entries is None:
            if not self._info.name:
                raise self._nothing_named([])
            return self._info
        entry = self._choose(entries)
        props = await self._llamacpp_props() if entry.get("owned_by") == "llamacpp" else {}
        served = props.get("default_generation_settings", {}).get("n_ctx") or window_of_entry(entry)
        listed = known(self._info.host, self._info.name)
        window = self._settings.context_window or served or (listed.window if listed else 0)
        self._price = price_of_entry(entry) or self._listed_price()
        self._info = msgspec.structs.replace(
            self._info,
            window=min(window, served) if served else window,
            supports_tools=_supports_tools(entry, props) and "tools" not in self._refused,
        )
        return self._info

    async def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent]:
        """Send the request; parts that an endpoint refuses and that are not needed are left out from then on.

        Raises ModelRefused with `parameter` "tools" where the model takes none; `info` then says so. Raises
        ContextTooSmall at the end when the server turns out to have cut the prompt.
        """
        chars = prompt_chars(request)
        meter = Meter(prompt_chars=chars, price=self._price)
        reader = AnswerReader(self._endpoint, split=request.response_schema is None)
        yield Alive("reading")
        renewed = False
        while not reader.opened:
            client = await self._keyed.open()
            body = chat_body(
                request, self._info, temperature=self._settings.temperature, refused=self._refused
            )
            try:
                async with aclosing(self._send(client, body, reader)) as events:
                    async for event in events:
                        meter.see(event)
                        yield event
            except ModelRefused as error:
                self._learn(error, body)
            except ModelAuth:
                if renewed or not await self._keyed.renewed(client):
                    raise
                renewed = True
            except ModelServerError as error:
                if "loading model" not in error.message.lower() or reader.opened:
                    raise self._server_error(error, body) from error
                yield Alive("loading")
                await self._until_loaded()
                yield Alive("reading")
        if meter.reasoned and not self._info.supports_thinking:
            self._info = msgspec.structs.replace(self._info, supports_thinking=True)
        usage = reader.usage(meter)
        if not usage.estimated:
            self._check.refuse(chars=chars, read=usage.prompt_tokens, info=self._info)
        yield Finished(reader.reason, usage)

    async def list_models(self) -> list[str]:
        """The names in the endpoint's model list; empty where it has none."""
        return [entry["id"] for entry in await self._entries() or []]

    async def aclose(self) -> None:
        """Close every connection."""
        await self._keyed.aclose()

    @property
    def _endpoint(self) -> Endpoint:
        return Endpoint(provider="openai", host=self._info.host, model=self._info.name, key=self._keyed.key)

    def _listed_price(self) -> Price | None:
        listed = known(self._info.host, self._info.name)
        return listed.price if listed else None

    async def _send(
        self, client: Client, body: dict[str, Any], reader: AnswerReader
    ) -> AsyncGenerator[StreamEvent]:
        async with aclosing(client.chat(body, self._endpoint)) as pieces:
            async for piece in pieces:
                for event in reader.feed(piece):
                    yield event
                reader.check()
        for event in reader.finish():
            yield event

    async def _entries(self, *, is_first: bool = True) -> list[dict[str, Any]] | None:
        client = await self._keyed.open()
        try:
            found = await client.get("/models", self._endpoint)
        except ModelNotFound:
            return None
        except ModelAuth:
            if not is_first or not await self._keyed.renewed(client):
                raise
            return await self._entries(is_first=False)
        data = found.get("data", found.get("models"))
        if data is None and found.keys() & {"data", "models"}:
            return []
        if not isinstance(data, list):
            raise http_errors.garbage(self._endpoint, "its model list is none")
        entries: list[Any] = data  # pyright: ignore[reportUnknownVariableType]
        return [entry for entry in entries if isinstance(entry, dict) and isinstance(entry.get("id"), str)]  # pyright: ignore[reportUnknownMemberType]

    def _choose(self, entries: list[dict[str, Any]]) -> dict[str, Any]:
        """The entry of our model. A list without it is no proof: aliases and proxies leave names out."""
        names = [entry["id"] for entry in entries]
        if not self._info.name:
            if len(entries) != 1:
                raise self._nothing_named(names)
            self._info = msgspec.structs.replace(self._info, name=names[0])
        return next((entry for entry in entries if entry["id"] == self._info.name), dict[str, Any]())

    def _nothing_named(self, names: list[str]) -> ModelNotFound:
        some = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
        there = f"; it has {some}" if names else ""
        return ModelNotFound(
            f"No model is chosen for {self._info.host}{there}",
            hint="Set MODEL_NAME, or `model use NAME`; `model list` shows the names.",
        )

    async def _until_loaded(self) -> None:
        """Wait while the server's health page says that the model is being loaded (llama.cpp)."""
        client = await self._keyed.open()
        while True:
            await asyncio.sleep(_LOADING_POLL_S)
            try:
                await client.get(self._url.removesuffix("/v1") + "/health", self._endpoint)
            except ModelServerError:
                continue
            except ModelError:
                return
            return

    async def _llamacpp_props(self) -> dict[str, Any]:
        """llama.cpp tells its window and its template's abilities beside the OpenAI paths."""
        client = await self._keyed.open()
        try:
            return await client.get(self._url.removesuffix("/v1") + "/props", self._endpoint)
        except ModelError:
            return {}

    def _learn(self, error: ModelRefused, body: dict[str, Any]) -> None:
        """Remember the part that was refused; raises what the agent has to react to."""
        text = error.message.lower()
        if "context" in text and any(word in text for word in ("length", "size", "window", "exceed")):
            raise ContextTooSmall(
                f"The prompt does not fit the window of {self._info.name}: {error.message}",
                hint="Ask about less, or take a model with a larger window.",
            ) from error
        part = refused_part(error.message, body)
        if part == "tools":
            raise self._without_tools(error) from error
        if part == "response_format" and "json_schema" not in self._refused:
            part = "json_schema"
        elif part == "response_format":
            self._info = msgspec.structs.replace(self._info, supports_schema=False)
        if not part or part in self._refused:
            raise error
        self._refused |= {part}

    def _without_tools(self, error: ModelError) -> ModelRefused:
        self._refused |= {"tools"}
        self._info = msgspec.structs.replace(self._info, supports_tools=False)
        return ModelRefused(error.message, hint="It is asked without tools from now on.", parameter="tools")

    def _server_error(self, error: ModelServerError, body: dict[str, Any]) -> ModelError:
        """llama.cpp refuses tools with a 500 when it runs without `--jinja`."""
        if "tools" in body and "--jinja" in error.message:
            return self._without_tools(error)
        return error


def _supports_tools(entry: dict[str, Any], props: dict[str, Any]) -> bool:
    """What the endpoint tells; True where it does not: the first refusal will."""
    parameters: Any = entry.get("supported_parameters")  # OpenRouter
    if isinstance(parameters, list):
        return "tools" in parameters
    caps: Any = props.get("chat_template_caps")  # llama.cpp
    return bool(caps.get("supports_tools", True)) if isinstance(caps, dict) else True  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
