"""What the policies share: an order drawn from shares; and, by the linear model, reasons."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import partial

from agent_core.rl.api import Reason
from agent_core.rl.bandit.drawing import Shares, draw, first_of
from agent_core.rl.features import WORDS
from agent_core.rl.knowledge import Knowledge
from agent_core.rl.policy import Features, Random, Ranking


class Drawing(ABC):
    """A policy that is told by its shares.

    Args:
        knowledge: What was learnt; looked at anew for every order.
    """

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge

    def rank(self, features: Features, allowed: Sequence[str], chance: Random) -> Ranking:
        """Draw an order of all allowed tools; ValueError when one is unknown or a feature is not finite."""
        return draw(allowed, partial(self._shares, features), chance)

    def first(self, features: Features, allowed: Sequence[str]) -> dict[str, float]:
        """The probability of each allowed tool to be put first."""
        return first_of(allowed, partial(self._shares, features))

    @abstractmethod
    def _shares(self, features: Features, tools: Sequence[str]) -> Shares:
        """The shares of these tools, each named once."""


class Linear(Drawing):
    """A policy that goes by the linear model."""

    def reasons(self, features: Features, tool: str) -> tuple[Reason, ...]:
        """Each feature's share of the expected reward of a tool, the largest first, for and against."""
        values = self._knowledge.vector(features).tolist()
        weights = self._knowledge.weights(tool)
        shares = {
            name: value * weights[name] for name, value in zip(self._knowledge.names, values, strict=True)
        }
        reasons = [Reason(name, WORDS.get(name, name), share) for name, share in shares.items() if share]
        return tuple(sorted(reasons, key=lambda reason: -abs(reason.weight)))
