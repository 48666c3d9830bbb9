"""A model for tests that says what it was told to say, when it was told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

import msgspec

from agent_core.llm.errors import ModelError, ModelUnreachable
from agent_core.llm.meter import Meter
from agent_core.llm.port import ChatRequest, Finished, ModelInfo, StreamEvent, TextChunk, ToolCallChunk
from agent_core.llm.timeouts import prompt_chars

Step = str | StreamEvent | ModelError | asyncio.Event
"""Text to stream, an event as it is, an error to raise, or an event to wait for before going on."""

DEFAULT_INFO = ModelInfo(
    provider="scripted",
    name="scripted",
    host="",
    window=4096,
    supports_tools=True,
    supports_schema=True,
    supports_thinking=True,
    loaded=True,
)


class Reply(msgspec.Struct, frozen=True):
    """The steps of one answer. `Finished` is added where the last step is none."""

    steps: tuple[Step, ...]

    @classmethod
    def of(cls, *steps: Step) -> Reply:
        """The reply of these steps."""
        return cls(steps)


class ScriptedModel:
    """Gives its replies one after another, one for each request; the last one again when they run out.

    `requests` holds what was asked; `closed` counts streams that were left before their end; `streaming` is
    set while one runs.
    """

    def __init__(self, replies: Sequence[Reply | str | Step], *, info: ModelInfo = DEFAULT_INFO) -> None:
        self.requests: list[ChatRequest] = []
        self.closed = 0
        self.streaming = asyncio.Event()
        self._replies = [reply if isinstance(reply, Reply) else Reply.of(reply) for reply in replies]
        self._info = info

    @property
    def info(self) -> ModelInfo:
        """As given."""
        return self._info

    async def probe(self) -> ModelInfo:
        """As given."""
        return self._info

    async def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent]:
        """Play the next reply."""
        self.requests.append(request)
        if not self._replies:
            raise ModelUnreachable("the script has no reply")
        reply = self._replies[min(len(self.requests), len(self._replies)) - 1]
        meter = Meter(prompt_chars=prompt_chars(request))
        called = ended = False
        self.streaming.set()
        try:
            for step in reply.steps:
                event = await _event(step)
                if event is None:
                    continue
                meter.see(event)
                called = called or isinstance(event, ToolCallChunk)
                ended = isinstance(event, Finished)
                yield event
            if not ended:
                ended = True
                yield Finished("tool_calls" if called else "stop", meter.usage())
        except ModelError:
            ended = True
            raise
        finally:
            self.streaming.clear()
            self.closed += not ended

    async def list_models(self) -> list[str]:
        """The one name."""
        return [self._info.name]

    async def aclose(self) -> None:
        """Nothing is open."""


async def _event(step: Step) -> StreamEvent | None:
    if isinstance(step, asyncio.Event):
        await step.wait()
        return None
    if isinstance(step, ModelError):
        raise step
    await asyncio.sleep(0)
    return TextChunk(step) if isinstance(step, str) else step
