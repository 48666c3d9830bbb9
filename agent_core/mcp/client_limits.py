"""How much a server may say: what floods is ended, before it is read into memory or into a prompt."""

from __future__ import annotations

import time

from agent_core.errors import McpFault

LONGEST_MESSAGE = 4 << 20
"""Bytes of one message."""
_WINDOW_S = 10.0
_MOST_BYTES = 32 << 20
_MOST_MESSAGES = 2_000
_MOST_STRANGE = 200
"""Lines in a window that are no messages: a server that logs where it should speak is put up with."""


class Meter:
    """Counts what comes, window by window; raises `McpFault` where it is too much."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._bytes = self._messages = self._strange = 0

    def take(self, size: int, *, messages: int = 1, strange: bool = False) -> None:
        """So many bytes came, with so many messages in them, or something that is none."""
        now = time.monotonic()
        if now - self._since > _WINDOW_S:
            self._since, self._bytes, self._messages, self._strange = now, 0, 0, 0
        self._bytes += size
        self._messages += messages
        self._strange += strange
        if self._strange > _MOST_STRANGE:
            raise McpFault("It says what is no message, over and over", hint=NOT_OURS)
        if self._bytes > _MOST_BYTES or self._messages > _MOST_MESSAGES:
            raise McpFault("It says more than anybody can read, and was ended", hint=NOT_OURS)


def too_long() -> McpFault:
    """What is said of a message that is too long."""
    return McpFault(
        f"It sent a message of more than {LONGEST_MESSAGE >> 20} MiB, and was ended", hint=NOT_OURS
    )


NO_MESSAGE = "It answered what is no message"
NOT_OURS = "That is the server's fault; `mcp` tells more of it."
