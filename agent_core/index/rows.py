"""What the index keeps of one chunk."""

from __future__ import annotations

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
