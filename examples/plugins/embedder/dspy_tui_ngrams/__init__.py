"""Vectors without a model: words and pieces of words, hashed into 512 numbers.

They find what is written alike (`retry_delay`, `delayRetry`, `retries`), start at once and take no memory;
they know nothing of meaning.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal
from zlib import crc32

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_PIECE = 4


class Ngrams:
    """Of each word the whole and its pieces of four letters; what is frequent counts by its logarithm."""

    port_version = 1
    summary: ClassVar[str] = "vectors from pieces of words; needs no model"
    id: ClassVar[str] = "ngrams@1"
    dims: ClassVar[int] = 512
    recipient: ClassVar[str] = ""

    def embed(self, texts: Sequence[str], purpose: Literal["document", "query"]) -> NDArray[np.float32]:
        """One row for each text."""
        import numpy as np

        made = np.zeros((len(texts), self.dims), np.float32)
        for row, text in enumerate(texts):
            for piece in _pieces(text):
                number = crc32(piece.encode())
                made[row, number % self.dims] += 1.0 if number & (1 << 31) else -1.0
        return np.sign(made) * np.log1p(np.abs(made))


def _pieces(text: str) -> list[str]:
    words = [word.lower() for word in _WORD.findall(text)]
    return words + [word[at : at + _PIECE] for word in words for at in range(max(0, len(word) - _PIECE + 1))]
