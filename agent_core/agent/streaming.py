"""What a model says, passed on to everyone who follows the turn the moment it arrives."""

from __future__ import annotations

import re
from typing import Literal

from agent_core.bus import Publish
from agent_core.events import ModelCallStarted, ModelProgress, ReasoningDelta, TextDelta, Usage, UsageReported
from agent_core.llm.meter import Meter
from agent_core.llm.port import Finished, FinishReason, ModelInfo, ReasoningChunk, StreamEvent, TextChunk
from agent_core.llm.windows import known
from agent_core.text import printable

Show = Literal["at once", "unless a call", "never"]
_CALL_STARTS = (
    "{",
    "[{",
    "[TOOL_CALLS]",
    "<tool_call",
    "<function",
    "<|tool",
    "```json",
    "```tool",
    "```\n{",
)
_LONGEST_CALL = 4000


class TurnStream:
    """Publishes the deltas of a turn's model calls and adds up what they used.

    Small models write tool calls into their text. With `show="unless a call"` text that begins like one is
    held back until it is clear what it is: `release` shows it, the next `begin` drops it.

    Args:
        turn_id: The turn.
        model: Whose calls.
        publish: Where to.
    """

    def __init__(self, *, turn_id: str, model: ModelInfo, publish: Publish) -> None:
        self._turn_id = turn_id
        self._model = model.name
        self._publish = publish
        listed = known(model.host, model.name)
        self._price = listed.price if listed else None
        self._meter: Meter | None = None
        self._prompt_tokens = 0
        self._shown: list[str] = []
        self._held = ""
        self._show: Show = "at once"
        self._deciding = False
        self._separate = False
        self._usages: list[Usage] = []
        self.finish_reason: FinishReason = "stop"
        self.received = False
        """Whether the current call has said anything, shown or not."""

    def begin(self, *, step: int, purpose: str, prompt_tokens: int, show: Show) -> None:
        """A call starts."""
        self._show = show
        self._held = ""
        self._deciding = show == "unless a call"
        self._separate = bool(self._shown)
        self._meter = Meter(prompt_chars=0, price=self._price)
        self._prompt_tokens = prompt_tokens
        self.received = False
        self.finish_reason = "stop"
        self._publish(
            ModelCallStarted(
                turn_id=self._turn_id,
                step=step,
                model=self._model,
                purpose=purpose,
                prompt_tokens=prompt_tokens,
            )
        )

    def alive(self, phase: Literal["loading", "reading"], seconds: float) -> None:
        """The endpoint works on it but has said nothing yet."""
        self._publish(ModelProgress(turn_id=self._turn_id, phase=phase, seconds=seconds))

    def __call__(self, event: StreamEvent) -> None:
        """An event of the stream."""
        if self._meter is not None:
            self._meter.see(event)
        if isinstance(event, TextChunk):
            self.received = True
            if self._show == "never":
                return
            if self._deciding:
                self._decide(event.text)
            else:
                self.say(event.text)
        elif isinstance(event, ReasoningChunk):
            self.received = True
            self._publish(ReasoningDelta(turn_id=self._turn_id, text=printable(event.text)))
        elif isinstance(event, Finished):
            self.finish_reason = event.reason
            self._count(event.usage)

    def end(self) -> None:
        """The call is over; what came of one that broke off is counted by estimate."""
        if self._meter is not None and self._meter.started:
            self._count(self._meter.usage(prompt=self._prompt_tokens))

    def _count(self, usage: Usage) -> None:
        self._meter = None
        self._usages.append(usage)
        self._publish(UsageReported(turn_id=self._turn_id, model=self._model, usage=usage))

    def _decide(self, text: str) -> None:
        self._held += text
        start = self._held.lstrip()
        maybe_call = any(start.startswith(mark) or mark.startswith(start) for mark in _CALL_STARTS)
        if not maybe_call or len(start) > _LONGEST_CALL:
            self.release()

    def release(self) -> None:
        """Show what was held back: it was no call."""
        held, self._held, self._deciding = self._held, "", False
        if held:
            self.say(held)

    def say(self, text: str) -> None:
        """Add to the answer."""
        if self._separate:
            text = text.lstrip("\n")
            if not text:
                return
            self._separate = False
            text = "\n\n" + text
        text = printable(text)
        self._shown.append(text)
        self._publish(TextDelta(turn_id=self._turn_id, text=text))

    def remark(self, text: str) -> None:
        """Add a paragraph of our own to the answer."""
        self._separate = bool(self._shown)
        self.say(text)

    @property
    def text(self) -> str:
        """Everything that was shown."""
        return "".join(self._shown)

    @property
    def last_usage(self) -> Usage | None:
        """What the last call used."""
        return self._usages[-1] if self._usages else None

    @property
    def usage(self) -> Usage:
        """What all calls used together; times are the first call's wait and the mean rate."""
        return add_up(self._usages)


def add_up(usages: list[Usage]) -> Usage:
    """The sum of what several calls used."""
    if not usages:
        return Usage()
    timed = [usage for usage in usages if usage.tokens_per_s]
    seconds = sum(usage.completion_tokens / (usage.tokens_per_s or 1.0) for usage in timed)
    costs = [usage.cost_usd for usage in usages]
    return Usage(
        prompt_tokens=sum(usage.prompt_tokens for usage in usages),
        completion_tokens=sum(usage.completion_tokens for usage in usages),
        reasoning_tokens=sum(usage.reasoning_tokens for usage in usages),
        first_token_s=usages[0].first_token_s,
        tokens_per_s=sum(usage.completion_tokens for usage in timed) / seconds if seconds else None,
        cost_usd=None if None in costs else sum(cost for cost in costs if cost is not None),
        estimated=any(usage.estimated for usage in usages),
    )


_TAGGED = re.compile(r"<tool_call>\s*(.*?)\s*(?:</tool_call>|$)", re.DOTALL)


def call_in_text(text: str) -> str | None:
    """The part of a reply that looks like a tool call written as text; None when nothing does."""
    tagged = _TAGGED.search(text)
    if tagged:
        return tagged[1]
    start = text.lstrip()
    return start if start.startswith(_CALL_STARTS) else None
