"""Chunks with the same text."""

from __future__ import annotations

from agent_core.index.alike import Alike


def test_every_chunk_of_a_text_is_found_in_order() -> None:
    alike = Alike([b"a", b"b", b"a", b"c", b"a"])
    assert [alike.get(key) for key in (b"a", b"b", b"c", b"d")] == [(0, 2, 4), (1,), (3,), ()]


def test_a_text_has_the_chunks_that_were_put() -> None:
    alike = Alike([b"a", b"a"])
    alike.put(b"a", (1, 7))
    alike.put(b"b", (8,))
    assert alike.get(b"a") == (1, 7)
    assert alike.get(b"b") == (8,)
    alike.put(b"a", (9,))
    assert alike.get(b"a") == (9,)
