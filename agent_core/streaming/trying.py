"""When a broker is looked for again, and why there is none now: the same for reading and for sending."""

from __future__ import annotations

import time

from agent_core.errors import BusAuth, BusFault

_AFTER_S = (0.5, 1.0, 2.0, 4.0, 8.0)
_LOST_S = 30.0
"""After how long a lost broker is looked for at the first addresses again."""


class Trying:
    """One client's tries."""

    def __init__(self) -> None:
        self.fault: BusFault | None = None
        """Why there is no broker, or nothing to do with it."""
        self._failures = 0
        self._next = 0.0
        self._lost: float | None = None

    @property
    def wait(self) -> float:
        """In how many seconds a client may be made again; 0 for now."""
        return max(0.0, self._next - time.monotonic())

    def failed(self, error: BusFault) -> None:
        """None could be made, or it is of no use any more."""
        self.fault = error
        self._next = time.monotonic() + _AFTER_S[min(self._failures, len(_AFTER_S) - 1)]
        self._failures += 1

    def made(self) -> None:
        """There is a client."""
        self._failures, self._lost, self.fault = 0, None, None

    def hopeless(self, lost: BusFault | None) -> bool:
        """Hear why the client has no connection, or that it has one. Whether a new client is better: the
        library does not try a refused login again, nor at other addresses than those it knows by now."""
        if lost is None:
            self._lost = None
            return False
        self.fault = lost
        now = time.monotonic()
        if self._lost is None:
            self._lost = now
            return False
        return isinstance(lost, BusAuth) or now - self._lost > _LOST_S
