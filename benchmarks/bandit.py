"""Learning which tool to suggest: cumulative regret beside MABWiser, Vowpal Wabbit and a tuned LinUCB.

Users are simulated (`_bandit_worlds.py`) in situations of the program's own features. All play the same
users, with the same luck, and each sees the rewards of its own first choices alone. The peers run with
their defaults: MABWiser's LinUCB and LinTS (the better of the two counts), Vowpal Wabbit's `--cb_explore`.
The oracle is a plain LinUCB whose alpha and ridge are chosen for each world when everything is over; it and
we play three times as many users, those of the peers among them. What helps a user is drawn by the seed and
has nothing to do with the policy's own rules; the policy's constants were chosen on other worlds (linear and
other logistic ones, other rates of change) and other seeds; the precision of its prior on such worlds and on
these three, with users of other seeds.

    make bench-bandit
    make bench-bandit ARGS='--seeds 5 --rounds 500'
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks._bandit_players import oracle, ours, regrets
from benchmarks._bandit_worlds import WORLDS, Run, World, contexts, live, questions
from benchmarks.common import ROOT, kit, report
from benchmarks.peers import MABWISER, VW, peer_python

SEEDS, ROUNDS = 20, 2_000
TIMES = 3
"""How many times as many users we and the oracle play: with 20, that ratio is known to .05 to .07 only."""
PEERS = {"linucb": MABWISER, "lints": MABWISER, "vw": VW}
PROCESSES = 2
LIMITS = (
    ("worst_over_mabwiser", "<=", 0.999),
    ("worst_over_vw", "<=", 0.999),
    ("worst_over_oracle", "<=", 1.15),
)
Regrets = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Played:
    """The cumulative regret with each user, and what is to be said of who played."""

    regrets: Regrets
    note: str = ""


def users(world: World, seeds: int, rounds: int) -> list[Run]:
    """The users of a world, one for each seed."""
    asked = questions(kit())
    return [live(world, contexts(asked, rounds, random.Random(seed)), seed) for seed in range(seeds)]


def draws_of(seed: int, rounds: int) -> NDArray[np.float64]:
    """The luck of whoever draws its choice."""
    return np.random.default_rng((seed, 1)).random(rounds)


def play_peer(world: World, seeds: int, rounds: int, peer: str) -> Played:
    """A peer, in its own environment."""
    runs = users(world, seeds, rounds)
    job = [
        {
            "contexts": run.contexts.tolist(),
            "rewards": run.rewards.tolist(),
            "draws": draws_of(seed, rounds).tolist(),
        }
        for seed, run in enumerate(runs)
    ]
    with tempfile.TemporaryDirectory(prefix="bench-bandit-") as folder:
        given, result = Path(folder) / "job.json", Path(folder) / "choices.json"
        given.write_text(json.dumps(job))
        script = ROOT / "benchmarks" / "_bandit_peers.py"
        subprocess.run([peer_python(PEERS[peer]), script, peer, given, result], check=True, cwd=folder)
        return Played(regrets(runs, np.array(json.loads(result.read_text()))), PEERS[peer])


def play_ours(world: World, seeds: int, rounds: int, _: str) -> Played:
    """The policy as it is shipped."""
    runs = users(world, seeds, rounds)
    choices = np.stack([ours(run, draws_of(seed, rounds)) for seed, run in enumerate(runs)])
    return Played(regrets(runs, choices))


def play_oracle(world: World, seeds: int, rounds: int, _: str) -> Played:
    """The LinUCB that hindsight chooses for the world."""
    runs = users(world, seeds, rounds)
    best = oracle(runs)
    return Played(regrets(runs, best.choices), f"alpha {best.alpha:g}, ridge {best.ridge:g}")


def play_chance(world: World, seeds: int, rounds: int, _: str) -> Played:
    """Any tool, whatever the situation: what the others are to be seen against."""
    runs = users(world, seeds, rounds)
    return Played(
        np.array([float((run.expected.max(axis=1) - run.expected.mean(axis=1)).sum()) for run in runs])
    )


PLAYERS: Mapping[str, tuple[Callable[[World, int, int, str], Played], int]] = {
    **dict.fromkeys(("lints", "linucb"), (play_peer, 1)),
    "oracle": (play_oracle, TIMES),
    "ours": (play_ours, TIMES),
    "vw": (play_peer, 1),
    "chance": (play_chance, 1),
}
"""How each plays, and with how many times the users that are asked for; the first are the same for all."""


def over(own: Regrets, other: Regrets) -> tuple[float, float]:
    """The ratio of two mean regrets, and its standard error (users are pairs, so it is a jackknife)."""
    count = len(own)
    left_out = (own.sum() - own) / (other.sum() - other)
    spread = np.sqrt((count - 1) / count * ((left_out - left_out.mean()) ** 2).sum())
    return float(own.mean() / other.mean()), float(spread)


def play(seeds: int, rounds: int) -> dict[str, dict[str, Played]]:
    """What each player made of each world, by world and player."""
    with ProcessPoolExecutor(PROCESSES) as pool:
        # The longest first, so that the processes end together.
        jobs: list[tuple[str, str, Future[Played]]] = [
            (world.name, who, pool.submit(player, world, times * seeds, rounds, who))
            for who, (player, times) in PLAYERS.items()
            for world in WORLDS
        ]
        played: dict[str, dict[str, Played]] = {world.name: {} for world in WORLDS}
        for name, who, job in jobs:
            played[name][who] = job.result()
        return played


def ratios(by: Mapping[str, Played]) -> dict[str, tuple[float, float]]:
    """Our mean regret over that of each other, with its standard error."""
    mabwiser = min(by["linucb"], by["lints"], key=lambda each: float(each.regrets.mean()))
    others = {"mabwiser": mabwiser, "vw": by["vw"], "oracle": by["oracle"]}
    own = by["ours"].regrets
    return {who: over(own[: len(other.regrets)], other.regrets) for who, other in others.items()}


def show(name: str, by: Mapping[str, Played], found: Mapping[str, tuple[float, float]]) -> None:
    """A world's table."""
    print(f"{name}: cumulative regret, mean and standard error over the users")
    for who, each in by.items():
        mean, error = float(each.regrets.mean()), float(each.regrets.std(ddof=1) / len(each.regrets) ** 0.5)
        print(f"  {who:<12} {mean:>9.1f} ± {error:<7.1f} {each.note}")
    print(
        "  ours over "
        + ", ".join(f"{who} {ratio:.3f} ± {error:.3f}" for who, (ratio, error) in found.items())
    )
    print()


def main(argv: Sequence[str] | None = None) -> int:
    """Play, print, and tell whether all limits are met."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args(argv)
    for requirement in sorted(set(PEERS.values())):
        peer_python(requirement)
    for library in ("OPENBLAS", "OMP", "MKL"):
        os.environ[f"{library}_NUM_THREADS"] = "1"
    played = play(options.seeds, options.rounds)
    found = {name: ratios(by) for name, by in played.items()}
    for name, by in played.items():
        show(name, by, found[name])
    figures: dict[str, Any] = {}
    for who in ("mabwiser", "vw", "oracle"):
        figures[f"regret_over_{who}"] = {name: round(found[name][who][0], 4) for name in found}
        figures[f"worst_over_{who}"] = max(found[name][who][0] for name in found)
    tables = {
        name: {who: {"regrets": each.regrets.tolist(), "note": each.note} for who, each in by.items()}
        for name, by in played.items()
    }
    met = report(
        "bandit", figures, LIMITS, seeds=options.seeds, rounds=options.rounds, ratios=found, played=tables
    )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
