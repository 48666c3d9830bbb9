"""Publishing events to any number of readers, each at its own pace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import contextmanager

from agent_core.events import Event, IndexChanged, ReasoningDelta, TextDelta, ToolProgress

Publish = Callable[[Event], None]

_CAPACITY = 4096


class Subscription:
    """One reader's queue.

    Consecutive deltas of one turn are joined while they wait, so a slow reader gets fewer and longer pieces
    and never loses text; of consecutive states of the index the last is kept. The queue is bounded for what
    can flood it: past the bound a tool's progress is dropped and counted in `dropped`; every other event is
    always kept.
    """

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._ready = asyncio.Event()
        self._closed = False
        self.dropped = 0

    def put(self, event: Event) -> None:
        """Append the event, joining it to the last one where both are deltas of the same kind and turn."""
        last = self._events[-1] if self._events else None
        if isinstance(event, TextDelta) and isinstance(last, TextDelta) and last.turn_id == event.turn_id:
            self._events[-1] = TextDelta(turn_id=event.turn_id, text=last.text + event.text)
        elif (
            isinstance(event, ReasoningDelta)
            and isinstance(last, ReasoningDelta)
            and last.turn_id == event.turn_id
        ):
            self._events[-1] = ReasoningDelta(turn_id=event.turn_id, text=last.text + event.text)
        elif isinstance(event, IndexChanged) and isinstance(last, IndexChanged):
            self._events[-1] = event
        elif isinstance(event, ToolProgress) and len(self._events) >= _CAPACITY:
            self.dropped += 1
        else:
            self._events.append(event)
        self._ready.set()

    def close(self) -> None:
        """End the iteration after what is waiting."""
        self._closed = True
        self._ready.set()

    def drain(self) -> list[Event]:
        """All waiting events, without waiting."""
        events, self._events = self._events, []
        return events

    async def __aiter__(self) -> AsyncIterator[Event]:
        while True:
            for event in self.drain():
                yield event
            if self._closed and not self._events:
                return
            self._ready.clear()
            if not self._events and not self._closed:
                await self._ready.wait()


class Bus:
    """`publish()` to every current subscription; never blocks, and belongs to one event loop."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription] = []

    def publish(self, event: Event) -> None:
        """Hand the event to every reader."""
        for subscription in self._subscriptions:
            subscription.put(event)

    @contextmanager
    def subscribe(self) -> Generator[Subscription]:
        """A subscription for as long as the block runs."""
        subscription = Subscription()
        self._subscriptions.append(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.remove(subscription)
            subscription.close()

    def close(self) -> None:
        """End every reader's iteration."""
        for subscription in self._subscriptions:
            subscription.close()
