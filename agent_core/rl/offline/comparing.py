"""What a trained policy is worth on changes that it never saw: beside fixed orders, bandits and an oracle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agent_core.rl.config import RlConfig
    from agent_core.rl.offline.baselines import Chooser
    from agent_core.rl.offline.episodes import Episodes
    from agent_core.rl.offline.network import Network

LEAST = 20
"""With fewer changes of which something tells, an interval would say more than is known."""
Verdict = Literal["better", "no better", "not enough evidence"]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Mean costs in seconds to the first true failure of `changes` that the policy was not trained on.

    Args:
        changes: How many; of others nothing tells anything, and every order costs the same.
        policy: Of the trained policy.
        fixed: Of the best fixed order, found on these very changes: hindsight that no order has in use.
        order: That order.
        oracle: Of who knows the cheapest action that tells something.
        bandits: Of the simple policies, which learn as they go, by name.
        saved: What the policy saves over the fixed order, with its 95 % interval.
        gap_closed: The share of the gap between the fixed order and the oracle, with its interval; None where
            there is no gap.
    """

    changes: int
    policy: float
    fixed: float
    order: tuple[str, ...]
    oracle: float
    bandits: dict[str, float]
    saved: tuple[float, float, float]
    gap_closed: tuple[float, float, float] | None
    verdict: Verdict


def compare(
    network: Network, held: Episodes, *, config: RlConfig, past: Episodes, seed: int = 0
) -> Comparison:
    """Compare a policy on changes that it was not trained on.

    Args:
        network: The policy.
        held: The changes.
        config: How the simple policies are set.
        past: What the policy was trained on: all that is known of the project, and what the simple policies
            learn from before.
        seed: Of draws.
    """
    from agent_core.rl.offline import baselines
    from agent_core.rl.offline.judging import cost_of_network

    told = held.told()
    if not len(told):
        return _nothing(held)
    order = baselines.best_order(told)
    costs = (
        cost_of_network(network, told, past=past),
        baselines.cost_of_order(told, order),
        baselines.oracle_cost(told),
    )
    policy, fixed, oracle = (float(each.mean()) for each in costs)
    gap = _gap(*costs, seed=seed)
    low, high = baselines.interval(
        lambda rows: float((costs[1] - costs[0])[rows].mean()), len(told), seed=seed
    )
    verdict: Verdict = "better" if low > 0 else "no better"
    return Comparison(
        changes=len(told),
        policy=policy,
        fixed=fixed,
        order=tuple(held.actions[each] for each in order),
        oracle=oracle,
        bandits={
            name: float(baselines.cost_of_chooser(told, chooser, past=past).mean())
            for name, chooser in _bandits(len(held.actions), config, seed).items()
        },
        saved=(fixed - policy, low, high),
        gap_closed=gap,
        verdict=verdict if len(told) >= LEAST else "not enough evidence",
    )


def _bandits(actions: int, config: RlConfig, seed: int) -> dict[str, Chooser]:
    from agent_core.rl.offline import baselines

    return {
        "epsilon-greedy": baselines.EpsilonGreedy(actions, epsilon=config.epsilon, seed=seed),
        "ucb1": baselines.Ucb1(actions, c=config.ucb_c),
        "thompson": baselines.Thompson(actions, seed=seed),
    }


def _gap(
    policy: NDArray[np.float64], fixed: NDArray[np.float64], oracle: NDArray[np.float64], *, seed: int
) -> tuple[float, float, float] | None:
    import numpy as np

    from agent_core.rl.offline.baselines import interval

    def closed(rows: NDArray[np.int64]) -> float:
        whole = float((fixed - oracle)[rows].mean())
        return float((fixed - policy)[rows].mean()) / whole if whole > 0 else 0.0

    everything = np.arange(len(fixed))
    if float((fixed - oracle).mean()) <= 0:
        return None
    return (closed(everything), *interval(closed, len(fixed), seed=seed))


def _nothing(held: Episodes) -> Comparison:
    return Comparison(
        changes=0, policy=0.0, fixed=0.0, order=held.actions, oracle=0.0, bandits={},
        saved=(0.0, 0.0, 0.0), gap_closed=None, verdict="not enough evidence",
    )  # fmt: skip
