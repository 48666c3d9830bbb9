"""What one model call used: times are measured here, tokens are the endpoint's or estimated."""

from __future__ import annotations

import time

from agent_core.events import Usage
from agent_core.llm.port import ReasoningChunk, StreamEvent, TextChunk, ToolCallChunk
from agent_core.llm.windows import Price

CHARS_PER_TOKEN = 3.6
"""Of English and code, for endpoints that report nothing."""


class Meter:
    """Counts one call, from its making on."""

    def __init__(self, *, prompt_chars: int, price: Price | None = None) -> None:
        self._start = time.perf_counter()
        self._first: float | None = None
        self._prompt_chars = prompt_chars
        self._price = price
        self._text = 0
        self._reasoning = 0

    def restart(self) -> None:
        """Begin the time again: what went before (loading the model) is not the answer's."""
        self._start = time.perf_counter()

    def see(self, event: StreamEvent) -> None:
        """Count an event of the stream."""
        if isinstance(event, TextChunk):
            self._text += len(event.text)
        elif isinstance(event, ReasoningChunk):
            self._reasoning += len(event.text)
        elif isinstance(event, ToolCallChunk):
            self._text += len(event.call.arguments) + len(event.call.name)
        else:
            return
        if self._first is None:
            self._first = time.perf_counter()

    @property
    def started(self) -> bool:
        """Whether anything of the answer has come."""
        return self._first is not None

    @property
    def reasoned(self) -> bool:
        """Whether any of it was reasoning."""
        return self._reasoning > 0

    def usage(
        self, *, prompt: int | None = None, completion: int | None = None, reasoning: int | None = None
    ) -> Usage:
        """The call's usage, from what the endpoint reported (None where it did not)."""
        estimated = prompt is None or completion is None
        if prompt is None:
            prompt = round(self._prompt_chars / CHARS_PER_TOKEN)
        if completion is None:
            completion = round((self._text + self._reasoning) / CHARS_PER_TOKEN)
        if reasoning is None:
            reasoning = round(completion * self._reasoning / max(1, self._text + self._reasoning))
        return Usage(
            prompt_tokens=prompt,
            completion_tokens=completion,
            reasoning_tokens=reasoning,
            first_token_s=None if self._first is None else self._first - self._start,
            tokens_per_s=self._rate(completion),
            cost_usd=self._price.of(prompt, completion) if self._price else None,
            estimated=estimated,
        )

    def _rate(self, completion: int) -> float | None:
        if self._first is None or completion < 2:
            return None
        seconds = time.perf_counter() - self._first
        return (completion - 1) / seconds if seconds > 0 else None
