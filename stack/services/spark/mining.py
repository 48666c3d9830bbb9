"""What executors run: the messages of one service in one batch, to what is told of them."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

from agent_core.logs.stream.mining import Mined, mine
from agent_core.streaming.messages import encode
from stack.services.spark.ordering import in_order

STATE = "state binary"
"""Of a service: what `mine` keeps."""
TOLD = "service string, context binary, events long, lines long, repeated long, broken long"
"""A row for each service of a batch, or more; `context` is a message for its topic, null for none."""
_AT_ONCE = 64 << 20
"""Bytes of messages that are held in memory."""


def mine_service(key: tuple[str], batches: Iterator[Any], kept: Any) -> Iterator[Any]:
    """Spark's function for the groups of a stream, by service.

    Args:
        key: The service.
        batches: Its messages as frames of pandas: partition, offset, time (milliseconds), value; in no order.
        kept: The state of the group.
    """
    frame = importlib.import_module("pandas").DataFrame
    state: bytes | None = kept.get[0] if kept.exists else None
    rows: list[tuple[Any, ...]] = []
    for messages in in_order(batches, at_once=_AT_ONCE):
        mined = mine(state, messages, service=key[0])
        state = mined.state
        rows.append((key[0], *_told(mined)))
    if state is not None:
        kept.update((state,))
    yield frame(rows, columns=[column.split()[0] for column in TOLD.split(", ")])


def _told(mined: Mined) -> tuple[Any, ...]:
    context = mined.context
    value = None if context is None else encode(context)
    return value, len(context.events) if context else 0, mined.lines, mined.repeated, mined.broken
