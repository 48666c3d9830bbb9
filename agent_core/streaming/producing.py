"""How the library is told to send: acknowledged by all copies, in order, tried for ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_OPTIONS: dict[str, Any] = {
    "acks": "all",
    "linger_ms": 10,
    "batch_size": 256 * 1024,
    "delivery_timeout_ms": 2**31 - 1,  # never: what the library gives up would change its order
    "max_block_ms": 2000,
    "metrics_enabled": False,
}


def options(*, idempotent: bool, batched: bool) -> dict[str, Any]:
    """Those of a producer.

    Args:
        idempotent: The brokers recognise what is sent again; where they know how to, and we have the right.
        batched: Several messages go as one.
    """
    plain = {"enable_idempotence": False, "max_in_flight_requests_per_connection": 1}
    return {**_OPTIONS, **({} if batched else {"batch_size": 1}), **({} if idempotent else plain)}


def hear_refusals(producer: Any, heard: Callable[[Any, BaseException | None], None]) -> None:
    """Hear of messages that brokers do not take, which the library sends again and again without a word.

    Args:
        producer: The library's.
        heard: Called in its thread with a partition, and why messages for it were not taken; None when some
            were.
    """
    sender = producer._sender
    complete, fail = sender._complete_batch, sender._dispatch_error

    def completed(batch: Any, *words: Any, **options: Any) -> None:
        heard(batch.topic_partition, None)
        complete(batch, *words, **options)

    def failed(batch: Any, error: BaseException, *words: Any, **options: Any) -> None:
        heard(batch.topic_partition, error)
        fail(batch, error, *words, **options)

    sender._complete_batch, sender._dispatch_error = completed, failed
