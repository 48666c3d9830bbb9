"""Time-outs and the one retry, the same for every model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, nullcontext
from typing import Literal, cast
from weakref import WeakKeyDictionary

import msgspec

from agent_core.config import Settings
from agent_core.llm.errors import (
    ModelCutOff,
    ModelError,
    ModelRateLimited,
    ModelServerError,
    ModelStalled,
    ModelUnreachable,
)
from agent_core.llm.meter import CHARS_PER_TOKEN
from agent_core.llm.port import Alive, ChatRequest, Finished, LanguageModel, Message, StreamEvent
from agent_core.llm.precedence import ahead
from agent_core.masking import mask_alone, secret_values
from agent_core.text import human_duration

Phase = Literal["loading", "reading"]
PublishAlive = Callable[[Phase, float], None]

LOAD_LIMIT_S = 900.0
"""Loading a large model from a slow disk takes minutes; it has to end some time."""
RETRIED = (ModelServerError, ModelRateLimited, ModelUnreachable, ModelCutOff)
"""What may be gone at a second try."""
_RETRY_DELAY_S = 0.5
_LONGEST_WAIT_S = 10.0
_MEASURED_FROM = 256
"""Prompt tokens below which the time to the first token says nothing about the rate."""


class PromptRate:
    """How many prompt tokens a model reads in a second: the slowest of the last calls that could tell."""

    def __init__(self, *, is_local: bool) -> None:
        self._default = 50.0 if is_local else 1000.0
        self._seen: list[float] = []

    def seconds_for(self, tokens: int) -> float:
        """The time that reading so many tokens may take."""
        return tokens / min(self._seen, default=self._default)

    def measured(self, tokens: int, seconds: float) -> None:
        """Take a call into account."""
        if tokens >= _MEASURED_FROM and seconds > 0:
            self._seen = [*self._seen[-4:], min(max(tokens / seconds, 5.0), 20_000.0)]


_rates: WeakKeyDictionary[LanguageModel, PromptRate] = WeakKeyDictionary()


def prompt_rate(model: LanguageModel) -> PromptRate:
    """What was measured of this model so far."""
    return _rates.setdefault(model, PromptRate(is_local=model.info.is_local))


async def watch(
    model: LanguageModel,
    request: ChatRequest,
    *,
    settings: Settings,
    publish_alive: PublishAlive | None = None,
    tries: int = 2,
    on_try: Callable[[], None] = lambda: None,
    is_ahead: bool = True,
) -> AsyncGenerator[StreamEvent]:
    """The model's stream under the time-outs of the settings, tried a second time when nothing had come.

    Loading does not count against `first_token_timeout`, which is extended by the time that reading the
    prompt takes at the measured rate. `publish_alive` is called once a second until the first token; `on_try`
    before each of at most so many `tries`. Unless it `is_ahead`, others need not give way to it
    (`agent_core.llm.precedence`). Secrets that are left in the request are not sent. Close the generator
    (`contextlib.aclosing`) when you leave it early: that closes the request.

    Raises:
        ModelStalled: No progress within the time-out.
        ModelError: What the model raises.
    """
    received = False
    request = _masked(request, settings)
    with ahead(model) if is_ahead else nullcontext():
        for attempt in range(1, tries + 1):
            on_try()
            watched = _Watched(model, request, settings=settings, publish_alive=publish_alive)
            try:
                async with aclosing(watched.events()) as events:
                    async for event in events:
                        received = received or not isinstance(event, Alive)
                        yield event
                return
            except RETRIED as error:
                delay = retry_delay(error)
                if received or attempt == tries or delay is None:
                    raise
            await asyncio.sleep(delay)


def _masked(request: ChatRequest, settings: Settings) -> ChatRequest:
    """The request without secrets, whoever put it together: every call of a model passes here."""
    values = secret_values(settings)
    messages = tuple(_masked_message(message, values) for message in request.messages)
    return request if messages == request.messages else msgspec.structs.replace(request, messages=messages)


def _masked_message(message: Message, values: tuple[str, ...]) -> Message:
    calls = tuple(
        msgspec.structs.replace(call, arguments=mask_alone(call.arguments, values))
        for call in message.tool_calls
    )
    return msgspec.structs.replace(message, content=mask_alone(message.content, values), tool_calls=calls)


def retry_delay(error: ModelError) -> float | None:
    """Seconds until the second try; None when the endpoint wants more patience than a person has."""
    asked = error.retry_after if isinstance(error, ModelRateLimited) else None
    if asked is None:
        return _RETRY_DELAY_S
    return asked if asked <= _LONGEST_WAIT_S else None


class _Watched:
    """One try."""

    def __init__(
        self,
        model: LanguageModel,
        request: ChatRequest,
        *,
        settings: Settings,
        publish_alive: PublishAlive | None,
    ) -> None:
        self._model = model
        self._request = request
        self._settings = settings
        self._publish_alive = publish_alive
        self._loop = asyncio.get_running_loop()
        self._rate = prompt_rate(model)
        self._prompt_tokens = round(prompt_chars(request) / CHARS_PER_TOKEN)
        self._began = self._loop.time()
        self._phase: Phase | None = None
        self._reading_since = self._began
        self._first_at: float | None = None
        self._allowed = self._first_allowed()

    def _first_allowed(self) -> float:
        return self._settings.first_token_timeout + self._rate.seconds_for(self._prompt_tokens)

    async def events(self) -> AsyncGenerator[StreamEvent]:
        stream = self._model.stream(self._request)
        ticker = self._tick()
        try:
            async with aclosing(cast("AsyncGenerator[StreamEvent]", stream)):
                while (event := await self._next(stream)) is not None:
                    self._see(event)
                    if self._first_at is not None and ticker is not None:
                        ticker.cancel()
                        ticker = None
                    yield event
        finally:
            if ticker is not None:
                ticker.cancel()

    async def _next(self, stream: AsyncIterator[StreamEvent]) -> StreamEvent | None:
        scope = asyncio.timeout(self._allowed)
        try:
            async with scope:
                return await anext(stream)
        except StopAsyncIteration:
            return None
        except TimeoutError:
            if not scope.expired():
                raise
            raise self._stalled() from None

    def _see(self, event: StreamEvent) -> None:
        """Move on to the next phase, and with it to the next time-out."""
        if isinstance(event, Alive) and event.phase == "loading":
            self._phase, self._allowed = "loading", LOAD_LIMIT_S
        elif isinstance(event, Alive) and self._phase != "reading" and self._first_at is None:
            self._phase, self._reading_since = "reading", self._loop.time()
            self._allowed = self._first_allowed()
        elif self._first_at is None:
            self._first_at = self._loop.time()
            self._allowed = self._settings.silence_timeout
        if isinstance(event, Finished) and self._first_at is not None and not event.usage.estimated:
            self._rate.measured(event.usage.prompt_tokens, self._first_at - self._reading_since)

    def _stalled(self) -> ModelStalled:
        name, host = self._model.info.name, self._model.info.host
        waited = human_duration(self._allowed)
        if self._phase == "loading" and self._first_at is None:
            return ModelStalled(f"{name} at {host} did not load within {waited}", hint="Try a smaller model.")
        if self._first_at is None:
            return ModelStalled(
                f"{name} at {host} said nothing within {waited}",
                hint="Ask again, try a smaller model, or raise first_token_timeout.",
            )
        return ModelStalled(
            f"{name} at {host} went silent for {waited}",
            hint="What came is kept. Ask again, or raise silence_timeout.",
        )

    def _tick(self) -> _Ticker | None:
        if self._publish_alive is None:
            return None
        publish = self._publish_alive
        return _Ticker(lambda: publish(self._phase or "reading", self._loop.time() - self._began))


class _Ticker:
    """Calls back once a second until it is cancelled."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call
        self._loop = asyncio.get_running_loop()
        self._handle = self._loop.call_later(1.0, self._run)

    def _run(self) -> None:
        self._handle = self._loop.call_later(1.0, self._run)
        self._call()

    def cancel(self) -> None:
        self._handle.cancel()


def prompt_chars(request: ChatRequest) -> int:
    """Characters of everything that the request makes the model read."""
    count = sum(
        len(m.content) + sum(len(c.arguments) + 16 for c in m.tool_calls) + 8 for m in request.messages
    )
    return count + sum(len(t.description) + len(repr(t.parameters)) for t in request.tools)
