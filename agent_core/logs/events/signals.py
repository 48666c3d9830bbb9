"""What the counts of the kinds say: how rare each is, when it came in bursts, whether its level rose."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent_core.logs.events.candidates import rarity
from agent_core.logs.events.rows import SLOT, WARNED

Floats = NDArray[np.float64]
_RAISED = 20
"""How many times as many records of a message there have to be that are less grave."""
_BURST, _BURST_RATE = 10, 10.0
"""Records in a slot, and how many times the usual rate, from which on it is a burst."""
_LEAST_SPAN = 20
"""Slots that a log has to cover for its rates to say anything."""
_ONCE = 0.5
"""A harmless burst that another one comes near to, at another time, is a habit."""
_BRIEF, _BRIEF_MS = 0.02, 60_000
"""The share of a log's time, in a short log the time, in which all records lie of what came and went."""
_BEATS, _UNEVEN = 20, 0.35
"""Records from which on a kind comes regularly, and the deviation of their intervals, as a share of them."""
_LASTING = 0.5
"""The share of a log's time over which such a kind has to go: what ends sooner may be done."""
_MISSED, _LEAST_SILENCE, _LEAST_LINES = 4.0, 3.0, 20
"""Intervals, seconds, and lines of others, from which on a regular kind is silent."""
_STEADY, _MOST = 8, 0.6
"""Records, and the share of the log's time between the first and the last, from which on it recurs."""
_RISEN, _LEAST_RISEN = 10.0, 20


def rarities(kinds: NDArray[Any], records: int) -> Floats:
    """How rare each kind is, 0 to 1; see `rarity`."""
    return np.array([rarity(count, records) for count in kinds["count"].tolist()], np.float64)


def bursts(kinds: NDArray[Any]) -> Floats:
    """How many times its usual rate the busiest slot of each kind has; 0 where that is nothing special."""
    if not len(kinds):
        return np.zeros(0)
    began = int(kinds["began"].min())
    span = max(int(kinds["ended"].max()) - began, SLOT)
    usual = (kinds["count"] - kinds["peak"]) * (SLOT / span)
    short = max(_BRIEF * span, min(_BRIEF_MS, span / 10))
    brief = (kinds["count"] >= _BURST) & (kinds["ended"] - kinds["began"] <= short)
    rate = kinds["peak"] / np.where(brief, 0.5, np.maximum(usual, 0.5))
    special = (brief | (kinds["peak"] >= _BURST)) & (rate >= _BURST_RATE) & (span >= _LEAST_SPAN * SLOT)
    once = (kinds["second"] < _ONCE * kinds["peak"]) & (~brief | (kinds["began"] - began > short))
    return np.where(special & (once | (kinds["gravity"] >= WARNED)), rate, 0.0)


class Silence(NamedTuple):
    """A kind that comes regularly and did not for a while.

    Attributes:
        row: The kind.
        lines: The lines before and behind; 0 for none behind.
        began: When it was last seen before, in milliseconds.
        lasted: Milliseconds.
        usual: Milliseconds from one record to the next otherwise.
    """

    row: int
    lines: tuple[int, int]
    began: int
    lasted: int
    usual: float


def silences(kinds: NDArray[Any], lines: int) -> list[Silence]:
    """Harmless kinds that were regular over most of the log but for one time.

    A time in which hardly anything was written does not count; `lines` are all those of the source.
    """
    if not len(kinds):
        return []
    end = int(kinds["ended"].max())
    lasted = kinds["ended"] - kinds["began"]
    regular = (kinds["gravity"] < WARNED) & (kinds["count"] >= _BEATS)
    regular &= lasted >= _LASTING * (end - int(kinds["began"].min()))
    found = [_silence(kinds[row], row, end, lines) for row in np.flatnonzero(regular).tolist()]
    return [one for one in found if one is not None]


def _silence(kind: Any, row: int, end: int, lines: int) -> Silence | None:
    began, ended, gap = int(kind["began"]), int(kind["ended"]), int(kind["gap"])
    times = int(kind["count"]) - 2
    usual = (ended - began - gap) / 1000 / times
    spread = (float(kind["squares"]) - (gap / 1000) ** 2) / times - usual**2
    if usual <= 0 or spread > (_UNEVEN * usual) ** 2:
        return None
    before, behind = map(int, kind["gap_lines"])
    least = max(_MISSED * usual, _LEAST_SILENCE) * 1000
    others = max(
        _LEAST_LINES, _MISSED / 2 * (int(kind["last"]) - int(kind["first"]) - behind + before) / times
    )
    if end - ended >= least and lines - int(kind["last"]) >= others:
        return Silence(row, (int(kind["last"]), 0), ended, end - ended, usual * 1000)
    if gap >= least and behind - before >= others:
        return Silence(row, (before, behind), int(kind["gap_began"]), gap, usual * 1000)
    return None


def risen(kinds: NDArray[Any], records: int, usual: Floats) -> Floats:
    """How many times its share of the records of earlier sessions each grave kind has; 0 where usual."""
    share = kinds["count"] / max(records, 1)
    rate = np.divide(share, usual, out=np.zeros(len(kinds)), where=usual > 0)
    special = (kinds["count"] >= _LEAST_RISEN) & (rate >= _RISEN) & (kinds["gravity"] >= WARNED)
    return np.where(special, rate, 0.0)


def steady(kinds: NDArray[Any]) -> NDArray[np.bool_]:
    """Which kinds recur over most of the log: what was always so is less telling than what began."""
    if not len(kinds):
        return np.zeros(0, np.bool_)
    span = max(int(kinds["ended"].max()) - int(kinds["began"].min()), 1)
    return (kinds["count"] >= _STEADY) & (kinds["ended"] - kinds["began"] >= _MOST * span)


def raised(kinds: NDArray[Any]) -> NDArray[np.bool_]:
    """Which kinds are the few grave ones of a message that is harmless otherwise."""
    names = ("template", "component", "gravity", "count")
    rows = list(zip(*(kinds[name].tolist() for name in names), strict=True))
    harmless: Counter[tuple[int, int]] = Counter()
    for template, component, gravity, count in rows:
        if gravity < WARNED:
            harmless[template, component] += count
    few = [grave >= WARNED and harmless[one, by] >= _RAISED * count for one, by, grave, count in rows]
    return np.array(few, np.bool_)
