"""Who plays here: the policy as it is shipped, and the best plain LinUCB that hindsight can choose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, product

import numpy as np
from numpy.typing import NDArray

from agent_core.rl.api import SAFE_TOOLS
from agent_core.rl.bandit.choose import make_policy
from agent_core.rl.config import RlConfig
from agent_core.rl.features import NAMES
from agent_core.rl.knowledge import Knowledge
from benchmarks._bandit_worlds import Run

Choices = NDArray[np.int64]

ALPHAS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.45, 0.7, 1.0, 1.5, 2.5)
RIDGES = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)


def ours(run: Run, draws: NDArray[np.float64]) -> Choices:
    """What the policy puts first, learning from that alone: with its prior, its floor and its forgetting."""
    knowledge = Knowledge.fresh()
    policy = make_policy(RlConfig(), knowledge)
    choices = np.zeros(len(draws), dtype=np.int64)
    for turn, (context, draw) in enumerate(zip(run.contexts.tolist(), draws.tolist(), strict=True)):
        features = {name: value for name, value in zip(NAMES, context, strict=True) if value}
        sums = list(accumulate(policy.first(features, SAFE_TOOLS).values()))
        choice = next(place for place, up_to in enumerate(sums) if draw < up_to or place == len(sums) - 1)
        knowledge.learn(features, SAFE_TOOLS[choice], float(run.rewards[turn, choice]))
        choices[turn] = choice
    return choices


@dataclass(frozen=True, slots=True)
class Oracle:
    """The LinUCB of the lowest regret in hindsight: its settings, and what it chose, by user and round."""

    alpha: float
    ridge: float
    choices: Choices


def oracle(runs: Sequence[Run]) -> Oracle:
    """Play LinUCB with every alpha and ridge of a grid, and keep the best: no one could know it before."""
    played = (Oracle(alpha, ridge, _linucb(runs, alpha, ridge)) for alpha, ridge in product(ALPHAS, RIDGES))
    return min(played, key=lambda each: float(regrets(runs, each.choices).mean()))


def _linucb(runs: Sequence[Run], alpha: float, ridge: float) -> Choices:
    """Plain LinUCB with disjoint arms, for all users at once."""
    contexts = np.stack([run.contexts for run in runs])
    rewards = np.stack([run.rewards for run in runs])
    users, rounds, size = contexts.shape
    tools = rewards.shape[2]
    every = np.arange(users, dtype=np.int64)
    inverses = np.tile(np.eye(size) / ridge, (users, tools, 1, 1))
    responses = np.zeros((users, tools, size))
    weights = np.zeros((users, tools, size))
    choices = np.zeros((users, rounds), dtype=np.int64)
    for turn in range(rounds):
        x = contexts[:, turn]
        seen = (inverses @ x[:, None, :, None])[..., 0]
        unsure = np.einsum("uti,ui->ut", seen, x)
        bounds = np.einsum("uti,ui->ut", weights, x) + alpha * np.sqrt(np.maximum(unsure, 0.0))
        chosen = bounds.argmax(axis=1)
        own = seen[every, chosen]
        inverses[every, chosen] -= (
            own[:, :, None] * own[:, None, :] / (1.0 + unsure[every, chosen])[:, None, None]
        )
        responses[every, chosen] += rewards[every, turn, chosen][:, None] * x
        weights[every, chosen] = np.einsum("uij,uj->ui", inverses[every, chosen], responses[every, chosen])
        choices[:, turn] = chosen
    return choices


def regrets(runs: Sequence[Run], choices: Choices) -> NDArray[np.float64]:
    """The cumulative regret of each user: what the best tool would have been expected to bring, less what the
    chosen ones were."""
    return np.array(
        [
            float((run.expected.max(axis=1) - run.expected[np.arange(len(own)), own]).sum())
            for run, own in zip(runs, choices, strict=True)
        ]
    )
