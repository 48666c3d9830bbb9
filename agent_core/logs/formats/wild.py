"""Times that a broken clock wrote: they say nothing, and so count as none."""

from __future__ import annotations

import numpy as np

from agent_core.logs.columns import NO_TIME
from agent_core.logs.formats.text import Mask, Offsets

_DAY_MS = 86_400_000
_APART = 400 * _DAY_MS
"""What is further than that from most times around it, and not in their order, is wild."""
_EARLIEST = 365 * _DAY_MS
"""A clock that begins at the epoch has not been set yet."""
_REMEMBERED = 32


class Sound:
    """Leaves out wild times of a source, block by block.

    Wild is what lies in the future or in the first year of the epoch, and what is far from most of the times
    around it without being in their order. A log that is seldom written goes on after years, in order.

    Args:
        now_ms: The present, milliseconds since the epoch.
    """

    def __init__(self, now_ms: int) -> None:
        self._latest = now_ms + _APART
        self.recent = np.zeros(0, np.int64)
        """The last times that were not wild (milliseconds)."""

    def of(self, times: Offsets) -> Offsets:
        """The times of the next records, with `NO_TIME` for those that are wild."""
        dated = np.flatnonzero(times != NO_TIME)
        told = times[dated]
        good = (told >= _EARLIEST) & (told <= self._latest)
        near = np.concatenate((self.recent, told[good]))
        if len(near):
            good[good] = ~_strays(near)[len(self.recent) :]
        self.recent = near[-_REMEMBERED:]
        if good.all():
            return times
        sound = times.copy()
        sound[dated[~good]] = NO_TIME
        return sound


def _strays(times: Offsets) -> Mask:
    """Which times are far from the median, and far from being in order."""
    half = len(times) // 2
    far = np.abs(times - np.partition(times, half)[half]) >= _APART
    if not far.any():
        return far
    out = np.zeros(len(times), np.bool_)
    out[1:] = times[1:] < np.maximum.accumulate(times)[:-1] - _APART
    out[:-1] |= times[:-1] > np.minimum.accumulate(times[::-1])[::-1][1:] + _APART
    return far & out
