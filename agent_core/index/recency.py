"""When files changed last, by git: of two that speak alike, the one that is worked on is the likelier."""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

from agent_core.gitchurn import MOST_COMMITS, Churn
from agent_core.index.image import Image

_HALF_LIFE_DAYS = 30.0
TELLING_DAYS = 14
"""Older changes are no reason worth a word."""


class Recency:
    """The age of each file's last commit; nothing where there is no git."""

    def __init__(self) -> None:
        self._days: dict[str, int] = {}
        self._column: NDArray[np.float64] = np.zeros(0)
        self._changes = -1

    def take(self, churn: Churn, *, today: date) -> None:
        """Use this log from now on; commits of very many files say nothing about any of them, nor does the
        very first one, which brought its files and changed none."""
        days: dict[str, int] = {}
        first = churn.commits[-1] if 0 < len(churn.commits) < MOST_COMMITS else None
        for commit in churn.telling():
            if commit is first:
                continue
            age = max((today - date.fromisoformat(commit.date)).days, 0)
            for path in commit.files:
                days.setdefault(path, age)
        self._days = days
        self._changes = -1

    def days(self, path: str) -> int | None:
        """Days since the file's last commit; None when that is not known."""
        return self._days.get(path)

    def column(self, image: Image) -> NDArray[np.float64]:
        """How recent each file's last commit is, shape (files,): 1 for today, half as much after a month."""
        if self._changes != image.changes:
            self._changes = image.changes
            self._column = np.zeros(len(image.by_number))
            for path, days in self._days.items():
                entry = image.files.get(path)
                if entry is not None:
                    self._column[entry.number] = 0.5 ** (days / _HALF_LIFE_DAYS)
        return self._column
