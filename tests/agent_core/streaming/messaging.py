"""What the tests of sink and source do again and again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from kafka import KafkaProducer

from agent_core.config import Settings
from agent_core.errors import ErrorInfo
from agent_core.streaming.access import access_of
from agent_core.streaming.messages import Task
from agent_core.streaming.ports import Batch, Received, Skipped
from agent_core.streaming.sink import KafkaSink
from agent_core.streaming.source import KafkaSource
from agent_core.streaming.unpacking import MOST_UNPACKED
from tests.fixtures_kafka import Kafka

PATIENCE_S = 90


def task(number: int, text: str = "") -> Task:
    return Task(id=f"{number}", at=float(number), text=text)


@asynccontextmanager
async def sink(settings: Settings, folder: Path | None = None, **options: Any) -> AsyncIterator[KafkaSink]:
    sending = KafkaSink(access_of(settings), folder=folder, **options)
    try:
        yield sending
    finally:
        await sending.aclose()


class Reading:
    """A source, and what was read from it."""

    def __init__(self, source: KafkaSource) -> None:
        self.source = source
        self.received: list[Received] = []
        self.skipped: list[Skipped] = []
        self.faults: list[ErrorInfo] = []

    @property
    def numbers(self) -> list[int]:
        """Of the tasks that came, without repeats."""
        return [int(each.message.id) for each in self.received if not each.repeated]

    def noted(self) -> ErrorInfo | None:
        """Why nothing can be read now; it is noted, as the next reading may do away with it."""
        fault = self.source.fault
        if fault is not None and fault not in self.faults:
            self.faults.append(fault)
        return fault

    async def take(self, **options: Any) -> Batch:
        batch = await self.source.take(**options)
        self.received += batch.received
        self.skipped += batch.skipped
        self.noted()
        return batch

    async def until(self, done: Callable[[], object], *, commit: bool = True, **options: Any) -> None:
        """Read on until it is as wanted."""
        async with asyncio.timeout(PATIENCE_S):
            while not done():
                batch = await self.take(**options)
                if commit and batch.end:
                    await self.source.commit(batch)


@asynccontextmanager
async def reading(
    settings: Settings, *topics: str, group: str = "", member: str = ""
) -> AsyncIterator[Reading]:
    named = group or f"group.{uuid4().hex[:8]}"
    source = KafkaSource(access_of(settings), group=named, topics=topics, member=member)
    try:
        yield Reading(source)
    finally:
        await source.aclose()


async def until(done: Callable[[], object]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not done():
            await asyncio.sleep(0.02)


async def all_sent(settings: Settings, topic: str, numbers: Sequence[int], key: str = "") -> None:
    """Send tasks, and wait until they are there."""
    async with sink(settings) as sending:
        for number in numbers:
            sending.send(topic, task(number), key=key)
        await sending.delivered()


@asynccontextmanager
async def listening(answer: bytes | None) -> AsyncIterator[Settings]:
    """A port that answers something that is no Kafka, or nothing."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1000):
            if answer is not None:
                writer.write(answer)
                break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield Settings(kafka_bootstrap=f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
    finally:
        server.close()


def packed_too_much(kafka: Kafka, topic: str) -> None:
    """Send a batch that unpacks to more than is allowed, and one with too many headers."""
    producer = KafkaProducer(
        bootstrap_servers=kafka.server, compression_type="gzip", max_request_size=2**30, max_block_ms=30_000
    )
    try:
        producer.send(topic, bytes(MOST_UNPACKED + 1)).get(60)
        producer.send(topic, b"1", headers=[("", b"")] * 600_000).get(60)
    finally:
        producer.close()
