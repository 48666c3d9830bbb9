"""How many containers a service should have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.errors import UsageError
from stack.scaling import Bounds, Decision, Memory, Seen, decide

NOW = 10_000.0
JUST = Memory(changed=NOW - 1)
IDLE = Memory(changed=NOW - 900, idle=NOW - 61, end=7)


def seen(
    running: int = 1, waiting: int | None = 0, *, partitions: int = 8, end: int = 7, fault: bool = False
) -> Seen:
    unknown = "nobody tells" if waiting is None else ""
    return Seen(
        service="w",
        running=running,
        waiting=waiting,
        end=end,
        partitions=partitions,
        unknown=unknown,
        fault=fault,
    )


@pytest.mark.parametrize(
    ("at", "memory", "wanted", "text"),
    [
        (seen(1, 42), Memory(), 4, "w: 1 -> 4, 42 tasks wait (4 is the most)"),
        (seen(1, 25), Memory(), 3, "w: 1 -> 3, 25 tasks wait"),
        (seen(1, 10), Memory(), 1, "w: 1 stays, 10 tasks wait"),
        (seen(1, 11), Memory(), 2, "w: 1 -> 2, 11 tasks wait"),
        (seen(1, 1), Memory(), 1, "w: 1 stays, 1 task waits"),
        (seen(1, 42, partitions=3), Memory(), 3, "w: 1 -> 3, 42 tasks wait (its queue has 3 partitions)"),
        (seen(1, 42, partitions=0), Memory(), 4, "w: 1 -> 4, 42 tasks wait (4 is the most)"),
        (seen(1, 42), JUST, 1, "w: 1 stays, 42 tasks wait; it was changed just now (59 s)"),
        (seen(3, 12), IDLE, 3, "w: 3 stays, 12 tasks wait"),
        (seen(3, 1), IDLE, 3, "w: 3 stays, 1 task waits"),
        (seen(9, 1), IDLE, 9, "w: 9 stays, 1 task waits"),
        (seen(3, 0), Memory(), 3, "w: 3 stays, nothing waits (60 s)"),
        (seen(3, 0), Memory(idle=NOW - 50, end=7), 3, "w: 3 stays, nothing waits (10 s)"),
        (seen(3, 0), IDLE, 1, "w: 3 -> 1, nothing waits"),
        (seen(3, 0, end=8), IDLE, 3, "w: 3 stays, nothing waits (60 s)"),
        (seen(3, 0), Memory(changed=NOW - 5, idle=NOW - 99, end=7), 3, "w: 3 stays, nothing waits (55 s)"),
        (seen(3, 0), Memory(changed=NOW + 5, idle=NOW + 9, end=7), 3, "w: 3 stays, nothing waits (60 s)"),
        (seen(2, 42), Memory(running=5), 2, "w: 2 stays, 42 tasks wait; it was changed just now (60 s)"),
        (seen(5, 0), Memory(running=1, idle=NOW - 99, end=7), 5, "w: 5 stays, nothing waits (60 s)"),
        (seen(2, 42), Memory(running=2), 4, "w: 2 -> 4, 42 tasks wait (4 is the most)"),
        (seen(0, 42), Memory(), 0, "w: 0 stays, it is stopped; `stack up w` starts it"),
        (seen(2, None), IDLE, 2, "w: 2 stays, nobody tells"),
        (seen(2, None, fault=True), IDLE, 2, "w: 2 stays, nobody tells"),
    ],
)
def test_a_table_of_cases(at: Seen, memory: Memory, wanted: int, text: str) -> None:
    decision, _ = decide(at, memory, Bounds(), NOW)
    assert (decision.wanted, decision.text) == (wanted, text)


@pytest.mark.parametrize(
    ("bounds", "at", "text"),
    [
        (Bounds(least=2), seen(1, 0), "w: 1 -> 2, 2 is the least"),
        (Bounds(least=2), seen(1, None), "w: 1 -> 2, 2 is the least"),
        (Bounds(least=2), seen(1, None, fault=True), "w: 1 stays, nobody tells"),
        (Bounds(least=3), seen(1, 99, partitions=2), "w: 1 -> 3, 99 tasks wait (its queue has 2 partitions)"),
        (Bounds(least=0), seen(0, 3), "w: 0 -> 1, 3 tasks wait"),
        (Bounds(least=0), seen(1, 0), "w: 1 stays, nothing waits (60 s)"),
        (Bounds(per_replica=1), seen(1, 3), "w: 1 -> 3, 3 tasks wait"),
    ],
)
def test_bounds(bounds: Bounds, at: Seen, text: str) -> None:
    assert decide(at, Memory(), bounds, NOW)[0].text == text


def test_a_queue_that_stood_still_while_nobody_could_look_was_idle() -> None:
    _, memory = decide(seen(2, 0), Memory(), Bounds(), NOW)
    _, memory = decide(seen(2, None), memory, Bounds(), NOW + 30)
    assert decide(seen(2, 0), memory, Bounds(), NOW + 60)[0].wanted == 1
    assert decide(seen(2, 0, end=8), memory, Bounds(), NOW + 60)[0].wanted == 2


def test_hostile_names_are_literal() -> None:
    shown = Decision(service="w\x1b[2J\n", running=1, wanted=1, why="x")
    assert "\x1b" not in shown.text and "\n" not in shown.text


@pytest.mark.parametrize(
    "bounds",
    [
        Bounds(least=-1), Bounds(least=5), Bounds(most=0, least=0), Bounds(most=101),
        Bounds(per_replica=0), Bounds(cooldown=-1), Bounds(cooldown=float("nan")),
    ],
)  # fmt: skip
def test_bounds_that_cannot_be(bounds: Bounds) -> None:
    with pytest.raises(UsageError):
        bounds.check()


Steps = st.lists(
    st.tuples(st.floats(0.5, 200.0), st.none() | st.integers(0, 400), st.booleans()), min_size=1, max_size=60
)
Some = st.builds(
    lambda least, more, per, cooldown: Bounds(
        least=least, most=max(1, least + more), per_replica=per, cooldown=cooldown
    ),
    st.integers(0, 4), st.integers(0, 8), st.integers(1, 30), st.floats(1, 120),
)  # fmt: skip


@given(Some, Steps, st.integers(0, 12))
def test_it_never_flaps_and_takes_none_from_those_at_work(bounds: Bounds, steps: Steps, began: int) -> None:
    now, running, memory, end = 1e9, began, Memory(), 0
    last_change: float | None = None
    busy_at = now
    for passed, waiting, came in steps:
        now += passed
        end += bool(came or waiting)
        if waiting or came:
            busy_at = now
        decision, memory = decide(
            Seen(service="w", running=running, waiting=waiting, end=end, partitions=6), memory, bounds, now
        )
        wanted = decision.wanted
        if wanted == running:
            continue
        assert last_change is None or now - last_change >= bounds.cooldown - 1e-6, "a cooldown between"
        if wanted < running:
            assert not waiting and now - busy_at >= bounds.cooldown - 1e-6, "only what was idle goes"
            assert wanted >= bounds.least
        else:
            assert wanted <= bounds.most
            assert wanted == bounds.least or (waiting or 0) > running * bounds.per_replica
        running, last_change = wanted, now
        memory = Memory(changed=now, running=wanted, idle=memory.idle, end=memory.end)


@given(Some, st.integers(0, 500), st.integers(1, 12))
def test_what_stays_the_same_is_changed_once_at_most(bounds: Bounds, waiting: int, running: int) -> None:
    memory, now, changes = Memory(), 1e9, 0
    for _ in range(50):
        now += 20
        at = Seen(service="w", running=running, waiting=waiting, end=500, partitions=6)
        decision, memory = decide(at, memory, bounds, now)
        if decision.changes:
            changes, running = changes + 1, decision.wanted
            memory = Memory(changed=now, running=running, idle=memory.idle, end=memory.end)
    assert changes <= 1
