"""The probability of being the best: against another integration, against draws, and within its own bound."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent_core.rl.bandit.best import likely_best

Vector = NDArray[np.float64]


def _by_gauss_legendre(means: Vector, deviations: Vector) -> Vector:
    """Another method, far finer, with the exact distribution function: 24 nodes in every short panel."""
    nodes, weights = np.polynomial.legendre.leggauss(24)
    edges = np.unique(
        np.concatenate([m + s * np.linspace(-9, 9, 25) for m, s in zip(means, deviations, strict=True)])
    )
    middles, halves = (edges[1:] + edges[:-1]) / 2, (edges[1:] - edges[:-1]) / 2
    t = (middles[:, None] + halves[:, None] * nodes).ravel()
    dt = (halves[:, None] * weights).ravel()
    z = (t - means[:, None]) / deviations[:, None]
    below = np.vectorize(lambda place: 0.5 * math.erfc(-place / math.sqrt(2.0)))(z)
    density = np.exp(-0.5 * z * z) / (deviations[:, None] * math.sqrt(2 * math.pi))
    others = [np.prod(np.delete(below, row, axis=0), axis=0) for row in range(len(means))]
    return np.array([float((density[row] * others[row] * dt).sum()) for row in range(len(means))])


_cases = st.lists(
    st.tuples(st.floats(-0.5, 1.5), st.floats(-4.0, 0.0).map(math.exp)), min_size=2, max_size=11
)


@settings(deadline=None, max_examples=40)
@given(_cases)
def test_shares_are_those_of_a_finer_integration_to_within_the_bound(case: list[tuple[float, float]]) -> None:
    means, deviations = np.array(case).T
    reach = float(means.max() - means.min()) + 12 * float(deviations.max())
    raised = np.maximum(deviations, reach / 256)
    shares, error = likely_best(means, deviations)
    assert error < 1e-5
    assert np.abs(shares - _by_gauss_legendre(means, raised)).max() <= error
    assert shares.sum() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_shares_are_the_frequencies_of_draws(seed: int) -> None:
    rng = np.random.default_rng(seed)
    means, deviations = rng.normal(0.2, 0.2, 11), np.exp(rng.normal(-2.5, 0.8, 11))
    draws = 200_000
    winners = (means + deviations * rng.normal(size=(draws, 11))).argmax(axis=1)
    counted = np.bincount(winners, minlength=11) / draws
    shares, _ = likely_best(means, deviations)
    spread = np.sqrt(shares * (1 - shares) / draws)
    assert np.all(np.abs(counted - shares) <= 5 * spread + 5 / draws)


@pytest.mark.parametrize(
    ("means", "deviations"),
    [
        ([0.2] * 11, [0.3] * 11),
        ([0.0, 1e6], [1.0, 1.0]),
        ([0.0, 0.0], [1e-300, 1e-300]),
        ([0.0, 0.0], [0.0, 0.0]),
        ([0.3, 0.3], [1e-9, 1.0]),
        ([-1e9, 1e9, 0.0], [1e-9, 1e9, 1e-9]),
    ],
)
def test_extremes_give_probabilities(means: list[float], deviations: list[float]) -> None:
    shares, error = likely_best(np.array(means), np.array(deviations))
    assert np.all(np.isfinite(shares)) and np.all(shares >= 0)
    assert shares.sum() == pytest.approx(1.0)
    assert error < 1e-5
    if len(set(means)) == len(set(deviations)) == 1:
        assert np.allclose(shares, 1 / len(means), atol=1e-6)


def test_the_clear_winner_wins() -> None:
    shares, _ = likely_best(np.array([0.1, 0.9, 0.2]), np.array([0.05, 0.05, 0.05]))
    assert shares[1] > 1 - 1e-6
