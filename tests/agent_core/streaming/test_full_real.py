"""A broker whose disk is full: what waits is kept, the reason is said, and it goes on where there is room."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent_core.errors import ErrorInfo
from agent_core.logs.shipping.running import ship
from agent_core.logs.shipping.shipper import Shipped, ShipQuery
from agent_core.streaming.sink import KafkaSink
from agent_core.workspace import Workspace
from tests.agent_core.streaming.messaging import PATIENCE_S, reading, sink, task, until
from tests.fixtures_kafka import Kafka, kafka_server

pytestmark = [pytest.mark.kafka, pytest.mark.usefixtures("nothing_is_left")]

SMALL_FILES = "log.segment.bytes=1048576\nlog.index.size.max.bytes=4096\n"
COUNT = 1000
LONG = "x" * 10_000


class Disk:
    """A disk of its own.

    Args:
        folder: Where it is mounted.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def mount(self, mebibytes: int, *, again: bool = False) -> None:
        """Have it, with so much room; skips where that is not allowed."""
        if os.geteuid() != 0:
            pytest.skip("only root may mount a disk that gets full")
        self.folder.mkdir(parents=True, exist_ok=True)
        options = f"{'remount,' if again else ''}size={mebibytes}m"
        words = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.folder)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"a disk that gets full cannot be mounted: {done.stderr}")

    def away(self) -> None:
        """Have it no more."""
        if self.folder.is_mount():
            subprocess.run(["umount", "-l", str(self.folder)], check=True)


@contextmanager
def full_soon(kit: Path, root: Path, *, alone: bool) -> Iterator[tuple[Kafka, Disk]]:
    """A broker with little room: on its only disk, or on the second of two."""
    folder = root / "kafka"
    disk = Disk(folder / ("data" if alone else "small"))
    disk.mount(6)
    second = f"log.dirs={folder}/data,{disk.folder}\nmetadata.log.dir={folder}/data\n"
    try:
        with kafka_server(kit, folder, extra=SMALL_FILES + ("" if alone else second)) as kafka:
            try:
                yield kafka, disk
            finally:
                kafka.stop(hard=True)
                disk.away()
    finally:
        disk.away()


def send_all(sending: KafkaSink, topic: str) -> None:
    for number in range(COUNT):
        sending.send(topic, task(number, LONG))


async def all_come_once(kafka: Kafka, topic: str) -> None:
    """Whoever reads gets each, in its order; repeats are known as such."""
    async with reading(kafka.settings, topic) as got:
        await got.until(lambda: len(got.numbers) >= COUNT)
    assert got.numbers == list(range(COUNT))


async def more_room(kafka: Kafka, disk: Disk) -> None:
    await asyncio.to_thread(kafka.stop, hard=True)
    disk.mount(100, again=True)
    await asyncio.to_thread(kafka.start)


async def test_one_that_ends_as_its_only_disk_is_full(kit: Path, tmp_path: Path) -> None:
    with full_soon(kit, tmp_path, alone=True) as (kafka, disk):
        topic = kafka.topic("full")
        kafka.close()
        async with sink(kafka.settings, tmp_path / "spool") as sending:
            send_all(sending, topic)
            await until(lambda: sending.standing.fault)
            standing = sending.standing
            assert 0 < standing.waiting < COUNT and (standing.dropped, standing.refused) == (0, 0)
            assert standing.fault is not None and standing.fault.code == "bus-unreachable"
            await more_room(kafka, disk)
            await until(lambda: not sending.standing.waiting)
        await all_come_once(kafka, topic)


def placed(kafka: Kafka, disk: Disk) -> str:
    """A new topic of raw logs that lies on this disk: a broker with two takes the emptier one."""
    for _ in range(4):
        topic = kafka.topic("logs.raw.full")
        if (disk.folder / f"{topic}-0").is_dir():
            kafka.close()
            return topic
    raise AssertionError("the broker does not use that disk")


async def test_one_that_goes_on_with_another_disk(kit: Path, tmp_path: Path) -> None:
    with full_soon(kit, tmp_path, alone=False) as (kafka, disk):
        topic = placed(kafka, disk)
        async with sink(kafka.settings, tmp_path / "spool") as sending:
            send_all(sending, topic)
            await until(lambda: sending.standing.fault)
            fault = sending.standing.fault
            assert fault is not None and "disk is full" in fault.message
            assert "stack clean" in fault.hint and "stack restart kafka" in fault.hint
            told = await shipped_to(kafka, topic, tmp_path)
            assert "disk is full" in told.message
            async with asyncio.timeout(PATIENCE_S):
                await sending.aclose()
        async with sink(kafka.settings, tmp_path / "spool") as later:
            await more_room(kafka, disk)
            await until(lambda: later.standing.sent and not later.standing.waiting)
        await all_come_once(kafka, topic)


async def shipped_to(kafka: Kafka, topic: str, root: Path) -> ErrorInfo:
    """What shipping a log to this topic says that is the matter."""
    (root / "work").mkdir()
    (root / "work" / "api.log").write_text("2026-01-01 00:00:00 INFO up\n")
    told: list[ErrorInfo] = []

    def tell(_: Shipped, fault: ErrorInfo | None) -> None:
        told.extend([fault] if fault is not None else [])

    service = topic.removeprefix("logs.raw.")
    query = ShipQuery(sources=("api.log",))
    shipping = asyncio.create_task(
        ship(Workspace.open(root / "work"), kafka.settings, query, service=service, progress=tell)
    )
    try:
        await until(lambda: told or shipping.done())
    finally:
        shipping.cancel()
        await asyncio.wait((shipping,))
    if told:
        return told[-1]
    error = shipping.result().error
    assert error is not None
    return error.info
