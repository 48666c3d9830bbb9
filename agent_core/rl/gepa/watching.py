"""Following GEPA: how far it is, and when it has to end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

PERFECT = 0.99
"""A mean score from which there is nothing to improve."""
_MOST_ROUNDS = 40
_PATIENCE = 10
"""Rounds without a candidate that was taken up, after which no more are tried."""


class Watching:
    """What GEPA is given as its callback and to ask whether it goes on.

    Args:
        affords: Whether there is enough for another round, and for what comes after.
        show: Told the candidates so far, and the best mean score of them.
    """

    def __init__(self, *, affords: Callable[[], bool], show: Callable[..., None]) -> None:
        self._affords, self._show = affords, show
        self.candidates, self.rounds = 1, 0
        self._best = 0.0
        self._since = 0

    def stop(self, _: Any) -> bool:
        """Whether there is nothing left to improve, no hope, or not enough for another round."""
        in_vain = self.rounds - self._since >= _PATIENCE
        if self._best >= PERFECT or self.rounds >= _MOST_ROUNDS or in_vain:
            return True
        return not self._affords()

    def on_iteration_start(self, _: Any) -> None:
        """Another round begins."""
        self.rounds += 1
        self._show(candidates=self.candidates, best=self._best)

    def on_valset_evaluated(self, event: Any) -> None:
        """A candidate was taken up."""
        self._since = self.rounds
        self.candidates = max(self.candidates, int(event["candidate_idx"]) + 1)
        self._best = max(self._best, float(event["average_score"]))
        self._show(candidates=self.candidates, best=self._best)
