"""What programs do with a genuine broker to have their topics."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from agent_core.streaming.names import METRICS
from stack.services.base import Service
from stack.services.joining import joined
from tests.fixtures_kafka import Kafka

pytestmark = pytest.mark.kafka
_WAIT_S = 240


def topics(kafka: Kafka) -> dict[str, tuple[str, int]]:
    """By name: what tells each from others that had its name, and how many partitions it has."""
    found = kafka.admin.describe_topics()
    return {each["name"]: (str(each["topic_id"]), len(each["partitions"])) for each in found}


async def test_topics_that_are_missing_are_made_and_again_when_somebody_removes_them(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stack.services.joining._LOOK_S", 0.2)
    name = f"made.{uuid4().hex[:8]}"
    service = Service("dspy-router", bus=kafka.server)
    async with asyncio.timeout(_WAIT_S), joined(service, {"KAFKA_BOOTSTRAP": kafka.server}, makes={name: 2}):
        while name not in (found := topics(kafka)):
            await asyncio.sleep(0.1)
        assert METRICS in found
        first, partitions = found[name]
        assert partitions == 2
        kafka.admin.delete_topics([name])
        while topics(kafka).get(name, (first, 0))[0] == first:
            await asyncio.sleep(0.1)
        assert topics(kafka)[name][1] == 2
