"""What trains, where it is installed; and changes of which it is known how they are checked best."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import numpy as np
import pytest

from agent_core.rl.offline.changes import CHANGE_FEATURES
from agent_core.rl.offline.episodes import Episodes
from agent_core.rl.offline.replay import LOG_FEATURES

ACTIONS = ("run_tests", "lint", "build")
WIDTH = len(CHANGE_FEATURES) + len(LOG_FEATURES)
_HOW = {"pufferlib": "dspy-tui rl install"}


def trainer(module: str, *needs: str) -> Any:
    """A module of ours that needs PyTorch or PufferLib; skips a file's tests where they are not there."""
    missing = [name for name in needs if importlib.util.find_spec(name) is None]
    if missing:
        how = " and ".join(dict.fromkeys(_HOW.get(name, "pip install -e '.[rl]'") for name in missing))
        pytest.skip(f"{', '.join(missing)} not installed: {how}", allow_module_level=True)
    return importlib.import_module(module)


def told_changes(count: int, *, seed: int, noise: float = 0.05) -> Episodes:
    """Changes of two projects: the second and third feature tell which action finds the bug, but for a few.

    Each of the three finds a third of the bugs, tests are dear and building is cheap; so no fixed order is a
    good one, and whoever looks knows better.
    """
    random = np.random.default_rng(seed)
    finder = random.integers(3, size=count)
    told = np.where(random.random(count) < noise, random.integers(3, size=count), finder)
    features = random.random((count, WIDTH)).astype(np.float32)
    features[:, 1], features[:, 2] = told == 1, told == 2
    project = random.integers(2, size=count).astype(np.int64)
    seconds = np.array([6.0, 3.0, 2.0]) * np.where(project == 1, 5.0, 1.0)[:, None]
    seconds *= random.uniform(0.8, 1.2, size=(count, 3))
    found = finder[:, None] == np.arange(3)
    return Episodes(ACTIONS, features, found, seconds.astype(np.float32), project, ("small", "large"))
