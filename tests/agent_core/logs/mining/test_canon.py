from __future__ import annotations

import numpy as np
import pytest

from agent_core.logs.mining.canon import Canonical, Canonizer


def canonical(*messages: bytes) -> Canonical:
    lengths = np.array([len(message) for message in messages], np.int64)
    ends = np.cumsum(lengths + 1) - 1
    begins = ends - lengths
    return Canonizer().canonical(np.frombuffer(b"\n".join(messages), np.uint8), begins, ends)


@pytest.mark.parametrize(
    ("message", "shape"),
    [
        (b"took 1234 ms, 0x1f left", b"took 0 ms, 0 left"),
        (b"block blk_-17ab of job_12_0003", b"block 0 of 0"),
        (b"from 10.1.2.3:99 by /10.1.2.3:99", b"from 0:0 by /0:0"),
        (b"saved /var/tmp/x.txt in a/b/c or a/b", b"saved /0 in 0 or a/b"),
        (b"peer db-7:5432 mail.some.example.org:25 some.class.Name", b"peer 0:0 0:0 some.class.Name"),
        (b"core.2275 of ssh2 on eth0, x86", b"core.0 of ssh2 on eth0, 0"),
        (b"at 2026-02-28T17:33:20.035Z", b"at 0:0:0"),
        (b"id 550e8400-e29b-41d4-a716-446655440000", b"id 0"),
        (b"two  spaces   here", b"two spaces here"),
        ("größe 5 café9".encode(), "größe 0 café9".encode()),
        (b"", b""),
        (b"7", b"0"),
        (b"/", b"/"),
    ],
)
def test_what_varies_becomes_a_zero(message: bytes, shape: bytes) -> None:
    assert canonical(message).message(0) == shape


def test_equal_shapes_have_equal_hashes_wherever_they_stand() -> None:
    found = canonical(b"took 1 ms", b"", b"took 1", b"took 99 ms", b"", b"took ms 1")
    hashes = found.hashes.tolist()
    assert hashes[0] == hashes[3]
    assert hashes[1] == hashes[4]
    assert len(set(hashes)) == 4


def test_bytes_outside_the_messages_count_for_nothing() -> None:
    block = np.frombuffer(b"12:00 INFO took 5 ms\n12:01 WARN took 6 ms\n", np.uint8)
    found = Canonizer().canonical(block, np.array([11, 32]), np.array([20, 41]))
    assert found.message(0) == found.message(1) == b"took 0 ms"
    assert found.hashes[0] == found.hashes[1]
