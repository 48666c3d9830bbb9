"""Numbers in a state file: packed exactly, and refused where they cannot be what was written."""

from __future__ import annotations

import base64
import math

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


def pack(values: Vector) -> str:
    """Numbers of eight bytes, the lowest first, in base64: exact, and small in a file for people."""
    return base64.b64encode(values.astype("<f8").tobytes()).decode("ascii")


def unpack(packed: str, size: int) -> Vector:
    """The numbers of `pack`; ValueError when these are not `size` numbers of a sensible size."""
    data = base64.b64decode(packed, validate=True)
    if len(data) != size * 8:
        raise ValueError(f"{len(data)} bytes are not {size} numbers")
    values: Vector = np.frombuffer(data, dtype="<f8").astype(np.float64)
    if not bool(np.all(np.isfinite(values))) or bool(np.any(np.abs(values) > 1e9)):
        raise ValueError("a number is out of bounds")
    return values


def finite(value: float) -> float:
    """The number; ValueError when it is not finite."""
    if isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(f"{value!r} is out of bounds")
    return float(value)


def positive(value: float) -> float:
    """The number; ValueError when it is not finite or below 0."""
    if finite(value) < 0:
        raise ValueError(f"{value!r} is below 0")
    return float(value)


def whole(value: int) -> int:
    """The count; ValueError when it is none."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ValueError(f"{value!r} is no count")
    return value
