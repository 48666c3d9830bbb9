"""Messages as they are kept."""

from __future__ import annotations

from datetime import UTC, datetime

from agent_core.streaming.live.raw import Raw

MOMENT = 1_763_978_400.0
NOW = datetime.fromtimestamp(MOMENT, UTC)


def raw(
    value: bytes | None,
    *,
    topic: str = "t",
    partition: int = 0,
    offset: int = 0,
    time: float | None = MOMENT,
    key: bytes | None = None,
    headers: tuple[tuple[str, bytes | None], ...] = (),
) -> Raw:
    """One of them."""
    return Raw(topic, partition, offset, time, key, value, headers, len(value or b""))
