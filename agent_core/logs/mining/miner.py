"""The miner: messages in, the numbers of their templates out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from agent_core.logs.mining.canon import BLOCK, LONGEST, Canonizer

_VARIABLE = re.compile(r"(?<![\w\x80-\U0010ffff])[-+]?0(?![\w\x80-\U0010ffff])")


class Miner:
    """Mines templates from messages in one pass; what it knows persists and merges."""

    def __init__(self) -> None:
        self._canonizer = Canonizer()
        self._known: dict[int, int] = {}
        self._numbers: dict[bytes, int] = {}
        self._shapes: list[bytes] = []
        self._counts = np.zeros(1024, np.int64)

    def mine(self, messages: Sequence[str]) -> NDArray[np.int32]:
        """The number of each message's shape."""
        texts = [message.encode(errors="replace") for message in messages]
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        ends = np.cumsum(lengths + 1) - 1
        return self.mine_spans(b"\n".join(texts), ends - lengths, ends)

    def mine_spans(
        self, block: bytes | memoryview, begin: NDArray[np.int64], end: NDArray[np.int64]
    ) -> NDArray[np.int32]:
        """The number of each message's shape; message i is `block[begin[i]:end[i]]`.

        Messages are in order, and between two of them is at least one byte that belongs to neither. This is
        the quick way: nothing is copied.
        """
        data = np.frombuffer(block, np.uint8)
        end = np.minimum(end, begin + LONGEST)
        ids = np.empty(len(begin), np.int32)
        at = 0
        while at < len(begin):
            base = int(begin[at])
            upto = int(np.searchsorted(begin, base + BLOCK))
            ids[at:upto] = self._mine(data[base : end[upto - 1]], begin[at:upto] - base, end[at:upto] - base)
            at = upto
        return ids

    def _mine(
        self, block: NDArray[np.uint8], begin: NDArray[np.int64], end: NDArray[np.int64]
    ) -> NDArray[np.int32]:
        canonical = self._canonizer.canonical(block, begin, end)
        hashes: list[int] = canonical.hashes.tolist()
        ids = np.fromiter(map(self._known.get, hashes, repeat(-1)), np.int32, len(hashes))
        for number in np.flatnonzero(ids < 0).tolist():
            known = self._known.get(hashes[number])
            if known is None:
                known = self._known[hashes[number]] = self._number(canonical.message(number))
            ids[number] = known
        counts = np.bincount(ids, minlength=len(self._counts))
        self._counts = counts + np.pad(self._counts, (0, len(counts) - len(self._counts)))
        return ids

    def _number(self, shape: bytes) -> int:
        number = self._numbers.setdefault(shape, len(self._shapes))
        if number == len(self._shapes):
            self._shapes.append(shape)
        return number

    def resolve(self, ids: NDArray[np.int32]) -> NDArray[np.int32]:
        """The templates' numbers of what `mine` told; the same number for all messages of a template."""
        return ids

    def template(self, number: int) -> str:
        """The template of a number, with "<*>" for what varies."""
        return _VARIABLE.sub("<*>", self._shapes[number].decode(errors="replace"))

    def settle(self) -> None:
        """Decide what belongs together, from all that was mined until now."""
