"""Epsilon-greedy: the tool of the highest expected reward, and now and then any."""

from __future__ import annotations

from collections.abc import Sequence

from agent_core.rl.bandit.base import Linear
from agent_core.rl.bandit.drawing import Shares, even_best
from agent_core.rl.knowledge import Knowledge
from agent_core.rl.policy import Features


class EpsilonGreedy(Linear):
    """The best by the linear model; with probability `epsilon` any tool.

    Args:
        knowledge: What was learnt; looked at anew for every order.
        epsilon: From 0 to 1.
    """

    name = "epsilon-greedy"

    def __init__(self, knowledge: Knowledge, *, epsilon: float) -> None:
        super().__init__(knowledge)
        self._epsilon = epsilon

    def _shares(self, features: Features, tools: Sequence[str]) -> Shares:
        means = self._knowledge.outlook(features).means
        scores = [float(means[row]) for row in self._knowledge.rows(tuple(tools))]
        rest = self._epsilon / max(1, len(tools))
        return Shares([(1.0 - self._epsilon) * share + rest for share in even_best(scores)], scores)
