"""What a model says, passed on to everyone who follows the turn the moment it arrives."""

from __future__ import annotations

import re
import time

from agent_core.agent.holding import Holding, Nothing, Show, holding
from agent_core.bus import Publish
from agent_core.events import (
    ModelCallStarted,
    ModelProgress,
    Phase,
    ReasoningDelta,
    TextDelta,
    Usage,
    UsageReported,
)
from agent_core.llm.meter import Meter
from agent_core.llm.port import Finished, FinishReason, ModelInfo, ReasoningChunk, StreamEvent, TextChunk
from agent_core.llm.windows import known
from agent_core.text import printable

_THOUGHT_ENDS = re.compile(r"\A\s*</think(?:ing)?>\s*")
_SIGN_S = 1.0
"""Seconds between two signs that something is being written which is not shown."""


class TurnStream:
    """Publishes the deltas of a turn's model calls and adds up what they used.

    What `show` holds back, `release` shows, and the next `begin` drops.

    Args:
        turn_id: The turn.
        model: Whose calls.
        publish: Where to.
    """

    def __init__(self, *, turn_id: str, model: ModelInfo, publish: Publish) -> None:
        self._turn_id = turn_id
        self._info = model
        self._model = model.name
        self._publish = publish
        listed = known(model.host, model.name)
        self._price = listed.price if listed else None
        self._meter: Meter | None = None
        self._prompt_tokens = 0
        self._shown: list[str] = []
        self._holding: Holding = Nothing()
        self._began = self._sign = 0.0
        self._separate = False
        self._usages: list[Usage] = []
        self.finish_reason: FinishReason = "stop"
        self.received = False
        """Whether the current call has said anything, shown or not."""

    def begin(self, *, step: int, purpose: str, prompt_tokens: int, show: Show) -> None:
        """A call starts."""
        self._holding = holding(show)
        self._began = self._sign = time.monotonic()
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
                provider=self._info.provider,
                host=self._info.host,
                is_local=self._info.is_local,
            )
        )

    def alive(self, phase: Phase, seconds: float) -> None:
        """The endpoint works on it but nothing of it is shown yet."""
        self._publish(ModelProgress(turn_id=self._turn_id, phase=phase, seconds=seconds))

    def __call__(self, event: StreamEvent) -> None:
        """An event of the stream."""
        if self._meter is not None:
            self._meter.see(event)
        if isinstance(event, TextChunk):
            self.received = True
            text = _lone_end(event.text) if isinstance(self._holding, Nothing) else event.text
            if shown := self._holding.take(text):
                self.say(shown)
            else:
                self._writing()
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

    def _writing(self) -> None:
        """Something comes that is not shown (yet)."""
        now = time.monotonic()
        if now - self._sign >= _SIGN_S:
            self._sign = now
            self.alive("writing", now - self._began)

    def release(self) -> None:
        """Show what was held back: it was not what it looked like."""
        held, self._holding = self._holding.rest, Nothing()
        if held:
            self.say(_THOUGHT_ENDS.sub("", held, count=1))

    def say(self, text: str) -> None:
        """Add to the answer."""
        if self._separate:
            text = text.lstrip("\n")
            if not text:
                return
            self._separate = False
            tail = self._shown[-1][-2:] if self._shown else ""
            text = "\n" * (2 - (len(tail) - len(tail.rstrip("\n")))) + text
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


def _lone_end(text: str) -> str:
    """The piece; nothing where it is the end of a thought that was never begun: mostly one token."""
    return "" if _THOUGHT_ENDS.fullmatch(text) else text


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
