"""What the counts of the kinds say: how rare each is, when it came in bursts, whether its level rose."""

from __future__ import annotations

from collections import Counter
from typing import Any

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
    span = max(int(kinds["ended"].max()) - int(kinds["began"].min()), SLOT)
    usual = (kinds["count"] - kinds["peak"]) * (SLOT / span)
    rate = kinds["peak"] / np.maximum(usual, 0.5)
    special = (kinds["peak"] >= _BURST) & (rate >= _BURST_RATE) & (span >= _LEAST_SPAN * SLOT)
    return np.where(special, rate, 0.0)


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
