"""How many come a second."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

_SPAN_S = 2.0
_STEP_S = 0.2


class Rate:
    """Messages per second over the last moments.

    Args:
        clock: Seconds that only go forward.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._marks: deque[tuple[float, int]] = deque([(clock(), 0)])

    def count(self, total: int) -> None:
        """So many came in all."""
        now = self._clock()
        if now - self._marks[-1][0] >= _STEP_S:
            self._marks.append((now, total))
        while len(self._marks) > 2 and now - self._marks[1][0] > _SPAN_S:
            self._marks.popleft()
        self._total = total

    _total = 0

    @property
    def now(self) -> float:
        """Per second; 0 where nothing came for a while."""
        now = self._clock()
        recent = [mark for mark in self._marks if now - mark[0] <= 2 * _SPAN_S]
        if not recent:
            return 0.0
        since, before = recent[0]
        return (self._total - before) / max(_STEP_S, now - since)
