"""What was learnt of each tool: one Bayesian linear regression per tool, shared by all policies.

The model of a tool's reward r in a situation with features x is

    r ~ Normal(w·x, s²),   w ~ Normal(m, s² P⁻¹),   s² ~ inverse gamma,

with the means m from `rules.py` and a diagonal precision P. Each further observation of the tool weakens
those before it: an observation with k later ones counts `KEPT ** k` (its likelihood is raised to that power),
the prior always counts in full. Of this model the posterior of the weights is kept exactly, in sufficient
statistics; nothing is sampled or approximated. Only s is not integrated over: predictions use the posterior's
estimate of it (the prior's and the observations' squared errors, averaged).
"""

from __future__ import annotations

import binascii
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent_core.rl.api import SAFE_TOOLS
from agent_core.rl.features import BIAS, NAMES
from agent_core.rl.plain import Vector, finite, pack, positive, unpack, whole
from agent_core.rl.rules import RULES, in_general

Matrix = NDArray[np.float64]

KEPT = 0.998
"""The weight of an observation after one more of the same tool: half of it is left after 350."""
_GENERAL_PRECISION, _PRECISION = 2.0, 10.0
"""Of the prior, of the bias and of every other weight, in observations."""
_NOISE, _NOISE_WEIGHT = 0.3, 20.0
"""The standard deviation of a reward that is assumed at first, and how many observations that is worth."""
_LEAST_NOISE = 0.05
_MOST_CARRIED = 20.0
"""What an older file says of a tool weighs no more than this many observations."""
_LARGEST = 3.0
"""Features are cut to this size, so that one line of a damaged log cannot outweigh all others."""
_LOWEST_REWARD, _HIGHEST_REWARD = -1.0, 2.0
"""So are rewards; those of `api.reward` lie well within."""


class Outlook(NamedTuple):
    """What to expect in a situation, by tool in the order of `Knowledge.tools`: the mean of the expected
    reward and its standard deviation (of the expectation, not of a single reward)."""

    means: Vector
    deviations: Vector


class _Arm:
    """One tool: discounted sufficient statistics, and exact counts for people."""

    __slots__ = ("count", "energy", "products", "response", "total")

    def __init__(self, size: int) -> None:
        self.products: Matrix = np.zeros((size, size))
        self.response: Vector = np.zeros(size)
        self.energy = 0.0
        self.count = 0
        self.total = 0.0


class Knowledge:
    """What was learnt; see the module."""

    def __init__(self) -> None:
        self.names = NAMES
        self.tools = SAFE_TOOLS
        self.updates = 0
        size = len(self.names)
        self._column = {name: column for column, name in enumerate(self.names)}
        self._row = {tool: row for row, tool in enumerate(self.tools)}
        self._bias = self._column[BIAS]
        self._precision: Vector = np.full(size, _PRECISION)
        self._precision[self._bias] = _GENERAL_PRECISION
        self._prior: Matrix = np.array(
            [[_believed(tool, name) for name in self.names] for tool in self.tools]
        )
        self._arms = [_Arm(size) for _ in self.tools]
        self._weights = self._prior.copy()
        self._covariances: NDArray[np.float64] = np.zeros((len(self.tools), size, size))
        self._noises: Vector = np.zeros(len(self.tools))
        for row in range(len(self.tools)):
            self._solve(row)

    @classmethod
    def fresh(cls) -> Knowledge:
        """Nothing but the prior."""
        return cls()

    def vector(self, features: Mapping[str, float]) -> Vector:
        """The features as a vector in the order of `names`: unknown ones left out, the bias always 1.

        Raises:
            ValueError: One is not a finite number.
        """
        vector = np.zeros(len(self.names))
        for name, value in features.items():
            if not math.isfinite(value):
                raise ValueError(f"the feature {name!r} is {value}")
            if (column := self._column.get(name)) is not None:
                vector[column] = min(_LARGEST, max(-_LARGEST, value))
        vector[self._bias] = 1.0
        return vector

    def learn(self, features: Mapping[str, float], tool: str, reward: float) -> None:
        """Take in one observed reward of a tool.

        Raises:
            ValueError: A number is not finite, or there is no such tool; nothing was learnt.
        """
        self._solve(self._take(features, tool, reward))

    def learn_all(self, observations: Iterable[tuple[Mapping[str, float], str, float]]) -> None:
        """Take in many observed rewards: features, tool and reward of each, the oldest first.

        What comes of it is what `learn` makes of one after the other, in a fraction of the time.

        Raises:
            ValueError: As `learn`; what came before was learnt.
        """
        rows: set[int] = set()
        try:
            for features, tool, reward in observations:
                rows.add(self._take(features, tool, reward))
        finally:
            for row in rows:
                self._solve(row)

    def absorb_counts(self, tool: str, count: float, mean: float) -> None:
        """Take over what an older version knew of a tool: its mean reward over so many observations.

        It weighs at most as much as a few dozen observations, and is no update.

        Raises:
            ValueError: A number is not finite, or there is no such tool.
        """
        row = self._row_of(tool)
        if not math.isfinite(count) or not math.isfinite(mean):
            raise ValueError(f"{tool} has a count of {count} and a mean of {mean}")
        weight = min(_MOST_CARRIED, max(0.0, count))
        arm = self._arms[row]
        mean = min(_HIGHEST_REWARD, max(_LOWEST_REWARD, mean))
        arm.products[self._bias, self._bias] += weight
        arm.response[self._bias] += weight * mean
        arm.energy += weight * (mean * mean + _NOISE**2)
        self._solve(row)

    def outlook(self, features: Mapping[str, float]) -> Outlook:
        """What to expect of each tool in a situation; ValueError as `vector`."""
        x = self.vector(features)
        spreads: Vector = np.einsum("aij,i,j->a", self._covariances, x, x)
        return Outlook(self._weights @ x, self._noises * np.sqrt(np.maximum(spreads, 0.0)))

    def weights(self, tool: str) -> dict[str, float]:
        """The posterior mean of each feature's weight; ValueError when there is no such tool."""
        return dict(zip(self.names, self._weights[self._row_of(tool)].tolist(), strict=True))

    def pulls(self, tool: str) -> tuple[float, float]:
        """How many observations of a tool still count, and their mean reward (0 when there is none)."""
        arm = self._arms[self._row_of(tool)]
        weight = float(arm.products[self._bias, self._bias])
        return weight, float(arm.response[self._bias]) / weight if weight else 0.0

    def rows(self, tools: Sequence[str]) -> list[int]:
        """Where tools stand in an outlook; ValueError when there is no such tool."""
        return [self._row_of(tool) for tool in tools]

    def count(self, tool: str) -> int:
        """How many rewards of a tool were learnt, and of what mean `mean` is."""
        return self._arms[self._row_of(tool)].count

    def mean(self, tool: str) -> float | None:
        """The mean of all rewards of a tool that were learnt; None when there is none."""
        arm = self._arms[self._row_of(tool)]
        return arm.total / arm.count if arm.count else None

    def to_plain(self) -> dict[str, Any]:
        """Everything as JSON values, what people read first; `from_plain` gives the same knowledge back."""
        return {
            "updates": self.updates,
            "features": list(self.names),
            "tools": {tool: self._arm_to_plain(row) for row, tool in enumerate(self.tools)},
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Knowledge:
        """The knowledge of `to_plain`, also of a version with other features or tools.

        Features and tools that are unknown are dropped; new ones are at their prior.

        Raises:
            ValueError: It is not what `to_plain` gives.
        """
        knowledge = cls()
        try:
            names = [str(name) for name in plain["features"]]
            if len(set(names)) != len(names):
                raise ValueError("a feature is named twice")
            knowledge.updates = whole(plain["updates"])
            for tool, kept in dict(plain["tools"]).items():
                if tool in knowledge._row:
                    knowledge._arm_from_plain(knowledge._row[tool], names, kept)
        except (KeyError, TypeError, AttributeError, OverflowError, binascii.Error) as error:
            raise ValueError(f"what was learnt cannot be read: {error!r}") from error
        return knowledge

    def _take(self, features: Mapping[str, float], tool: str, reward: float) -> int:
        """Add an observation to the statistics of its tool, whose row is returned."""
        row = self._row_of(tool)
        x = self.vector(features)
        if not math.isfinite(reward):
            raise ValueError(f"the reward is {reward}")
        reward = min(_HIGHEST_REWARD, max(_LOWEST_REWARD, reward))
        arm = self._arms[row]
        arm.products = KEPT * arm.products + np.outer(x, x)
        arm.response = KEPT * arm.response + reward * x
        arm.energy = KEPT * arm.energy + reward * reward
        arm.count += 1
        arm.total += reward
        self.updates += 1
        return row

    def _row_of(self, tool: str) -> int:
        row = self._row.get(tool)
        if row is None:
            raise ValueError(f"there is no tool {tool!r} to learn of")
        return row

    def _solve(self, row: int) -> None:
        """Bring weights, covariance and noise of a tool up to date with its statistics."""
        arm, believed = self._arms[row], self._prior[row]
        precision: Matrix = arm.products + np.diag(self._precision)
        response: Vector = self._precision * believed + arm.response
        # Sums of squares and a positive diagonal: always positive definite.
        half = np.linalg.inv(np.linalg.cholesky(precision))
        self._covariances[row] = half.T @ half
        self._weights[row] = weights = half.T @ (half @ response)
        # The squared error of the best weights, the prior's and the observations' together.
        error = arm.energy + float(believed @ (self._precision * believed)) - float(weights @ response)
        seen = float(arm.products[self._bias, self._bias])
        variance = (_NOISE_WEIGHT * _NOISE**2 + max(0.0, error)) / (_NOISE_WEIGHT + seen)
        self._noises[row] = max(_LEAST_NOISE, math.sqrt(variance))

    def _arm_to_plain(self, row: int) -> dict[str, Any]:
        arm = self._arms[row]
        tool = self.tools[row]
        return {
            "count": arm.count,
            "mean": self.mean(tool),
            "weights": {name: round(weight, 4) for name, weight in self.weights(tool).items()},
            "total": arm.total,
            "energy": arm.energy,
            "response": pack(arm.response),
            "products": pack(arm.products[np.tril_indices(len(self.names))]),
        }

    def _arm_from_plain(self, row: int, names: Sequence[str], kept: Mapping[str, Any]) -> None:
        size = len(names)
        lower = unpack(kept["products"], size * (size + 1) // 2)
        products: Matrix = np.zeros((size, size))
        products[np.tril_indices(size)] = lower
        products = products + np.tril(products, -1).T
        if size and float(np.linalg.eigvalsh(products)[0]) < -1e-6 * (1.0 + float(np.trace(products))):
            raise ValueError("the products are those of no observations")
        response = unpack(kept["response"], size)
        known = [(here, self._column[name]) for here, name in enumerate(names) if name in self._column]
        sources, targets = [pair[0] for pair in known], [pair[1] for pair in known]
        arm = self._arms[row]
        arm.products[np.ix_(targets, targets)] = products[np.ix_(sources, sources)]
        arm.response[targets] = response[sources]
        arm.count = whole(kept["count"])
        arm.total = finite(kept["total"])
        arm.energy = positive(kept["energy"])
        self._solve(row)


def _believed(tool: str, name: str) -> float:
    return in_general(tool) if name == BIAS else RULES[tool].get(name, 0.0)
