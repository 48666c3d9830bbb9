"""From the shares of a policy to an order: position by position, each with its propensity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import NamedTuple

from agent_core.rl.policy import Random, Ranking

FLOOR = 0.001
"""The least probability of every remaining tool at every position, so that no order is impossible.

With eleven tools one first place in ninety is drawn blindly: that costs a twentieth of what learning costs at
all, and is what a later evaluation lives on.
"""


class Shares(NamedTuple):
    """The probability by which a policy would put each tool first, and a bound of the error; `scores` put
    what does not stand first in order, the highest first."""

    first: Sequence[float]
    scores: Sequence[float]
    error: float = 0.0


def first_of(tools: Sequence[str], shares: Callable[[Sequence[str]], Shares]) -> dict[str, float]:
    """The probability of each tool to be put first, with the floor under it: they sum to 1."""
    tools = list(dict.fromkeys(tools))
    return dict(zip(tools, _floored(shares(tools).first), strict=True)) if tools else {}


def draw(allowed: Sequence[str], shares: Callable[[Sequence[str]], Shares], chance: Random) -> Ranking:
    """Draw an order of the allowed tools.

    Only the first place is drawn from the shares: there it can be learnt how good a tool is. Behind it the
    others follow by their scores, but for the floor, so that the list reads as a ranking.

    Args:
        allowed: The tools; one that is named twice counts once.
        shares: The policy.
        chance: Where the numbers come from, one for each position at which there is a choice.
    """
    tools = list(dict.fromkeys(allowed))
    if not tools:
        return Ranking(tools=(), propensities=(), first=())
    by_policy = shares(tools)
    first = dict(zip(tools, _floored(by_policy.first), strict=True))
    scores = dict(zip(tools, by_policy.scores, strict=True))
    remaining = sorted(tools, key=lambda tool: -scores[tool])
    probabilities = [first[tool] for tool in remaining]
    order: list[str] = []
    propensities: list[float] = []
    while remaining:
        place = _pick(probabilities, chance) if len(remaining) > 1 else 0
        propensities.append(probabilities[place] if len(remaining) > 1 else 1.0)
        order.append(remaining.pop(place))
        probabilities = _floored([1.0, *[0.0] * (len(remaining) - 1)])
    return Ranking(
        tools=tuple(order),
        propensities=tuple(propensities),
        first=tuple(first[tool] for tool in order),
        error=by_policy.error,
    )


def _floored(shares: Sequence[float]) -> list[float]:
    """The shares with the floor under each: they still sum to 1."""
    return [(1.0 - len(shares) * FLOOR) * share + FLOOR for share in shares]


def _pick(probabilities: Sequence[float], chance: Random) -> int:
    sums = list(accumulate(probabilities))
    aim = chance.random() * sums[-1]
    return next(place for place, up_to in enumerate(sums) if aim < up_to or place == len(sums) - 1)


def even_best(scores: Sequence[float]) -> list[float]:
    """1 for the highest score, 0 for the others; several that are equally high share it."""
    highest = max(scores, default=0.0)
    winners = sum(score == highest for score in scores)
    return [1.0 / winners if score == highest else 0.0 for score in scores]
