"""What an evaluation reads of a log: the scored decisions as arrays, what is broken left out and counted."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent_core.rl.api import HIGHEST, LOWEST, SAFE_TOOLS
from agent_core.rl.records import Observed, Score, reward_of_first

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]

COLUMN = {tool: column for column, tool in enumerate(SAFE_TOOLS)}
"""Where each tool stands in every array."""
_MOST_FEATURES = 100
_TOLERANCE = 1e-9
_RAREST = 1e-9
"""What is less likely than this is never seen: where it is said to have been, the number is wrong."""


@dataclass(frozen=True, slots=True)
class Log:
    """Scored decisions, the first decided first; `left_out` counts the broken and the repeated.

    Rows of the arrays are decisions, columns of `allowed` the safe tools (`COLUMN`). `action` is the column
    of what was first, `propensity` how likely that was, and `reward` what it got. `features` have mean 0 and
    deviation 1.
    """

    scores: tuple[Score, ...]
    allowed: Bools
    features: Floats
    action: Ints
    propensity: Floats
    reward: Floats
    left_out: int

    def __len__(self) -> int:
        return len(self.scores)


def read(scores: Iterable[Score]) -> Log:
    """The log of these scores, which may come in any order."""
    kept: dict[str, Score] = {}
    count = 0
    for score in scores:
        count += 1
        if score.decision not in kept and _is_whole(score):
            kept[score.decision] = score
    ordered = tuple(sorted(kept.values(), key=lambda score: score.decided_at))
    allowed = np.zeros((len(ordered), len(SAFE_TOOLS)), dtype=np.bool_)
    for row, score in enumerate(ordered):
        allowed[row, [COLUMN[tool] for tool in score.allowed]] = True
    return Log(
        scores=ordered,
        allowed=allowed,
        features=_features(ordered),
        action=np.array([COLUMN[score.shown[0]] for score in ordered], dtype=np.intp),
        propensity=np.array([score.propensities[0] for score in ordered], dtype=np.float64),
        reward=np.array([reward_of_first(score) for score in ordered], dtype=np.float64),
        left_out=count - len(ordered),
    )


def was_used(observed: Observed) -> bool:
    """Whether somebody ran the suggested tool: it is said, or it got a reward, which nothing else can."""
    parts = observed.parts
    return observed.reward > 0 or parts.get("accepted", 0) > 0 or parts.get("used", 0) > 0


def _is_whole(score: Score) -> bool:
    """Whether every value of the score is one that it can have."""
    return (
        math.isfinite(score.at)
        and math.isfinite(score.decided_at)
        and 0 < len(score.shown) == len(score.propensities)
        and len(set(score.shown)) == len(score.shown)
        and set(score.shown) <= set(score.allowed) <= COLUMN.keys()
        and all(score.shown[each.position - 1 : each.position] == (each.tool,) for each in score.observed)
        and all(_RAREST <= propensity <= 1.0 + _TOLERANCE for propensity in score.propensities)
        and all(LOWEST - _TOLERANCE <= each.reward <= HIGHEST + _TOLERANCE for each in score.observed)
        and all(math.isfinite(value) for value in score.features.values())
    )


def _features(scores: Sequence[Score]) -> Floats:
    """The features that occur most, each with mean 0 and deviation 1."""
    times = Counter(name for score in scores for name, value in score.features.items() if value)
    column = {name: index for index, (name, _) in enumerate(times.most_common(_MOST_FEATURES))}
    found = np.zeros((len(scores), len(column)))
    for row, score in enumerate(scores):
        for name, value in score.features.items():
            if (index := column.get(name)) is not None:
                found[row, index] = value
    with np.errstate(all="ignore"):
        found -= found.mean(axis=0) if len(scores) else 0.0
        deviation = found.std(axis=0) if len(scores) else np.ones(len(column))
        usable = np.isfinite(deviation) & (deviation > 0)
    return found[:, usable] / deviation[usable]
