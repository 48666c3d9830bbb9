"""Small things that the tests of models share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from agent_core.llm.port import (
    Alive,
    ChatRequest,
    Finished,
    Message,
    ReasoningChunk,
    StreamEvent,
    TextChunk,
    ToolCall,
    ToolCallChunk,
    ToolSpec,
)

LS = ToolSpec(
    "ls",
    "List a folder",
    {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
)
CHOICE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"tool": {"type": "string", "enum": ["ls", "grep"]}},
    "required": ["tool"],
    "additionalProperties": False,
}


def ask(text: str = "hi", **more: Any) -> ChatRequest:
    """A request of one user message."""
    return ChatRequest(messages=(Message(role="user", content=text),), **more)


async def collect(stream: AsyncIterator[StreamEvent]) -> list[StreamEvent]:
    """All events of a stream."""
    return [event async for event in stream]


def text_of(events: list[StreamEvent]) -> str:
    """The answer's text."""
    return "".join(event.text for event in events if isinstance(event, TextChunk))


def reasoning_of(events: list[StreamEvent]) -> str:
    """The reasoning's text."""
    return "".join(event.text for event in events if isinstance(event, ReasoningChunk))


def calls_of(events: list[StreamEvent]) -> list[ToolCall]:
    """The tool calls."""
    return [event.call for event in events if isinstance(event, ToolCallChunk)]


def end_of(events: list[StreamEvent]) -> Finished:
    """The one end, which must be last."""
    ends = [event for event in events if isinstance(event, Finished)]
    assert len(ends) == 1 and events[-1] is ends[0]
    return ends[0]


def phases(events: list[StreamEvent]) -> list[str]:
    """The phases that were told."""
    return [event.phase for event in events if isinstance(event, Alive)]
