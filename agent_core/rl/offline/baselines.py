"""Policies without training to compare with: fixed orders, the bandits of the configuration, and an oracle.

What counts is the cost in seconds until the first action that tells something new and true of a change.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agent_core.rl.offline.episodes import Episodes

_SURE = 1.0
"""A Thompson sampler's belief begins with so many imagined observations of variance 1."""


class Chooser(Protocol):
    """Chooses among the actions that have not run, and learns from what they gave."""

    def choose(self, left: Sequence[int]) -> int:
        """The next one."""
        ...

    def learn(self, action: int, value: float) -> None:
        """What it gave: 1 less its share of the cost for one that told something, else minus its share."""
        ...


class Values:
    """The mean value of each action."""

    def __init__(self, actions: int) -> None:
        self.means = [0.0] * actions
        self.counts = [0] * actions

    def learn(self, action: int, value: float) -> None:
        """Take in what an action gave."""
        self.counts[action] += 1
        self.means[action] += (value - self.means[action]) / self.counts[action]


class EpsilonGreedy(Values):
    """The best so far, and any of them in `epsilon` of the cases (Sutton and Barto 2018, 2.2)."""

    def __init__(self, actions: int, *, epsilon: float, seed: int) -> None:
        super().__init__(actions)
        self._epsilon, self._random = epsilon, np.random.default_rng(seed)

    def choose(self, left: Sequence[int]) -> int:
        """The next one."""
        if self._random.random() < self._epsilon:
            return left[int(self._random.integers(len(left)))]
        return max(left, key=lambda action: self.means[action])


class Ucb1(Values):
    """The highest mean with a bonus for what was seldom tried (Auer, Cesa-Bianchi, Fischer 2002)."""

    def __init__(self, actions: int, *, c: float) -> None:
        super().__init__(actions)
        self._c = c

    def choose(self, left: Sequence[int]) -> int:
        """The next one."""
        total = math.log(max(1, sum(self.counts)))
        return max(left, key=lambda action: self._bound(action, total))

    def _bound(self, action: int, total: float) -> float:
        count = self.counts[action]
        return self.means[action] + self._c * math.sqrt(total / count) if count else math.inf


class Thompson(Values):
    """A draw from what is believed of each mean, as of a normal distribution (Thompson 1933)."""

    def __init__(self, actions: int, *, seed: int) -> None:
        super().__init__(actions)
        self._random = np.random.default_rng(seed)

    def choose(self, left: Sequence[int]) -> int:
        """The next one."""
        return max(left, key=self._drawn)

    def _drawn(self, action: int) -> float:
        count = self.counts[action] + _SURE
        mean = self.means[action] * self.counts[action] / count
        return mean + float(self._random.normal()) / math.sqrt(count)


def cost_of_order(episodes: Episodes, order: Sequence[int]) -> NDArray[np.float64]:
    """Seconds until the first failure when actions run in one order, (T,)."""
    return cost_of_orders(episodes, np.tile(np.asarray(order, dtype=np.int64), (len(episodes), 1)))


def cost_of_orders(episodes: Episodes, orders: NDArray[np.int64]) -> NDArray[np.float64]:
    """Seconds until the first failure when the actions of each change run in an order of its own, (T, A)."""
    spent = np.cumsum(np.take_along_axis(episodes.seconds, orders, axis=1), axis=1, dtype=np.float64)
    found = np.take_along_axis(episodes.found, orders, axis=1)
    last = np.where(found.any(axis=1), found.argmax(axis=1), len(episodes.actions) - 1)
    return spent[np.arange(len(episodes)), last]


def best_order(episodes: Episodes) -> tuple[int, ...]:
    """The order whose mean cost is the least."""
    orders = itertools.permutations(range(len(episodes.actions)))
    return min(orders, key=lambda order: float(cost_of_order(episodes, order).mean()))


def oracle_cost(episodes: Episodes) -> NDArray[np.float64]:
    """Seconds of the cheapest action that tells something, (T,); of all of them where none does."""
    cheapest: NDArray[np.float64] = np.where(episodes.found, episodes.seconds, np.inf).min(axis=1)
    whole = episodes.seconds.sum(axis=1, dtype=np.float64)
    return np.where(np.isfinite(cheapest), cheapest, whole)


def cost_of_chooser(
    episodes: Episodes, chooser: Chooser, *, past: Episodes | None = None
) -> NDArray[np.float64]:
    """Seconds until the first failure for one that learns as it goes, (T,).

    Args:
        episodes: The changes, in the order in which they come.
        chooser: Who chooses.
        past: Changes of others that it goes through before.
    """
    if past is not None:
        _gone_through(past, chooser)
    return _gone_through(episodes, chooser)


def _gone_through(episodes: Episodes, chooser: Chooser) -> NDArray[np.float64]:
    costs = np.zeros(len(episodes), dtype=np.float64)
    whole = np.maximum(episodes.usual.sum(axis=1), 1e-9)[episodes.project]
    for task in range(len(episodes)):
        left = list(range(len(episodes.actions)))
        found = False
        while left and not found:
            action = chooser.choose(left)
            left.remove(action)
            seconds, found = float(episodes.seconds[task, action]), bool(episodes.found[task, action])
            costs[task] += seconds
            chooser.learn(action, found - seconds / float(whole[task]))
    return costs


def interval(
    figure: Callable[[NDArray[np.int64]], float], count: int, *, seed: int = 0, draws: int = 2000
) -> tuple[float, float]:
    """The 95 % interval of a figure of so many changes, by the bootstrap (Efron 1979).

    Args:
        figure: Of the changes with these numbers, some of them more than once.
        count: How many changes there are.
        seed: Of the draws.
        draws: How many.
    """
    random = np.random.default_rng(seed)
    found = [figure(random.integers(count, size=count)) for _ in range(draws)]
    low, high = np.percentile(found, (2.5, 97.5))
    return float(low), float(high)
