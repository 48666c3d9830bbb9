"""The port of a policy: it orders tools in a situation and knows how likely each order was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from agent_core.rl.api import Reason

Features = Mapping[str, float]
"""The features of a situation by name (`features.FEATURES`); those that are missing are 0."""


class Ranking(msgspec.Struct, frozen=True, kw_only=True):
    """An order, best first.

    `propensities[k]` is the probability that `tools[k]` stands at position k, given those before it;
    `first[k]` the probability that `tools[k]` stands first; both are exact to within `error`.
    """

    tools: tuple[str, ...]
    propensities: tuple[float, ...]
    first: tuple[float, ...]
    error: float = 0.0


class Random(Protocol):
    """Where a policy gets its chance from, such as `random.Random`."""

    def random(self) -> float:
        """A number in [0, 1)."""
        ...


class Policy(Protocol):
    """How to suggest, given what was learnt."""

    @property
    def name(self) -> str:
        """As the configuration names it."""
        ...

    def rank(self, features: Features, allowed: Sequence[str], chance: Random) -> Ranking:
        """Draw an order of all allowed tools."""
        ...

    def first(self, features: Features, allowed: Sequence[str]) -> dict[str, float]:
        """The probability of each allowed tool to be put first; sums to 1."""
        ...

    def reasons(self, features: Features, tool: str) -> tuple[Reason, ...]:
        """The features behind the expected reward of a tool, those with the largest share first; their shares
        sum to it."""
        ...
