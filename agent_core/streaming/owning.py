"""Which partitions a member of a group has, since when, and so which offsets are its to commit."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any


class Owned:
    """Heard in the library's thread, asked in the client's.

    A partition that goes and comes back may have been read by another member meanwhile; one that only goes
    through an exchange of partitions stays where it is.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owned: set[Any] = set()
        self._given: set[Any] = set()
        self._done: dict[Any, int] = {}
        """Of each partition that was read from: the offset before which nothing is left to commit."""
        self._ids: dict[str, Any] = {}
        """Of the topics that partitions are of: which of all of that name it is."""

    def gave(self, parts: Collection[Any]) -> None:
        """These are given back, for an exchange."""
        with self._lock:
            self._given = set(parts)

    def lost(self, _: Collection[Any]) -> None:
        """The membership has ended."""
        with self._lock:
            self._given, self._owned = set(), set()
            self._done.clear()
            self._ids.clear()

    def got(self, parts: Collection[Any]) -> None:
        """These are there after an exchange."""
        with self._lock:
            kept = self._given & set(parts)
            self._owned = set(parts)
            self._done = {part: place for part, place in self._done.items() if part in kept}

    def renewed(self, id_of: Callable[[str], Any]) -> list[Any]:
        """Those whose topic was removed and made again since this was asked last: nothing of them is read.

        Args:
            id_of: Tells topics of one name apart; None where that is not known now.
        """
        with self._lock:
            before = self._ids
            self._ids = {part.topic: id_of(part.topic) or before.get(part.topic) for part in self._owned}
            anew = {name for name, now in self._ids.items() if before.get(name) not in (None, now)}
            found = [part for part in self._owned if part.topic in anew]
            for part in found:
                self._done.pop(part, None)
            return found

    def read(self, part: Any, first: int) -> None:
        """A message at this offset was handed out."""
        with self._lock:
            self._done.setdefault(part, first)

    def to_commit(self, ends: Mapping[Any, int]) -> tuple[dict[Any, int], bool]:
        """The ends that are this member's to commit and not committed yet, and whether all are its own."""
        with self._lock:
            own = {part: end for part, end in ends.items() if part in self._owned and part in self._done}
            return {part: end for part, end in own.items() if end > self._done[part]}, len(own) == len(ends)

    def committed(self, ends: Iterable[tuple[Any, int]]) -> None:
        """These were."""
        with self._lock:
            for part, end in ends:
                if part in self._done:
                    self._done[part] = max(self._done[part], end)

    @property
    def any(self) -> bool:
        """Whether there is a partition."""
        return bool(self._owned)
