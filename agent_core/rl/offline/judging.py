"""How good a policy is: its cost until the first failure of changes that it was not trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from agent_core.rl.offline.baselines import cost_of_orders
from agent_core.rl.offline.replay import viewed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agent_core.rl.offline.episodes import Episodes
    from agent_core.rl.offline.network import Network

_HELD_OUT = 0.2
_FEW = 10


class Judged(NamedTuple):
    """The mean cost until the first failure: in seconds, and as a share of what all actions take."""

    cost: float
    share: float


def cost_of_network(network: Network, episodes: Episodes, *, past: Episodes) -> NDArray[np.float64]:
    """Seconds until the first failure of each change, (T,); of the projects it knows what `past` tells."""
    return cost_of_orders(episodes, network.orders(viewed(episodes, past=past)))


class Judge:
    """Judges policies by the same changes.

    Args:
        episodes: These.
        past: What is known of their projects.
    """

    def __init__(self, episodes: Episodes, *, past: Episodes) -> None:
        self._episodes, self._seen = episodes, viewed(episodes, past=past)
        self._whole = np.maximum(episodes.usual.sum(axis=1), 1e-9)[episodes.project]

    def judge(self, network: Network) -> Judged:
        """Its mean cost; the share weighs projects whose checks are quick like those whose are slow."""
        cost = cost_of_orders(self._episodes, network.orders(self._seen))
        return Judged(float(cost.mean()), float((cost / self._whole).mean()))


def split(episodes: Episodes, *, seed: int) -> tuple[Episodes, Episodes]:
    """Changes to train on, and a fifth of each project's to judge by; all for both where there are few."""
    random = np.random.default_rng(seed)
    held = np.zeros(len(episodes), dtype=bool)
    for number in range(len(episodes.names)):
        own = np.flatnonzero(episodes.project == number)
        held[random.permutation(own)[: int(len(own) * _HELD_OUT)]] = True
    if len(episodes) < _FEW or not held.any():
        return episodes, episodes
    return episodes.of(np.flatnonzero(~held)), episodes.of(np.flatnonzero(held))
