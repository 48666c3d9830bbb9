"""What a run of an action is worth."""

from __future__ import annotations

import math
from collections.abc import Mapping

from agent_core.rl.offline.config import Scale, TrainingConfig

_FARTHEST = 1e6
"""No part of a reward is larger: one broken measure of a module is not to drown all others."""


def parts_of(measures: Mapping[str, float], config: TrainingConfig) -> dict[str, float]:
    """The reward of each kind that has a weight; their sum is the reward.

    Args:
        measures: What the run told, by kind. One that is no finite number counts nothing.
        config: The weights, and how values are brought to one scale.
    """
    return {
        kind: _part(kind, measures[kind], config)
        for kind, weight in config.weights.items()
        if weight and kind in measures and math.isfinite(measures[kind])
    }


def reward_of(measures: Mapping[str, float], config: TrainingConfig) -> float:
    """The sum of `parts_of`."""
    return math.fsum(parts_of(measures, config).values())


def _part(kind: str, measure: float, config: TrainingConfig) -> float:
    value = _scaled(measure, config.scales.get(kind, 1.0))
    if kind in config.clamp01_kinds:
        value = min(1.0, max(0.0, value))
    sign = -1.0 if kind in config.penalty_kinds else 1.0
    return min(_FARTHEST, max(-_FARTHEST, sign * config.weights[kind] * value))


def _scaled(measure: float, scale: Scale) -> float:
    if isinstance(scale, tuple):
        low, high = scale
        return (measure - low) / (high - low)
    return measure / scale
