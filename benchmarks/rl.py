"""A policy trained on two projects orders the checks of a third: what does it cost until a bug shows?

`data/rl/` has what tests, linter and type checker really told of bugs planted into released projects, and in
how many seconds (`_rl_record.py` records it, on any machine). Each project is left out in turn, the policy is
trained on the others by `rl train`'s own process, with five seeds, and judged on the one that it has never
seen, by the changes of which some check tells something. What closing the gap by the mean of all seeds would
hide is printed beside it: each seed's.

The best fixed order is that of the unseen project in hindsight, which nobody has in use; epsilon-greedy
learns from the other projects, then goes on as it goes. The oracle runs the cheapest check that tells.

`better_at_home` counts the trainings, of all seeds and projects, that would be used where they were trained:
on two thirds of a project's changes, compared on the third that was left out, as `rl train` does it.

    make bench-rl
    make bench-rl ARGS='--steps 100000 --seeds 2'
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent_core.rl.config import RlConfig
from agent_core.rl.offline import baselines
from agent_core.rl.offline.comparing import Comparison, compare
from agent_core.rl.offline.config import TrainingConfig
from agent_core.rl.offline.episodes import Episodes
from agent_core.rl.offline.judging import cost_of_network
from agent_core.rl.offline.options import Options
from agent_core.rl.offline.training import train
from benchmarks._rl_record import DATA, Recorded
from benchmarks.common import report

if TYPE_CHECKING:
    from agent_core.rl.offline.network import Network

LIMITS = (
    ("gap_closed", ">=", 0.5),
    ("gap_closed_low", ">=", 0.001),
    ("cost_over_epsilon_high", "<=", 0.999),
    ("better_at_home", ">=", 1),
)
_HELD_OUT = 3


def load() -> Episodes:
    """All that was recorded, as one."""
    files = [msgspec.json.decode(path.read_bytes(), type=Recorded) for path in sorted(DATA.glob("*.json"))]
    if len(files) < 3:
        sys.exit("benchmark: three projects are needed; python -m benchmarks._rl_record records them")
    actions = files[0].actions
    rows = [(number, row) for number, each in enumerate(files) for row in each.rows]
    return Episodes(
        actions=actions,
        features=np.array([row.features for _, row in rows], dtype=np.float32),
        found=np.array([row.found for _, row in rows], dtype=bool),
        seconds=np.array([row.seconds for _, row in rows], dtype=np.float32),
        project=np.array([number for number, _ in rows], dtype=np.int64),
        names=tuple(each.project for each in files),
    )


class Judged(msgspec.Struct, frozen=True):
    """Costs in seconds of each change of an unseen project: of the policy with each seed (S, T), of the
    others (T,)."""

    name: str
    policy: NDArray[np.float64]
    fixed: NDArray[np.float64]
    oracle: NDArray[np.float64]
    epsilon: NDArray[np.float64]
    order: tuple[str, ...]


async def judge(episodes: Episodes, name: str, *, steps: int, seeds: int) -> Judged:
    """Train on the others with each seed, and judge on this one."""
    others, own = episodes.with_project(name)
    told = own.told()
    policy: list[NDArray[np.float64]] = []
    epsilon: list[NDArray[np.float64]] = []
    for seed in range(seeds):
        network = await trained(others.told(), steps=steps, seed=seed)
        policy.append(cost_of_network(network, told, past=others.told()))
        greedy = baselines.EpsilonGreedy(len(own.actions), epsilon=RlConfig().epsilon, seed=seed)
        epsilon.append(baselines.cost_of_chooser(told, greedy, past=others.told()))
    order = baselines.best_order(told)
    return Judged(
        name=name,
        policy=np.array(policy),
        fixed=baselines.cost_of_order(told, order),
        oracle=baselines.oracle_cost(told),
        epsilon=np.array(epsilon).mean(axis=0),
        order=tuple(own.actions[each] for each in order),
    )


def gap_closed(judged: Judged) -> float:
    """The share of the gap between the fixed order and the oracle that the policy closes, by mean costs."""
    gap = float((judged.fixed - judged.oracle).mean())
    return float((judged.fixed - judged.policy.mean(axis=0)).mean()) / max(1e-9, gap)


def over_epsilon(judged: Judged) -> float:
    """The policy's mean cost over that of epsilon-greedy."""
    return float(judged.policy.mean() / judged.epsilon.mean())


def drawn(judged: Judged, random: np.random.Generator) -> Judged:
    """The same of seeds and changes that are drawn anew."""
    seeds = random.integers(len(judged.policy), size=len(judged.policy))
    rows = random.integers(len(judged.fixed), size=len(judged.fixed))
    return msgspec.structs.replace(
        judged,
        policy=judged.policy[seeds][:, rows],
        fixed=judged.fixed[rows],
        oracle=judged.oracle[rows],
        epsilon=judged.epsilon[rows],
    )


def interval(
    all_of_them: list[Judged], figure: Callable[[Judged], float], *, draws: int = 2000
) -> tuple[float, float]:
    """95 % of the mean over projects of a figure: seeds and changes are drawn anew within each project."""
    random = np.random.default_rng(0)
    means = [np.mean([figure(drawn(each, random)) for each in all_of_them]) for _ in range(draws)]
    low, high = np.percentile(means, (2.5, 97.5))
    return float(low), float(high)


async def at_home(episodes: Episodes, name: str, *, steps: int, seeds: int) -> list[Comparison]:
    """What comes of training on two thirds of a project's own changes, by seed."""
    _, own = episodes.with_project(name)
    rows = np.arange(len(own))
    held = np.random.default_rng(0).permutation(rows) % _HELD_OUT == _HELD_OUT - 1
    known, others = own.of(rows[~held]), own.of(rows[held])
    found: list[Comparison] = []
    for seed in range(seeds):
        network = await trained(known, steps=steps, seed=seed)
        found.append(compare(network, others, config=RlConfig(), past=known, seed=seed))
    return found


async def trained(episodes: Episodes, *, steps: int, seed: int) -> Network:
    """What `rl train`'s own process makes of these."""
    with tempfile.TemporaryDirectory() as folder:
        done = await train(
            episodes,
            config=TrainingConfig(n_envs=16),
            options=Options(steps=steps, seed=seed),
            folder=Path(folder),
            on_progress=lambda _: None,
        )
    return done.network


async def run(*, steps: int, seeds: int) -> bool:
    """Judge all, and report."""
    episodes = load()
    judged = [await judge(episodes, name, steps=steps, seeds=seeds) for name in episodes.names]
    home = [await at_home(episodes, name, steps=steps, seeds=seeds) for name in episodes.names]
    for each, there in zip(judged, home, strict=True):
        alone = [msgspec.structs.replace(each, policy=each.policy[seed : seed + 1]) for seed in range(seeds)]
        costs = (each.policy.mean(), each.fixed.mean(), each.oracle.mean(), each.epsilon.mean())
        print(
            f"{each.name:<14} {len(each.fixed):>4} changes   policy {costs[0]:.2f} s, "
            f"best fixed order {costs[1]:.2f} ({', '.join(each.order)}), oracle {costs[2]:.2f}, "
            f"epsilon-greedy {costs[3]:.2f}; gap closed {gap_closed(each):.2f} "
            f"({', '.join(f'{gap_closed(one):.2f}' for one in alone)}); "
            f"at home: {', '.join(compared.verdict for compared in there)}"
        )
    low, high = interval(judged, gap_closed)
    figures = {
        "gap_closed": float(np.mean([gap_closed(each) for each in judged])),
        "gap_closed_low": low,
        "gap_closed_high": high,
        "cost_over_epsilon": float(np.mean([over_epsilon(each) for each in judged])),
        "cost_over_epsilon_high": interval(judged, over_epsilon)[1],
        "better_at_home": sum(compared.verdict == "better" for there in home for compared in there),
        "oracle_over_fixed": float(np.mean([each.oracle.mean() / each.fixed.mean() for each in judged])),
    }
    return report("rl", figures, LIMITS, by_project={each.name: gap_closed(each) for each in judged})


def main() -> int:
    """Run it; the exit code says whether the limits are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=60_000, help="of each training")
    parser.add_argument("--seeds", type=int, default=5)
    given = parser.parse_args()
    return 0 if asyncio.run(run(steps=given.steps, seeds=given.seeds)) else 1


if __name__ == "__main__":
    sys.exit(main())
