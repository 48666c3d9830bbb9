"""Recorded changes as environments: steps a second, and what PPO makes of them beside PufferLib's trainer.

The changes are made up, in realistic sizes: 400 of each of five projects, 21 numbers seen of each, three
actions. All runs on one core, and its CPU seconds count, so that a busy machine changes little.

`steps_per_s`: 64 environments (as many as the configuration allows) through PufferLib's Serial vectorisation
as a training steps them: they are agents of one native environment. `apart` in the details is the same with
64 environments of one agent each, which Serial steps one after the other; `few` has 1 and 4 agents.

`ppo_over_pufferl`: steps per CPU second of our PPO, acting and learning, over those of `pufferl.PuffeRL`, in
the same process, update by update in turn: the same environments, policy network, batch (64 x 64), minibatch
(1024), epochs (4) and optimiser. Theirs is PufferLib's own trainer as it comes, see `_env_peer.py`; its C++
kernel is compiled once (g++ and ninja).

    make bench-env
    make bench-env ARGS='--updates 10'
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import OUT, ROOT, report

LIMITS = (("steps_per_s", ">=", 50_000.0), ("ppo_over_pufferl", ">=", 0.8))
ENVS, HORIZON, WARM = 64, 64, 3
STEPS_S = 2.0
ROUNDS = 3


def rate(vector: Any, count: int) -> float:
    """Steps per CPU second of a vectorised environment: the median of some rounds."""
    random = np.random.default_rng(0)
    actions = [random.integers(3, size=count) for _ in range(97)]
    vector.reset(seed=1)
    rates: list[float] = []
    for _ in range(ROUNDS):
        began, steps = time.process_time(), 0
        while (spent := time.process_time() - began) < STEPS_S:
            for action in actions:
                vector.step(action)
            steps += count * len(actions)
        rates.append(steps / spent)
    return float(np.median(rates))


def stepping() -> tuple[float, dict[str, float]]:
    """Steps per second as a training steps them, and of other ways to do it."""
    from agent_core.rl.offline.config import TrainingConfig
    from agent_core.rl.offline.puffer_env import PufferReplay, ReplayEnv, vector
    from benchmarks._env_world import changes

    recorded, config = changes(), TrainingConfig()
    few = {f"few_{n}": rate(PufferReplay(recorded, config, count=n).vector, n) for n in (1, 4)}
    apart = vector.make(
        ReplayEnv, env_args=[recorded, config], env_kwargs={"count": 1}, backend=vector.Serial, num_envs=ENVS
    )
    main_rate = rate(PufferReplay(recorded, config, count=ENVS).vector, ENVS)
    return main_rate, {**few, "apart": rate(apart, ENVS)}


def training(updates: int) -> dict[str, list[float]]:
    """CPU seconds of each update, ours and theirs."""
    sizes = {"envs": ENVS, "horizon": HORIZON, "updates": updates, "warm": WARM}
    with tempfile.TemporaryDirectory(prefix="bench-env-") as folder:
        result = Path(folder) / "result.json"
        argv = [sys.executable, "-m", "benchmarks._env_peer", str(result), str(OUT / "peers" / "pufferl")]
        subprocess.run(
            argv, input=json.dumps(sizes), text=True, check=True, cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=sys.stderr,
        )  # fmt: skip
        return json.loads(result.read_text())


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and tell whether all limits are met."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--updates", type=int, default=60)
    options = parser.parse_args(argv)
    missing = [name for name in ("torch", "pufferlib") if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(
            f"benchmark: {', '.join(missing)} not installed: pip install -e '.[rl]', dspy-tui rl install"
        )
    for library in ("OPENBLAS", "OMP", "MKL"):
        os.environ[f"{library}_NUM_THREADS"] = "1"
    steps_per_s, others = stepping()
    took = training(options.updates)
    seconds = {who: float(np.median(each)) for who, each in took.items()}
    rates = {f"{who}_steps_per_s": ENVS * HORIZON / each for who, each in seconds.items()}
    figures = {"steps_per_s": steps_per_s, "ppo_over_pufferl": seconds["theirs"] / seconds["ours"], **rates}
    quartiles = {who: np.percentile(each, (25, 75)).tolist() for who, each in took.items()}
    met = report("env", figures, LIMITS, other_ways=others, update_s=quartiles, updates=options.updates)
    for name, each in others.items():
        print(f"  {name:<22} {each:>12.0f}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
