"""A streamed reply, read to its end."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import msgspec

from agent_core.llm.errors import ModelProtocolError
from agent_core.llm.port import Finished, ReasoningChunk, StreamEvent, TextChunk, ToolCall, ToolCallChunk


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a model said to a request."""

    text: str
    reasoning: str
    calls: tuple[ToolCall, ...]
    finished: Finished


def _nobody(_: StreamEvent) -> None:
    pass


async def whole(
    events: AsyncGenerator[StreamEvent], *, model: str, listener: Callable[[StreamEvent], None] = _nobody
) -> Said:
    """Read a stream to its end; cancelling closes it.

    Args:
        events: The stream.
        model: Whose, for errors.
        listener: Is told each event as it comes.

    Raises:
        ModelProtocolError: It ended without saying so.
    """
    text: list[str] = []
    reasoning: list[str] = []
    calls: list[ToolCall] = []
    finished: Finished | None = None
    async with aclosing(events) as stream:
        async for event in stream:
            listener(event)
            if isinstance(event, TextChunk):
                text.append(event.text)
            elif isinstance(event, ReasoningChunk):
                reasoning.append(event.text)
            elif isinstance(event, ToolCallChunk):
                calls.append(event.call)
            elif isinstance(event, Finished):
                finished = event
    if finished is None:
        raise ModelProtocolError(f"{model} ended its answer without saying so")
    return Said(text="".join(text), reasoning="".join(reasoning), calls=tuple(calls), finished=finished)
