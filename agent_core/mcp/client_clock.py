"""The time that a call of a server may take: it stands still while a person is asked, and not for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager, suppress

MOST_QUESTIONS = 20
"""Questions of one call that a person is asked; further ones are declined."""
_RESOLUTION_S = 0.05
_MOST_ASKING_S = 1800.0
"""Seconds of a call in which it may wait for answers."""


class CallClock:
    """Of one call; made when it begins, in its event loop.

    Args:
        limit_s: Seconds that it may take beside its questions.
        asking_s: Seconds that all its questions may take.
    """

    def __init__(self, limit_s: float, *, asking_s: float = _MOST_ASKING_S) -> None:
        self._now = asyncio.get_running_loop().time
        self._end = self._now() + limit_s + asking_s
        self._left = limit_s
        self._asking = 0
        self.timer = asyncio.timeout(limit_s)
        self.questions = 0

    @property
    def is_late(self) -> bool:
        """Whether it asked for too long, rather than worked."""
        return self._now() + _RESOLUTION_S >= self._end

    @contextmanager
    def stopped(self) -> Generator[None]:
        """It stands still while the block runs, and goes on with the time that was left."""
        if not self._asking:
            when = self.timer.when()
            self._left = 0.0 if when is None else when - self._now()
            self._set(self._end)
        self._asking += 1
        try:
            yield
        finally:
            self._asking -= 1
            if not self._asking:
                self._set(min(self._now() + self._left, self._end))

    def _set(self, when: float) -> None:
        with suppress(RuntimeError):  # its call is over
            self.timer.reschedule(when)
