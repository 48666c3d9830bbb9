"""Synthetic changes of realistic sizes."""

from __future__ import annotations

import numpy as np

from agent_core.rl.offline.changes import CHANGE_FEATURES
from agent_core.rl.offline.config import ACTIONS
from agent_core.rl.offline.episodes import Episodes
from agent_core.rl.offline.replay import LOG_FEATURES

PROJECTS, CHANGES = 5, 400


def changes(*, seed: int = 0) -> Episodes:
    """400 changes of each of five projects, three actions; features have to do with what finds a bug."""
    random = np.random.default_rng(seed)
    count, actions = PROJECTS * CHANGES, ACTIONS[:3]
    features = random.random((count, len(CHANGE_FEATURES) + len(LOG_FEATURES)))
    slopes = random.normal(size=(features.shape[1], len(actions)))
    found = random.random((count, len(actions))) < 1 / (1 + np.exp(1 - (features - 0.5) @ slopes))
    project = np.repeat(np.arange(PROJECTS), CHANGES)
    usual = np.exp(random.normal(1.0, 1.0, size=(PROJECTS, len(actions))))
    seconds = usual[project] * random.uniform(0.8, 1.25, size=found.shape)
    return Episodes(
        actions, features.astype(np.float32), found, seconds.astype(np.float32), project.astype(np.int64),
        tuple(f"project-{number}" for number in range(PROJECTS)),
    )  # fmt: skip
