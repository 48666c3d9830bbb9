"""The bus: every reader gets everything, joined where it waits."""

from __future__ import annotations

import asyncio

from agent_core.bus import Bus, Subscription
from agent_core.events import Event, IndexChanged, Notice, ReasoningDelta, TextDelta, ToolProgress
from agent_core.index.api import IndexStatus


def delta(text: str, turn: str = "t1") -> TextDelta:
    return TextDelta(turn_id=turn, text=text)


def test_waiting_deltas_of_one_turn_are_joined() -> None:
    subscription = Subscription()
    for event in (delta("a"), delta("b"), delta("c", "t2"), ReasoningDelta(turn_id="t2", text="x")):
        subscription.put(event)
    assert subscription.drain() == [delta("ab"), delta("c", "t2"), ReasoningDelta(turn_id="t2", text="x")]


def test_order_is_kept_across_kinds() -> None:
    subscription = Subscription()
    notice = Notice(level="info", message="m")
    for event in (delta("a"), notice, delta("b")):
        subscription.put(event)
    assert subscription.drain() == [delta("a"), notice, delta("b")]


def test_of_waiting_states_of_the_index_the_last_is_kept() -> None:
    subscription = Subscription()
    states = [IndexChanged(status=IndexStatus(phase="building", done=done, total=9)) for done in range(4)]
    for event in (states[0], states[1], delta("a"), states[2], states[3]):
        subscription.put(event)
    assert subscription.drain() == [states[1], delta("a"), states[3]]


def test_a_flood_of_progress_is_bounded_and_nothing_else_is_lost() -> None:
    subscription = Subscription()
    for number in range(10_000):
        subscription.put(ToolProgress(turn_id="t", call_id="c", text=str(number)))
    last = Notice(level="info", message="the end")
    subscription.put(last)
    events = subscription.drain()
    assert len(events) + subscription.dropped == 10_001
    assert events[-1] == last


async def test_each_reader_gets_every_event_at_its_own_pace() -> None:
    bus = Bus()
    seen: dict[str, list[Event]] = {"fast": [], "slow": []}

    async def read(name: str, started: asyncio.Event) -> None:
        with bus.subscribe() as subscription:
            started.set()
            async for event in subscription:
                seen[name].append(event)
                if name == "slow":
                    await asyncio.sleep(0)

    events = [Notice(level="info", message=str(number)) for number in range(50)]
    async with asyncio.TaskGroup() as group:
        for name in seen:
            started = asyncio.Event()
            group.create_task(read(name, started))
            await started.wait()
        for event in events:
            bus.publish(event)
            await asyncio.sleep(0)
        bus.close()
    assert seen == {"fast": events, "slow": events}


async def test_a_reader_that_leaves_is_forgotten() -> None:
    bus = Bus()
    with bus.subscribe() as subscription:
        pass
    bus.publish(Notice(level="info", message="late"))
    assert subscription.drain() == []
