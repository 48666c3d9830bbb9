"""Estimates of the value of a policy from a log that another policy made, each with its interval.

`w` is how much likelier the policy puts first what was first; `q` what the reward model expects.

    snips   sum(w r) / sum(w)
    dr      mean(sum_a pi(a) q(a)) + sum(w (r - q)) / sum(w), doubly robust, the weights normalised alike
    mean    mean(r): what the lists as they were shown got
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agent_core.rl.api import HIGHEST, LOWEST
from agent_core.rl.ope.likelihood import Sample, bounds
from agent_core.rl.ope.log import Floats, Log

_Z = 1.959963984540054
"""95 % of a normal distribution lie within so many deviations."""
_LEAST_FREEDOM = 5.0
_ROOM = 1.02
"""How much heavier than the heaviest logged weight one could have been."""


@dataclass(frozen=True, slots=True)
class Target:
    """A policy on a log, by decision: its weights, what the model expects of it, and of what was shown.

    `reach` is the least and the most that the model expects of anything in any decision.
    """

    weights: Floats
    value: Floats
    shown: Floats
    reach: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Interval:
    """A value and the bounds of its 95 % interval."""

    value: float
    low: float
    high: float


def target(log: Log, policy: Floats, model: Floats) -> Target:
    """The policy, given by its probabilities of each tool, on the log."""
    rows = np.arange(len(log))
    possible = model[log.allowed]
    return Target(
        weights=policy[rows, log.action] / log.propensity,
        value=(policy * model).sum(axis=1),
        shown=model[rows, log.action],
        reach=(min(0.0, float(possible.min())), max(0.0, float(possible.max()))),
    )


def ess(weights: Floats) -> float:
    """The effective sample size: so many decisions of the policy's own would say as much."""
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares > 0 else 0.0


def snips(log: Log, of: Target) -> Interval:
    """The self-normalised estimate."""
    w = of.weights
    far = np.array([(0.0, 0.0), *((weight, weight * reward) for weight, reward in _far(w, of))])
    sample = Sample(w * log.reward, w[:, None], far[:, 1], far[:, :1])
    return _within(_weighted(w, log.reward), sample, w * log.reward)


def dr(log: Log, of: Target) -> Interval:
    """The doubly robust estimate."""
    w, value, left = of.weights, of.value, log.reward - of.shown
    usual, expected = float(value.mean()), _weighted(w, of.shown)
    heavy = [(weight, usual + weight * (reward - expected)) for weight, reward in _far(w, of)]
    far = np.array([(0.0, value.min()), (0.0, value.max()), *heavy])
    sample = Sample(value + w * left, w[:, None], far[:, 1], far[:, :1])
    return _within(usual + _weighted(w, left), sample, w * log.reward)


def mean(log: Log) -> Interval:
    """What was got, as it was shown."""
    none = np.zeros((len(log), 0))
    sample = Sample(log.reward, none, np.array((LOWEST, HIGHEST)), np.zeros((2, 0)))
    return _within(float(log.reward.mean()), sample, log.reward)


def advantage(log: Log, of: Target, over: Target) -> Interval:
    """How much more one policy is worth than another, doubly robust, both on the same decisions."""
    w, v = of.weights, over.weights
    left, gain = log.reward - of.shown, of.value - over.value
    usual, expected = float(gain.mean()), _weighted(w + v, of.shown)
    ours = [(a, 0.0, usual + a * (reward - expected)) for a, reward in _far(w, of)]
    theirs = [(0.0, b, usual - b * (reward - expected)) for b, reward in _far(v, over)]
    far = np.array([(0.0, 0.0, gain.min()), (0.0, 0.0, gain.max()), *ours, *theirs])
    sample = Sample(gain + (w - v) * left, np.column_stack((w, v)), far[:, 2], far[:, :2])
    return _within(usual + _weighted(w, left) - _weighted(v, left), sample, (w - v) * log.reward)


def _weighted(weights: Floats, values: Floats) -> float:
    return float((weights * values).sum() / weights.sum())


def _far(weights: Floats, of: Target) -> list[tuple[float, float]]:
    """The weights and rewards that could have been logged at the outermost.

    Up to twice the usual weight that is any reward there is. A weight as large as the largest stands for many
    decisions of which none was logged: their mean reward lies halfway at most between what the model expects
    anywhere and what there is.
    """
    heaviest = _ROOM * max(1.0, float(weights.max()))
    usual = min(heaviest, 2 * _ROOM * max(1.0, float((weights**2).sum() / weights.sum())))
    low, high = of.reach
    rare = [(heaviest, (LOWEST + low) / 2), (heaviest, (HIGHEST + high) / 2)]
    return [(usual, LOWEST), (usual, HIGHEST), *rare]


def _within(value: float, sample: Sample, rewards: Floats) -> Interval:
    """The interval; the fewer rewards bear on it, the longer: most are 0, and say little of the others."""
    low, high = bounds(sample, _student(ess(np.abs(rewards))) ** 2)
    return Interval(value, min(low, value), max(high, value))


def _student(freedom: float) -> float:
    """The 97.5 % quantile of Student's t distribution, by its expansion around the normal one's."""
    z, v = _Z, max(freedom, _LEAST_FREEDOM)
    return z + (z**3 + z) / (4 * v) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
