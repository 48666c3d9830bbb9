"""Chunk rows and vectors that follow from their texts."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from agent_core.index.embed.port import EmbedderInfo
from agent_core.index.rows import ChunkRow
from agent_core.index.store import Store

SMALL = EmbedderInfo("small@1", 16, True)
OTHER = EmbedderInfo("other@1", 8, True)


def hash_of(text: str) -> bytes:
    """The text hash of a text."""
    return hashlib.blake2s(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def row(path: str, text: str, *, start: int = 1, file_hash: str = "v1") -> ChunkRow:
    """The row of a text in a file."""
    return ChunkRow(
        id=hash_of(path + "\0" + text).hex(),
        path=path,
        file_hash=file_hash,
        language="python",
        role="source",
        kind="function",
        name="f",
        start=start,
        end=start + 9,
        text=text,
        terms=text.lower(),
        text_hash=hash_of(text),
    )


def vector_of(text: str, dims: int = 16) -> NDArray[np.float32]:
    """A vector of length 1 that follows from the text."""
    seed = int.from_bytes(hash_of(text)[:8], "big")
    vector = np.random.default_rng(seed).standard_normal(dims).astype(np.float32)
    return vector / np.linalg.norm(vector)


def vectors_of(*texts: str, dims: int = 16) -> dict[bytes, NDArray[np.float32]]:
    """The vectors of some texts by text hash."""
    return {hash_of(text): vector_of(text, dims) for text in texts}


def put(
    store: Store,
    rows: Sequence[ChunkRow],
    vectors: Mapping[bytes, NDArray[np.float32]],
    *,
    paths: Collection[str] = (),
) -> None:
    """Write rows with their vectors."""
    store.add_vectors(vectors)
    store.apply(rows, paths=paths)
