"""What may be a key event: a kind of record or a stack trace, and what tells whether it is one."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log


@dataclass(slots=True, kw_only=True)
class Candidate:
    """A kind of record or a stack trace that may be a key event.

    Times are milliseconds. `text` is the first record; `first` to `last` are its lines, `lines` the first
    lines of the first few.

    Attributes:
        rare: 1 for a single record, 0 for as many as the root of all.
        fresh: How new its wording is, 0 to 1.
        lonely: How rare what wrote it is, 0 to 1.
        unusual: How seldom what wrote it is as grave as this, 0 to 1.
        burst: How many times its usual rate the busiest moment has; 0 for no burst.
        burst_line: The line at which that begins.
        raised: Whether the same message is mostly less grave.
        steady: Whether it recurs over most of the log.
        usual: The words that mostly stand where it has another one.
        silent: How long it was silent though it comes regularly, in words; "" for not at all.
        unknown: Whether earlier sessions lack it; None without any.
        trace: The signature of a stack trace; "" for none.
        fault: How much it speaks of a fault, see `priors.broken`.
        score: How much it matters.
        why: The reasons, the weightiest first.
    """

    source: str
    template: str
    text: bytes
    component: str
    level: int
    gravity: int
    count: int
    first: int
    last: int
    began: int
    ended: int
    lines: list[int]
    rare: float
    fresh: float = 1.0
    lonely: float = 0.0
    unusual: float = 0.0
    burst: float = 0.0
    burst_line: int = 0
    raised: bool = False
    steady: bool = False
    usual: tuple[str, ...] = ()
    silent: str = ""
    unknown: bool | None = None
    trace: str = ""
    fault: float = 0.0
    score: float = 0.0
    why: list[str] = field(default_factory=list[str])


def rarity(count: float, records: int) -> float:
    """1 for a single one of many, 0 for as many as the root of all and more; on a logarithmic scale."""
    return min(1.0, max(0.0, 1 - 2 * log(max(count, 1)) / log(max(records, 1000))))
