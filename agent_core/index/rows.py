"""What the index keeps of one chunk."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec


class ChunkRow(msgspec.Struct, frozen=True, array_like=True):
    """One chunk of one file as it is stored and searched.

    `id` is stable by content and unique in a workspace; `path` is relative to the root, posix; `file_hash` is
    that of the whole file. `start` and `end` are lines, counted from 1, the last one included. `terms` are
    the words that ranking sees, split and stemmed, separated by spaces. `text_hash` (16 bytes) names what was
    embedded.
    """

    id: str
    path: str
    file_hash: str
    language: str
    role: str
    kind: str
    name: str
    start: int
    end: int
    text: str
    terms: str
    text_hash: bytes


def stamp_of(chunks: Mapping[str, str]) -> bytes:
    """What tells the chunks of a file from any others: 16 bytes, none for a file without chunks.

    Args:
        chunks: The hash of the file that each was made of, by its id.
    """
    if not chunks:
        return b""
    text = "\n".join(f"{chunk} {file_hash}" for chunk, file_hash in sorted(chunks.items()))
    return hashlib.blake2s(text.encode(), digest_size=16).digest()
