"""Simulated people and logs whose true values are known, by exact sums over situations, tools and rewards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent_core.rl.api import HIGHEST, LOWEST, SAFE_TOOLS
from agent_core.rl.features import BIAS, NAMES
from agent_core.rl.records import Observed, Score

Floats = NDArray[np.float64]

_REWARDS = np.array((LOWEST, 0.0, 0.1, 0.2, 0.3, 0.5, 0.8, HIGHEST))
"""What a suggestion can get: dismissed, ignored, and the sums of what is done with one."""


@dataclass(frozen=True, slots=True)
class World:
    """Situations, how frequent each is, and what each tool gets there.

    `chances[s, a]` are the probabilities of `_REWARDS`; `allowed[s]` what could be suggested.
    """

    tools: tuple[str, ...]
    features: tuple[dict[str, float], ...]
    shares: Floats
    allowed: NDArray[np.bool_]
    chances: Floats

    @property
    def rewards(self) -> Floats:
        """The expected reward of each tool in each situation."""
        return self.chances @ _REWARDS

    def value(self, policy: Floats) -> float:
        """The true value of a policy, given by its probabilities by situation and tool."""
        return float(self.shares @ (policy * self.rewards).sum(axis=1))


def world(random: np.random.Generator) -> World:
    """Some people: how many tools and situations there are, how often anything is taken up, and for what."""
    count = int(random.integers(2, len(SAFE_TOOLS) + 1))
    tools = tuple(SAFE_TOOLS[index] for index in sorted(random.choice(len(SAFE_TOOLS), count, replace=False)))
    situations = int(random.integers(20, 120))
    names = [name for name in NAMES if name != BIAS]
    used = random.choice(len(names), int(random.integers(3, 12)), replace=False)
    values = random.random((situations, len(used))) * (random.random((situations, len(used))) < 0.4)
    allowed = random.random((situations, count)) < random.uniform(0.6, 1.0)
    allowed[np.arange(situations), random.integers(count, size=situations)] = True
    allowed[np.arange(situations), random.integers(count, size=situations)] = True
    # What is liked follows the features, and not only: no model of ours is quite right.
    liking = values @ random.normal(0, 1.5, (len(used), count)) + random.normal(0, 1, count)
    liking += random.normal(0, random.uniform(0, 1.5), liking.shape)
    rare = random.uniform(-5.0, 0.5)
    taken = 1 / (1 + np.exp(-(liking + rare)))
    dismissed = (1 - taken) * random.choice((0.0, 0.02, 0.15)) * random.random(count)
    sizes = random.dirichlet(np.full(len(_REWARDS) - 2, 0.7))
    chances = np.concatenate(
        [dismissed[..., None], (1 - taken - dismissed)[..., None], taken[..., None] * sizes], axis=2
    )
    shares = random.dirichlet(np.full(situations, random.choice((0.3, 1.0, 10.0))))
    features = tuple(
        {names[column]: float(value) for column, value in zip(used, row, strict=True) if value}
        for row in values
    )
    return World(tools, features, shares, allowed, chances)


def with_floor(best: Floats, allowed: NDArray[np.bool_], floor: float) -> Floats:
    """The probabilities of each tool to be first, where each allowed one has at least the floor."""
    best = best * allowed
    best = best / best.sum(axis=1, keepdims=True)
    many = allowed.sum(axis=1, keepdims=True)
    least = np.minimum(floor, 0.5 / many)
    return np.where(allowed, (1 - many * least) * best + least, 0.0)


@dataclass(slots=True)
class Made:
    """A log, how it came about, and what is true of it.

    `situations` and `tools` are those of each decision, `orders` the tools by how much they had been used
    until then, the most first; `mean` is the true value of what was shown.
    """

    scores: list[Score] = field(default_factory=list[Score])
    situations: list[int] = field(default_factory=list[int])
    tools: list[int] = field(default_factory=list[int])
    orders: list[tuple[int, ...]] = field(default_factory=list[tuple[int, ...]])
    mean: float = 0.0

    @property
    def propensities(self) -> Floats:
        """How likely what was first was to be first."""
        return np.array([score.propensities[0] for score in self.scores])


Behaviour = Callable[[Sequence[Score]], Floats]
"""The probabilities of each tool to be first, by situation, after these scores, which are new."""


def simulate(at: World, behave: Behaviour, n: int, random: np.random.Generator, *, batch: int) -> Made:
    """A log of n decisions; the behaviour is asked anew after each batch."""
    made = Made()
    counts = np.zeros(len(at.tools), dtype=int)
    for start in range(0, n, batch):
        size = min(batch, n - start)
        shown = behave(made.scores[-batch:])
        made.mean += at.value(shown) * size / n
        situations = random.choice(len(at.shares), size, p=at.shares)
        tools = _drawn(shown[situations], random)
        rewards = _REWARDS[_drawn(at.chances[situations, tools], random)]
        for row, (situation, tool) in enumerate(zip(situations.tolist(), tools.tolist(), strict=True)):
            made.orders.append(tuple(np.argsort(-counts, kind="stable").tolist()))
            reward = float(rewards[row])
            counts[tool] += reward > 0
            propensity = float(shown[situation, tool])
            made.scores.append(_score(at, start + row, situation, tool, propensity, reward))
            made.situations.append(situation)
            made.tools.append(tool)
    return made


def first_of(at: World, order: Sequence[int]) -> Floats:
    """The policy that puts first what comes first in an order, of what is allowed."""
    rank = np.argsort(order)
    first = np.where(at.allowed, rank, len(order)).argmin(axis=1)
    return np.eye(len(at.tools))[first]


def _drawn(chances: Floats, random: np.random.Generator) -> NDArray[np.intp]:
    """One column of each row, as likely as it says."""
    sums = chances.cumsum(axis=1)
    aims = random.random((len(chances), 1)) * sums[:, -1:]
    return (aims >= sums).sum(axis=1)


def _score(at: World, step: int, situation: int, tool: int, propensity: float, reward: float) -> Score:
    name = at.tools[tool]
    status: Any = "accepted" if reward > 0 else "dismissed" if reward < 0 else "ignored"
    return Score(
        id=f"simulated:{2 * step + 1}",
        at=step + 0.5,
        decision=f"simulated:{2 * step}",
        decided_at=float(step),
        surface="pane",
        features=at.features[situation],
        allowed=tuple(each for each, may in zip(at.tools, at.allowed[situation], strict=True) if may),
        shown=(name,),
        propensities=(propensity,),
        policy="simulated",
        status=status,
        observed=(Observed(tool=name, position=1, reward=reward),),
    )
