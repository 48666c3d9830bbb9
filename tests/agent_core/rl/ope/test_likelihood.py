"""The empirical likelihood interval against what is known otherwise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_core.rl.ope.likelihood import Sample, bounds

QUANTILE = 3.841458820694124


def plain(z: list[float], low: float, high: float) -> Sample:
    """A mean without weights, of values that could have been from low to high."""
    return Sample(np.array(z), np.zeros((len(z), 0)), np.array([low, high]), np.zeros((2, 0)))


def weighted(w: list[float], r: list[float], heaviest: float) -> Sample:
    far_w = np.array([0.0, heaviest, heaviest])
    weights = np.array(w)
    return Sample(weights * np.array(r), weights[:, None], far_w * (0.0, -0.3, 1.0), far_w[:, None])


def binomial(successes: int, n: int) -> tuple[float, float]:
    """The likelihood ratio interval of a share, by bisection."""

    def drop(share: float) -> float:
        log = 0.0
        for count, chance, best in (
            (successes, share, successes / n),
            (n - successes, 1 - share, 1 - successes / n),
        ):
            log += count * (math.log(best) - math.log(chance)) if count else 0.0
        return 2 * log - QUANTILE

    def root(inside: float, outside: float) -> float:
        if inside == outside:
            return inside
        for _ in range(100):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if drop(middle) < 0 else (inside, middle)
        return inside

    return root(successes / n, 1e-12), root(successes / n, 1 - 1e-12)


@pytest.mark.parametrize(("successes", "n"), [(0, 50), (1, 50), (25, 50), (50, 50), (7, 400)])
def test_a_share_has_the_interval_of_the_binomial_likelihood(successes: int, n: int) -> None:
    found = bounds(plain([1.0] * successes + [0.0] * (n - successes), 0.0, 1.0), QUANTILE)
    assert found == pytest.approx(binomial(successes, n), abs=5e-4)


def test_of_many_it_is_the_usual_interval() -> None:
    z = np.random.default_rng(3).normal(0.4, 0.1, 4000).clip(0, 1)
    half = math.sqrt(QUANTILE) * z.std() / math.sqrt(len(z))
    assert bounds(plain(z.tolist(), 0.0, 1.0), QUANTILE) == pytest.approx(
        (z.mean() - half, z.mean() + half), abs=3e-4
    )


def test_weights_that_are_missing_widen_it() -> None:
    whole = weighted([0.0, 2.0] * 100, [0.0, 0.5] * 100, 2.04)
    low, high = bounds(whole, QUANTILE)
    assert low <= 0.5 <= high and high - low < 0.05
    missing = weighted([0.0, 1.2] * 100, [0.0, 0.5] * 100, 100.0)
    low, high = bounds(missing, QUANTILE)
    assert low < 0.3 and high > 0.7


def test_weights_of_one_are_no_weights() -> None:
    rewards = [0.0] * 150 + [0.5] * 50
    with_weights = bounds(weighted([1.0] * 200, rewards, 1.02), QUANTILE)
    assert with_weights == pytest.approx(bounds(plain(rewards, -0.3, 1.0), QUANTILE), abs=2e-3)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.just(0.0), st.floats(0.001, 500.0)),
            st.one_of(st.just(0.0), st.floats(-0.3, 1.0)),
        ),
        min_size=2,
        max_size=60,
    ),
    st.floats(1.0, 12.0),
)
def test_whatever_was_logged_the_bounds_are_numbers_in_order(
    rows: list[tuple[float, float]], quantile: float
) -> None:
    w, r = [row[0] for row in rows], [row[1] for row in rows]
    low, high = bounds(weighted(w, r, 1.02 * max(1.0, *w)), quantile)
    assert math.isfinite(low) and math.isfinite(high) and low <= high + 1e-3
    wide = bounds(weighted(w, r, 1.02 * max(1.0, *w)), quantile * 2)
    assert wide[0] <= low + 1e-3 and wide[1] >= high - 1e-3
