"""Which chunks have the same text: what is embedded of one is embedded for all of them."""

from __future__ import annotations

from collections.abc import Sequence


class Alike:
    """Chunks by the hash of their text. Nearly every text is that of one chunk: only others take a tuple."""

    def __init__(self, hashes: Sequence[bytes] = ()) -> None:
        """Begin with the text hash of each chunk, numbered from 0 on."""
        self._last: dict[bytes, int] = dict(zip(hashes, range(len(hashes)), strict=True))
        self._all: dict[bytes, tuple[int, ...]] = {}
        if len(self._last) < len(hashes):
            for chunk, text_hash in enumerate(hashes):
                if self._last[text_hash] != chunk or text_hash in self._all:
                    self._all[text_hash] = (*self._all.get(text_hash, ()), chunk)

    def get(self, text_hash: bytes) -> tuple[int, ...]:
        """The chunks with this text, in their order; the dead among them may be missing."""
        chunk = self._last.get(text_hash)
        if chunk is None:
            return ()
        return self._all.get(text_hash) or (chunk,)

    def put(self, text_hash: bytes, chunks: tuple[int, ...]) -> None:
        """Have these chunks, and no others, for a text; there is one at least."""
        self._last[text_hash] = chunks[-1]
        if len(chunks) > 1:
            self._all[text_hash] = chunks
        else:
            self._all.pop(text_hash, None)
