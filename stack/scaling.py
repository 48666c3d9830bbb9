"""How many containers a service of workers should have: a decision made of numbers alone.

It goes up as soon as more tasks wait than its containers should have, and down only once nothing was waiting
or in work for a whole cooldown; between two changes of a service lies a cooldown, too. So it does not flap.
"""

from __future__ import annotations

import math

import msgspec

from agent_core.errors import UsageError
from agent_core.text import one_line, plural

MOST_CONTAINERS = 100
"""More of one service are a slip of the finger."""


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """What a service may have.

    Args:
        least, most: How many containers.
        per_replica: So many tasks, waiting and in work, are one container's share.
        cooldown: Seconds between two changes, and for how long there has to be nothing to do before some go.
    """

    least: int = 1
    most: int = 4
    per_replica: int = 10
    cooldown: float = 60.0

    def check(self) -> None:
        """Raise `UsageError` where they cannot be."""
        if not 0 <= self.least <= self.most:
            raise UsageError(f"--min {self.least} is not between 0 and --max {self.most}")
        if not 1 <= self.most <= MOST_CONTAINERS:
            raise UsageError(f"--max is 1 to {MOST_CONTAINERS}, not {self.most}")
        if self.per_replica < 1:
            raise UsageError(f"--per-replica is 1 or more, not {self.per_replica}")
        if not (math.isfinite(self.cooldown) and self.cooldown >= 0):
            raise UsageError(f"--cooldown is seconds, 0 or more, not {self.cooldown}")


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A service at a moment.

    Args:
        service: Its name in the compose file.
        running: Its containers that run or are about to.
        waiting: Tasks of its queue that are not done; None where that is not known, and `unknown` says why.
        end: How many tasks there ever were, so that it can be told whether any came meanwhile.
        partitions: Of its queue; more containers than these would have nothing to read. 0 where not known.
        fault: Whether what is not known is something to mend: nothing is changed then.
    """

    service: str
    running: int
    waiting: int | None
    end: int = 0
    partitions: int = 0
    unknown: str = ""
    fault: bool = False


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of a service: when it was changed last, by whomever, and how many containers it had
    since; since when there was nothing to do, and how many tasks there had been by then. Times are seconds
    since the epoch."""

    changed: float | None = None
    running: int | None = None
    idle: float | None = None
    end: int = 0


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """How many containers a service should have; `why` is the reason, in words. `fault` is why it is not
    known how much waits where that is something to mend, "" where it is not."""

    service: str
    running: int
    wanted: int
    why: str
    waiting: int | None = None
    fault: str = ""

    @property
    def changes(self) -> bool:
        """Whether it is another number than there are."""
        return self.wanted != self.running

    @property
    def text(self) -> str:
        """In a sentence, such as `dspy-worker: 1 -> 3, 42 tasks wait`; printable."""
        count = f"{self.running} -> {self.wanted}" if self.changes else f"{self.running} stays"
        return one_line(f"{self.service}: {count}, {self.why}")


def decide(seen: Seen, memory: Memory, bounds: Bounds, now: float) -> tuple[Decision, Memory]:
    """What to do about a service, and what to remember until the next look.

    Whoever changes it remembers that, too (`changed`): a decision that is only shown changes nothing.
    """
    memory = _looked(seen, memory, now)
    wanted, why = _wanted(seen, memory, bounds, now)
    decision = Decision(
        service=seen.service,
        running=seen.running,
        wanted=wanted,
        why=why,
        waiting=seen.waiting,
        fault=seen.unknown if seen.fault else "",
    )
    return decision, memory


def _looked(seen: Seen, memory: Memory, now: float) -> Memory:
    """The memory with this look; times that a clock which was set back leaves in the future are forgotten."""
    changed = memory.changed if memory.changed is not None and memory.changed <= now else None
    if memory.running not in (
        None,
        seen.running,
    ):  # somebody else did that, and wants to see what comes of it
        changed = now
    idle, end = memory.idle, memory.end
    if seen.waiting:
        idle, end = None, 0
    elif (
        seen.waiting is not None
    ):  # a queue that stood still while nobody could look, as `end` tells, was idle
        still = idle is not None and idle <= now and end == seen.end
        idle, end = idle if still else now, seen.end
    return Memory(changed=changed, running=seen.running, idle=idle, end=end)


def _wanted(seen: Seen, memory: Memory, bounds: Bounds, now: float) -> tuple[int, str]:
    if not seen.running and bounds.least:
        return 0, f"it is stopped; `stack up {seen.service}` starts it"
    rest = bounds.cooldown - (now - memory.changed) if memory.changed is not None else 0.0
    if seen.waiting is None:
        if seen.running < bounds.least and rest <= 0 and not seen.fault:
            return bounds.least, f"{bounds.least} is the least"
        return seen.running, seen.unknown
    need, limit = _needed(seen.waiting, seen.partitions, bounds)
    waits = _waits(seen.waiting)
    if need > seen.running:
        if rest > 0:
            return seen.running, f"{waits}; it was changed just now ({math.ceil(rest)} s)"
        return need, waits + limit if seen.waiting else f"{bounds.least} is the least"
    if need == seen.running:
        return seen.running, waits + limit
    if seen.waiting:
        return seen.running, waits
    if memory.idle is not None:
        rest = max(rest, bounds.cooldown - (now - memory.idle))
    return (seen.running, f"nothing waits ({math.ceil(rest)} s)") if rest > 0 else (need, "nothing waits")


def _needed(waiting: int, partitions: int, bounds: Bounds) -> tuple[int, str]:
    """How many containers that many tasks need, within the bounds, and which bound that was."""
    need = max(bounds.least, -(-waiting // bounds.per_replica))
    ceiling = max(bounds.least, min(bounds.most, partitions)) if partitions else bounds.most
    if need <= ceiling:
        return need, ""
    return ceiling, f" ({bounds.most} is the most)" if ceiling == bounds.most else (
        f" (its queue has {plural(partitions, 'partition')})"
    )


def _waits(count: int) -> str:
    return "nothing waits" if not count else f"{plural(count, 'task')} {'waits' if count == 1 else 'wait'}"
