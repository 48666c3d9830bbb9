"""The replay through PufferLib: the same, step for step, and nothing is left of the import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from agent_core.rl.offline.config import TrainingConfig
from agent_core.rl.offline.replay import Replay, observed
from tests.conftest import ROOT
from tests.fixtures_rl import ACTIONS, told_changes, trainer

pytestmark = pytest.mark.rl
puffer = trainer("agent_core.rl.offline.puffer_env", "gymnasium", "pufferlib")


@pytest.mark.parametrize("count", [1, 4, 64])
def test_it_does_what_the_plain_replay_does(count: int) -> None:
    changes, config = told_changes(200, seed=1), TrainingConfig()
    plain = Replay(changes, config, count=count, seed=7)
    vectorised = puffer.PufferReplay(changes, config, count=count, seed=7)
    assert np.array_equal(plain.reset(), vectorised.reset())
    random, kept = np.random.default_rng(0), None
    for step in range(60):
        actions = random.integers(len(ACTIONS), size=count)
        for one, two in zip(plain.step(actions), vectorised.step(actions), strict=True):
            assert np.array_equal(one, two)
        if step == 30:
            kept = plain.state(), vectorised.state()
    assert kept is not None
    other = puffer.PufferReplay(changes, config, count=count, seed=99)
    assert np.array_equal(plain.go_on(kept[0]), other.go_on(kept[1]))
    actions = random.integers(len(ACTIONS), size=count)
    for one, two in zip(plain.step(actions), other.step(actions), strict=True):
        assert np.array_equal(one, two)


def test_what_is_seen_lies_in_the_arrays_that_environments_share() -> None:
    env = puffer.PufferReplay(told_changes(50, seed=1), TrainingConfig(), count=8)
    seen = env.reset()
    assert seen is env.vector.observations and seen.shape == (8, len(observed(ACTIONS)))
    first = seen.copy()
    after = env.step(np.zeros(8, dtype=np.int64)).seen
    assert after is seen and not np.array_equal(first, after)
    assert env.vector.observation_space.contains(seen)


IMPORTED = """
import sys
before = sys.stdout, sys.stderr
import agent_core.rl.offline.puffer_env
assert (sys.stdout, sys.stderr) == before
assert "torch" not in sys.modules and "pufferlib.pufferl" not in sys.modules
print("said")
"""


def test_importing_it_leaves_nothing(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "said\n", "")
    assert not list(tmp_path.iterdir())
