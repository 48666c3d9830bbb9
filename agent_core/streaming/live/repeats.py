"""Which messages were sent before: those of ours have an id, which a repeat has too."""

from __future__ import annotations

import msgspec

_MOST = 100_000
"""Ids that are remembered."""


class _Named(msgspec.Struct, gc=False):
    schema: str
    id: str


class Repeats:
    """Remembers the ids of the last messages."""

    def __init__(self, *, most: int = _MOST) -> None:
        self._most = most
        self._seen: dict[int, None] = {}
        self._named = msgspec.json.Decoder(_Named)

    def is_one(self, value: bytes | None) -> bool:
        """Whether a message with the id of this one came before; one without an id is none."""
        if value is None or b'"schema"' not in value[:200]:
            return False
        try:
            named = self._named.decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False
        known = hash((named.schema, named.id))
        if known in self._seen:
            return True
        self._seen[known] = None
        if len(self._seen) > self._most:
            del self._seen[next(iter(self._seen))]
        return False
