"""How likely each of several independent normal variables is the largest: by integration, never by sampling.

The share of a variable is the integral of its density times the distribution functions of all others. All
are taken on one grid of equal steps: for such functions, which are analytic, the plain sum over a grid is
exact to within an error that falls faster than exponentially with finer steps, and is bounded here.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

_TAIL = 6.0
"""How many standard deviations of each variable the grid covers on both sides."""
_STEP = 1.1
"""The grid's step in units of 1/√S, S being the sum of the inverse variances."""
_FINEST = 256
"""Standard deviations below this part of the whole span are taken for it: the grid stays below 800 points."""
_LOWEST, _HIGHEST, _PER_UNIT = -12.0, 9.0, 1024
_TABLE_ERROR = 1.0 / (8 * _PER_UNIT**2)
"""Of an interpolated logarithm: its second derivative lies within -1..0."""


@lru_cache(maxsize=1)
def _table() -> tuple[Vector, Vector]:
    """The logarithm of the normal distribution function, at equal distances."""
    places: Vector = np.linspace(_LOWEST, _HIGHEST, int((_HIGHEST - _LOWEST) * _PER_UNIT) + 1)
    values = [math.log(0.5 * math.erfc(-place / math.sqrt(2.0))) for place in places.tolist()]
    return places, np.array(values)


def likely_best(means: Vector, deviations: Vector) -> tuple[Vector, float]:
    """The probability of each of these variables to be the largest; sums to 1.

    Args:
        means: Their means, at least one.
        deviations: Their standard deviations; those that are tiny beside the whole span are raised to a
            256th of it.

    Returns:
        The probabilities, and a bound of the error of each.
    """
    if len(means) == 1:
        return np.ones(1), 0.0
    reach = _TAIL * float(deviations.max())
    low, high = float(means.min()) - reach, float(means.max()) + reach
    spreads: Vector = np.maximum(deviations, max((high - low) / _FINEST, 1e-9))
    inverse = float((spreads**-2).sum())
    low, high = float((means - _TAIL * spreads).min()), float((means + _TAIL * spreads).max())
    points = math.ceil((high - low) * math.sqrt(inverse) / _STEP) + 1
    grid: Vector = np.linspace(low, high, points)
    step = (high - low) / (points - 1)
    z: Matrix = (grid - means[:, None]) / spreads[:, None]
    places, values = _table()
    below: Matrix = np.interp(z, places, values)
    scale: Vector = np.log(step / (spreads * math.sqrt(2.0 * math.pi)))
    shares: Vector = np.exp(-0.5 * z * z + scale[:, None] - below + below.sum(axis=0)).sum(axis=1)
    total = float(shares.sum())
    # |F(x+iy)| <= exp(y²/2) F(x), and so for the density: the integrand grows into the complex plane at
    # most by exp(y² S/2); with the theorem on the trapezoidal rule and the best y, that bounds its error.
    step_error = 1.0 / math.sinh(2.0 * math.pi**2 / (step**2 * inverse))
    tail_error = math.erfc(_TAIL / math.sqrt(2.0))
    error = step_error + tail_error + len(means) * _TABLE_ERROR + abs(total - 1.0) + 1e-12
    return shares / total, error
