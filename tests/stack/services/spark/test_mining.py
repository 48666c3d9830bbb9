"""What executors run, with frames as Spark gives them: in no order, and of any size."""

from __future__ import annotations

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent_core.logs.stream.mining import RawMessage
from agent_core.streaming.messages import RawLines, encode
from stack.services.spark import mining
from stack.services.spark.ordering import in_order

BLOCK = 50


class Column(list[Any]):
    def tolist(self) -> list[Any]:
        return list(self)


def frames(messages: list[RawMessage], *, rows: int) -> list[dict[str, Column]]:
    """Messages as frames of so many rows, times in milliseconds."""
    parts = [messages[begin : begin + rows] for begin in range(0, len(messages), rows)]
    return [
        {
            "partition": Column(each.partition for each in part),
            "offset": Column(each.offset for each in part),
            "time": Column(each.time * 1000 for each in part),
            "value": Column(each.value for each in part),
        }
        for part in parts
    ]


def blocks(count: int, *, partitions: int) -> list[RawMessage]:
    made = list[RawMessage]()
    for number in range(count):
        partition, offset = number % partitions, number // partitions
        lines = tuple(f"2026-11-29T10:00:00Z INFO web: request {number} {line}" for line in range(BLOCK))
        block = RawLines(
            id=f"{number}",
            at=1.0,
            service="web",
            source=f"log-{partition}",
            first=1 + offset * BLOCK,
            lines=lines,
        )
        made.append(RawMessage(partition, offset, 1.0, encode(block)))
    return made


@pytest.mark.parametrize("at_once", [1, 5_000, 64 << 20])
def test_messages_come_in_their_order_whatever_their_size(
    at_once: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPARK_LOCAL_DIRS", f"{tmp_path},/nowhere")
    values = [None, b"", b"one", b"x" * 3_000, b"\x00\xff" * 2_000]
    messages = [RawMessage(place % 3, place // 3, float(place), values[place % 5]) for place in range(200)]
    shuffled = random.Random(7).sample(messages, len(messages))
    portions = [*in_order(frames(shuffled, rows=30), at_once=at_once)]
    assert [each for portion in portions for each in portion] == sorted(messages, key=lambda each: each[:2])
    for portion in portions[:-1]:
        *most, _ = (len(each.value or b"") for each in portion)
        assert sum(most) < at_once, "a portion ends with the message that fills it"
    assert not any(tmp_path.iterdir()), "nothing is left on disk"


def test_no_block_of_a_batch_larger_than_memory_counts_as_a_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pandas", reason="pandas not installed: pip install -e '.[spark]'")
    messages = blocks(400, partitions=2)
    monkeypatch.setattr(mining, "_AT_ONCE", 20_000)
    kept = SimpleNamespace(exists=False, update=lambda state: setattr(kept, "state", state))
    # the later half of each partition comes first, as it does from Spark's shuffle
    turned = messages[200:] + messages[:200]
    (frame,) = mining.mine_service(("web",), iter(frames(turned, rows=40)), kept)
    assert (frame["lines"].sum(), frame["repeated"].sum(), frame["broken"].sum()) == (400 * BLOCK, 0, 0)
    assert len(frame) > 10
    # the same again, as after a crash before the batch was noted
    again = SimpleNamespace(exists=True, get=kept.state, update=lambda state: None)
    (frame,) = mining.mine_service(("web",), iter(frames(messages, rows=40)), again)
    assert (frame["lines"].sum(), frame["repeated"].sum()) == (0, 400)
