"""Reading a streamed chat completion."""

from __future__ import annotations

import msgspec

from agent_core.events import Usage
from agent_core.llm import http_errors
from agent_core.llm.errors import ModelError
from agent_core.llm.http_errors import Endpoint
from agent_core.llm.lines import EventSplitter, LineTooLongError
from agent_core.llm.meter import Meter
from agent_core.llm.openai_wire import CallAssembler, Choice, Chunk, WireUsage
from agent_core.llm.port import (
    Alive,
    FinishReason,
    ReasoningChunk,
    StreamEvent,
    TextChunk,
    ToolCallChunk,
)
from agent_core.llm.reasoning import ReasoningSplitter

_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
}


class AnswerReader:
    """Turns the bytes of one response into the port's events.

    `split` takes `<think>` tags out of the text; a text bound to a schema has none.
    """

    def __init__(self, endpoint: Endpoint, *, split: bool) -> None:
        self.opened = False
        """Whether the endpoint has begun to answer."""
        self.reason: FinishReason = "other"
        self._endpoint = endpoint
        self._events = EventSplitter()
        self._decoder = msgspec.json.Decoder(Chunk)
        self._splitter = ReasoningSplitter() if split else None
        self._calls = CallAssembler()
        self._usage: WireUsage | None = None
        self._ended = False
        self._failure: ModelError | None = None

    def feed(self, data: bytes) -> list[StreamEvent]:
        """The events in the next bytes. `check` raises what went wrong in them."""
        self.opened = True
        try:
            return self._joined(self._events.feed(data))
        except LineTooLongError as error:
            self._failure = http_errors.garbage(self._endpoint, str(error))
            return []

    def check(self) -> None:
        """Raise the `ModelProtocolError` or `ModelCutOff` that followed the events given so far."""
        if self._failure is not None:
            raise self._failure

    def finish(self) -> list[StreamEvent]:
        """The events that are left when the response ends: held text and the tool calls.

        Raises ModelCutOff when it ended too early, ModelProtocolError when it was no event stream at all.
        """
        self.opened = True
        out = self._joined(self._events.finish())
        self.check()
        if not self._ended:
            if self._events.other:
                raise http_errors.garbage(self._endpoint, http_errors.error_text(self._events.other[:1000]))
            raise http_errors.cut_off(self._endpoint, "the stream ended without its last event")
        out += self._splitter.finish() if self._splitter else ()
        calls = self._calls.calls()
        if calls:
            self.reason = "tool_calls"
        return out + [ToolCallChunk(call) for call in calls]

    def usage(self, meter: Meter) -> Usage:
        """The usage as reported, else estimated."""
        wire = self._usage
        if wire is None:
            return meter.usage()
        details = wire.completion_tokens_details
        return meter.usage(
            prompt=wire.prompt_tokens,
            completion=wire.completion_tokens,
            reasoning=details.reasoning_tokens if details else None,
        )

    def _joined(self, events: list[bytes]) -> list[StreamEvent]:
        """The events of one read; neighbouring pieces of text become one."""
        out: list[StreamEvent] = []
        for data in events:
            for event in self._tried(data):
                last = out[-1] if out else None
                if isinstance(event, TextChunk) and isinstance(last, TextChunk):
                    out[-1] = TextChunk(last.text + event.text)
                elif isinstance(event, ReasoningChunk) and isinstance(last, ReasoningChunk):
                    out[-1] = ReasoningChunk(last.text + event.text)
                elif not isinstance(event, Alive) or not isinstance(last, Alive):
                    out.append(event)
        return out

    def _tried(self, data: bytes) -> list[StreamEvent]:
        if self._failure is not None:
            return []
        try:
            return self._one(data)
        except ModelError as error:
            self._failure = error
            return []

    def _one(self, data: bytes) -> list[StreamEvent]:
        if data.startswith(b"[DONE]"):
            self._ended = True
            return []
        try:
            chunk = self._decoder.decode(data)
        except (msgspec.DecodeError, RecursionError) as error:
            raise http_errors.garbage(self._endpoint, http_errors.error_text(data[:1000])) from error
        if chunk.error is not None:
            raise http_errors.cut_off(self._endpoint, http_errors.error_text(data))
        if chunk.usage is not None:
            self._usage = chunk.usage
        return self._choice(chunk.choices[0]) if chunk.choices else []

    def _choice(self, choice: Choice) -> list[StreamEvent]:
        if choice.finish_reason:
            self._ended = True
            self.reason = _REASONS.get(choice.finish_reason, "other")
        delta = choice.delta
        if delta is None:
            return []
        out: list[StreamEvent] = []
        if thought := delta.reasoning_content or delta.reasoning:
            out.append(ReasoningChunk(thought))
        if text := delta.content or delta.refusal:
            out += self._splitter.feed(text) if self._splitter else [TextChunk(text)]
        if delta.tool_calls:
            for piece in delta.tool_calls:
                self._calls.feed(piece)
            out.append(Alive("reading"))
        return out
