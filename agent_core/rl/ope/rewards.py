"""What a tool can be expected to get in a situation: the reward model of the doubly robust estimates."""

from __future__ import annotations

import numpy as np

from agent_core.rl.api import HIGHEST, LOWEST
from agent_core.rl.ope.log import Floats, Log
from agent_core.rl.ope.targets import folds

_RIDGE = 4.0
"""How many decisions the prior weighs: that every tool gets what is usual."""


def expected(log: Log) -> Floats:
    """What each tool can be expected to get in each decision, by a ridge regression of the other folds."""
    fold = folds(len(log))
    rows = np.column_stack((np.ones(len(log)), log.features))
    prior = _RIDGE * np.eye(rows.shape[1])
    found = np.zeros(log.allowed.shape)
    for held in np.unique(fold):
        inside, outside = fold == held, fold != held
        usual = float(log.reward[outside].mean()) if outside.any() else 0.0
        found[inside] = usual
        for tool in np.unique(log.action):
            known = outside & (log.action == tool)
            x = rows[known]
            weights = np.linalg.solve(prior + x.T @ x, x.T @ (log.reward[known] - usual))
            found[inside, tool] = usual + rows[inside] @ weights
    return np.clip(found, LOWEST, HIGHEST)
