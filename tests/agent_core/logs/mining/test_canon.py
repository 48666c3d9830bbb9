from __future__ import annotations

import numpy as np
import pytest

from agent_core.logs.mining.canon import Canonical, canonical


def made(*messages: bytes) -> Canonical:
    lengths = np.array([len(message) for message in messages], np.int64)
    ends = np.cumsum(lengths + 1) - 1
    return canonical(np.frombuffer(b"\n".join(messages), np.uint8), ends - lengths, ends)


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
        (b"12  spaces   and 7 lines\n\n behind /a/b", b"0 spaces and 0 lines behind /0"),
        ("größe 5 café9".encode(), "größe 0 café9".encode()),
        (b"", b""),
        (b"7", b"0"),
        (b"/", b"/"),
    ],
)
def test_what_varies_becomes_a_zero(message: bytes, shape: bytes) -> None:
    assert made(message).forms == [shape]
    assert made(b"before", message, b"behind").forms == [b"before", shape, b"behind"]


def test_equal_forms_are_one_wherever_they_stand() -> None:
    found = made(b"took 1 ms", b"", b"took 1", b"took 99 ms", b"", b"took ms 1")
    assert found.forms == [b"took 0 ms", b"", b"took 0", b"took ms 0"]
    assert found.which.tolist() == [0, 1, 2, 0, 1, 3]


def test_bytes_outside_the_messages_count_for_nothing() -> None:
    block = np.frombuffer(b"12:00 INFO took 5 ms\n12:01 WARN took 6 ms\n", np.uint8)
    assert canonical(block, np.array([11, 32]), np.array([20, 41])).forms == [b"took 0 ms"]
