"""Ours and PufferLib's own trainer, update by update in turn, in a process and a folder of their own.

Standard input has the sizes as JSON, the file that is named gets the CPU seconds of each update. Nothing of
what trains is changed: `pufferl.PuffeRL` runs as it comes, with the kernel of its advantages compiled from
the source in its package. Left out are its dashboard and two modules that it imports and that have no part in
training: the search for hyperparameters and the formatter of its command line.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils import cpp_extension

from agent_core.rl.offline.config import TrainingConfig
from agent_core.rl.offline.network import Header
from agent_core.rl.offline.ppo import Policy, Ppo, Settings
from agent_core.rl.offline.puffer_env import PufferReplay, pufferlib
from agent_core.rl.offline.replay import observed
from benchmarks._env_world import changes

SEED = 1


def pufferl(build: Path) -> Any:
    """PufferLib's module with its trainer."""
    build.mkdir(parents=True, exist_ok=True)
    source = Path(pufferlib.__file__).parent / "extensions" / "pufferlib.cpp"
    pufferlib._C = cpp_extension.load("_C", [source], build_directory=str(build), extra_cflags=["-O3"])
    for name, needs in (("pufferlib.sweep", ()), ("rich_argparse", ("RichHelpFormatter",))):
        sys.modules[name] = types.ModuleType(name)
        for each in needs:
            setattr(sys.modules[name], each, object)
    return importlib.import_module("pufferlib.pufferl")


class Theirs(torch.nn.Module):
    """Our policy as their trainer asks for it."""

    def __init__(self, policy: Policy) -> None:
        super().__init__()
        self.policy = policy

    def forward(self, seen: Any, state: Any = None) -> Any:
        scores, values = self.policy(seen)
        return scores, values.unsqueeze(-1)

    forward_eval = forward


def theirs(
    sizes: dict[str, int], world: PufferReplay, header: Header, build: Path
) -> tuple[Callable[[], None], Callable[[], None]]:
    """An update of their trainer; and what ends its thread."""
    module = pufferl(build)

    class Quiet(module.PuffeRL):
        def print_dashboard(self, *_: Any, **__: Any) -> None:
            """It is part of no update."""

    own = Settings()
    batch = sizes["envs"] * sizes["horizon"]
    config = {
        "env": "replay", "seed": SEED, "torch_deterministic": True, "cpu_offload": False, "device": "cpu",
        "optimizer": "adam", "anneal_lr": True, "precision": "float32", "compile": False, "use_rnn": False,
        "total_timesteps": batch * 1000, "learning_rate": own.lr, "gamma": own.discount,
        "gae_lambda": own.smoothing, "update_epochs": own.epochs, "clip_coef": own.clip,
        "vf_coef": own.value, "vf_clip_coef": 0.2, "max_grad_norm": own.norm, "ent_coef": own.entropy,
        "adam_beta1": 0.9, "adam_beta2": 0.999, "adam_eps": 1e-5, "data_dir": ".",
        "checkpoint_interval": 10**9, "batch_size": batch, "minibatch_size": batch // own.minibatches,
        "max_minibatch_size": batch, "bptt_horizon": sizes["horizon"], "vtrace_rho_clip": 1.0,
        "vtrace_c_clip": 1.0, "prio_alpha": 0.8, "prio_beta0": 0.2,
    }  # fmt: skip
    policy = Theirs(Policy(header, generator=torch.Generator().manual_seed(SEED)))
    trainer = Quiet(config, world.vector, policy)

    def update() -> None:
        trainer.evaluate()
        trainer.train()

    return update, trainer.utilization.stop


def main() -> None:
    """Time both."""
    sizes, result, build = json.load(sys.stdin), Path(sys.argv[1]), Path(sys.argv[2])
    recorded, config = changes(), TrainingConfig()
    names = observed(recorded.actions)
    header = Header(
        observed=names, actions=recorded.actions, sizes=(len(names), *Settings().units, len(recorded.actions))
    )

    def world() -> PufferReplay:
        return PufferReplay(recorded, config, count=sizes["envs"], seed=SEED)

    ours = Ppo(world(), header=header, settings=Settings(), seed=SEED)
    other, end = theirs(sizes, world(), header, build)
    took: dict[str, list[float]] = {"ours": [], "theirs": []}
    for number in range(sizes["updates"] + sizes["warm"]):
        for who, update in (("ours", lambda: ours.update(sizes["horizon"], lr=5e-4)), ("theirs", other)):
            began = time.process_time()
            update()
            if number >= sizes["warm"]:
                took[who].append(time.process_time() - began)
    end()
    weights = np.concatenate([each.ravel() for layer in ours.network().layers for each in layer])
    assert np.isfinite(weights).all()
    result.write_text(json.dumps(took))


if __name__ == "__main__":
    main()
