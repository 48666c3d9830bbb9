"""Linear Thompson sampling: a tool is put first as often as it is likely to be the best."""

from __future__ import annotations

from collections.abc import Sequence

from agent_core.rl.bandit.base import Linear
from agent_core.rl.bandit.best import likely_best
from agent_core.rl.bandit.drawing import Shares
from agent_core.rl.policy import Features

BOLDNESS = 0.2
"""What the posterior's standard deviations are multiplied with. Below 1 it explores less than by the book:
situations differ by themselves, and the prior, which is high, has every tool tried."""


class Thompson(Linear):
    """The probabilities are those of a draw from the posterior, narrowed by `BOLDNESS`; but they are
    computed, and nothing is drawn but the order itself.
    """

    name = "thompson"

    def _shares(self, features: Features, tools: Sequence[str]) -> Shares:
        rows = self._knowledge.rows(tuple(tools))
        means, deviations = self._knowledge.outlook(features)
        shares, error = likely_best(means[rows], BOLDNESS * deviations[rows])
        return Shares(shares.tolist(), shares.tolist(), error)
