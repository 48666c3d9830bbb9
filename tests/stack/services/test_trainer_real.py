"""The trainer as a process with a genuine broker, killed again and again: none is lost, none counts twice."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from kafka import TopicPartition
from kafka.errors import KafkaError

from agent_core.config import Settings
from agent_core.rl.identity import identity
from agent_core.rl.records import Record, from_line, to_line
from agent_core.rl.store.keeping import sound_record
from agent_core.rl.store.log import Log
from agent_core.rl.store.statefile import STATE
from agent_core.runtime import open_runtime
from agent_core.streaming.access import access_of
from agent_core.streaming.making import PARTITIONS, make_topics
from agent_core.streaming.messages import LearningEvent, encode
from agent_core.streaming.names import LEARNING, trainer
from agent_core.workspace import Workspace
from stack.services.trainer import service_of
from tests.fakes.rl_records import history
from tests.fixtures_kafka import Kafka, free_ports, variables

pytestmark = pytest.mark.kafka
EACH, WRITERS, KILLS = 2500, 8, 20
PATIENCE_S = 900


class Trainer:
    """One run of the program after another, on a workspace."""

    def __init__(self, settings: Settings, root: Path) -> None:
        self.root, self.port, self._log = root, free_ports(1), root.with_suffix(".log")
        self._env = {
            **os.environ, **variables(settings), "DSPY_TUI_WORKSPACE": str(root),
            "DSPY_TUI_PORT": str(self.port),
        }  # fmt: skip
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._until = time.monotonic() + PATIENCE_S
        with self._log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "stack.services.trainer"],
                env=self._env, cwd=Path(__file__).parents[3], stdout=out, stderr=out,
            )  # fmt: skip

    def kill(self, number: int = signal.SIGKILL) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(60)

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()

    @property
    def size(self) -> int:
        """Of its log of events, in bytes."""
        return sum(path.stat().st_size for path in self._files())

    @property
    def lines(self) -> bytes:
        """Of its log of events, without the headers of its files."""
        return b"".join(path.read_bytes().partition(b"\n")[2] for path in self._files())

    @property
    def records(self) -> tuple[list[bytes], int]:
        """The lines of its log that are whole; and how many a kill in the middle of writing cut off."""
        lines = self.lines.splitlines()
        whole = [line for line in lines if sound_record(line) is not None]
        return whole, len(lines) - len(whole)

    def _files(self) -> list[Path]:
        log = Log(self.root)
        return [path for path in (*map(log.rotated, (3, 2, 1)), log.path) if path.exists()]

    def page(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return answer.read().decode()

    def page_or_nothing(self) -> str:
        """Its figures; "" while it does not answer yet."""
        try:
            return self.page("/metrics")
        except OSError:
            return ""

    def said(self) -> dict[str, Any]:
        """What the state says, but not when it was saved, its place in the log, and lines that were cut."""
        state = json.loads((self.root / STATE).read_bytes())
        for name in ("saved", "place", "broken"):
            del state[name]
        return state

    def waits(self) -> None:
        """Wait a moment; fails where the program ended by itself, or nothing comes of it."""
        assert self.process is not None and self.process.poll() is None, self._log.read_text()[-3000:]
        assert time.monotonic() < self._until, self._log.read_text()[-3000:]
        time.sleep(0.02)


@contextmanager
def running(settings: Settings, folder: Path) -> Iterator[tuple[Trainer, Trainer]]:
    """Two that may run, each on a workspace of its own, and that end with the block."""
    made: list[Trainer] = []
    for name in ("first", "second"):
        (folder / name).mkdir()
        made.append(Trainer(settings, folder / name))
    try:
        yield made[0], made[1]
    finally:
        for each in made:
            each.end()


def behind(kafka: Kafka, group: str) -> int:
    """How many messages a group did not commit; 1 where nobody can say yet."""
    topic = [TopicPartition(LEARNING, number) for number in range(PARTITIONS)]
    try:
        found = kafka.admin.list_group_offsets({group: topic})[group]
        ends = kafka.admin.list_partition_offsets(dict.fromkeys(topic, -1))
    except KafkaError:  # the coordinator of its group is not there yet
        return 1
    return sum(end.offset - max(0, found[each].offset if each in found else 0) for each, end in ends.items())


def shuffled(chance: random.Random) -> list[Record]:
    """Records of several writers, each one's in order; some are sent again at once, or much later."""
    left = [history(f"writer{number}", EACH, 1000.0 + number) for number in range(WRITERS)]
    places = [0] * WRITERS
    records: list[Record] = []
    while open_ones := [number for number in range(WRITERS) if places[number] < EACH]:
        number = chance.choice(open_ones)
        some = left[number][places[number] : places[number] + chance.randint(1, 40)]
        places[number] += len(some)
        records += some
        if chance.random() < 0.05:
            records += some if chance.random() < 0.5 else chance.sample(records, min(len(records), 5))
    return records


async def test_killed_twenty_times_it_knows_what_it_knows_undisturbed(kafka: Kafka, tmp_path: Path) -> None:
    with running(kafka.settings, tmp_path) as trainers:
        await killed_often(kafka, *trainers)


async def killed_often(kafka: Kafka, calm: Trainer, killed: Trainer) -> None:
    seed = random.randrange(10**9)
    chance = random.Random(seed)
    names = [identity(Workspace.open(each.root)) for each in (calm, killed)]
    await make_topics(access_of(kafka.settings), (LEARNING,))
    for record in shuffled(chance):
        line = msgspec.Raw(to_line(record))
        for name in names:
            message = LearningEvent(id=record.id, at=record.at, workspace=name, record=line)
            kafka.producer.send(LEARNING, value=encode(message), key=name.encode())
        if chance.random() < 0.001:
            kafka.producer.send(LEARNING, value=chance.randbytes(40), key=names[1].encode())
    kafka.producer.flush(60)

    calm.start()
    while behind(kafka, trainer(names[0])):
        calm.waits()
    assert calm.kill(signal.SIGTERM) == 0
    whole, length = calm.said(), calm.size

    for number in range(KILLS):
        killed.start()
        upto = length * (number + chance.random()) / KILLS
        while killed.size < upto or not killed.size:
            killed.waits()
        time.sleep(chance.random() * 0.05)
        assert killed.kill() == -signal.SIGKILL
    killed.start()
    while behind(kafka, trainer(names[1])):
        killed.waits()
    while (health := json.loads(killed.page("/health")))["state"] != "working" or not health["bus_up"]:
        killed.waits()
    assert "dspy_tui_trainer_steps_total" in killed.page("/metrics")
    assert killed.kill(signal.SIGTERM) == 0

    assert [mark[0] for mark in whole["marks"]["writers"].values()] == [EACH] * WRITERS
    assert (whole["decisions"], whole["scores"]) == (WRITERS * -(-EACH // 3), WRITERS * (EACH // 3))
    assert killed.said() == whole, f"seed {seed}"
    assert calm.records[1] == whole["duplicates"] == 0
    kept, cut = killed.records
    assert kept == calm.records[0], "and its log is the same, byte for byte, but for lines that were cut off"
    assert cut <= KILLS


def figure(page: str, name: str) -> float:
    found = re.search(rf'^dspy_tui_trainer_{name}{{service="dspy-trainer"}} (\S+)$', page, re.MULTILINE)
    return float(found[1]) if found else 0.0


async def learn(settings: Settings, root: Path) -> None:
    """A session of the app that finds the bus only after something was learnt."""
    env = {**os.environ, **variables(settings)}
    runtime = open_runtime(root, env=env, flags={"provider": "none"}, interactive=True)
    try:
        assert await runtime.learning.suggest("t1", "where is parse_header") is not None
        runtime.link.start()
        await runtime.link.look()
        await runtime.learning.freeze(True)
        await runtime.learning.freeze(False)
    finally:
        await runtime.aclose()


async def test_what_a_session_shares_is_new_elsewhere_and_known_in_its_own_workspace(
    kafka: Kafka, tmp_path: Path
) -> None:
    settings = kafka.tls()
    with running(settings, tmp_path) as (here, elsewhere):
        await shared(settings, here, elsewhere)


async def shared(settings: Settings, here: Trainer, elsewhere: Trainer) -> None:
    await make_topics(access_of(settings), (LEARNING,))
    await learn(settings, here.root)
    (elsewhere.root / ".dspy_tui").mkdir()  # the same name, other files
    shutil.copy(here.root / ".dspy_tui" / "id", elsewhere.root / ".dspy_tui" / "id")
    first = len(here.lines.splitlines())
    assert first >= 4

    elsewhere.start()
    while figure(elsewhere.page_or_nothing(), "learnt_total") < first:
        elsewhere.waits()
    assert elsewhere.kill(signal.SIGTERM) == 0
    assert [*map(from_line, elsewhere.lines.splitlines())] == [*map(from_line, here.lines.splitlines())]

    await learn(settings, here.root)
    here.start()
    while figure(here.page_or_nothing(), "known_total") < len(here.lines.splitlines()) - first:
        here.waits()
    assert figure(here.page("/metrics"), "learnt_total") == 0
    assert here.kill(signal.SIGTERM) == 0


async def test_a_guest_makes_the_topic_and_waits_for_the_owner(
    kafka: Kafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent_core.rl.identity.is_guest", lambda _: True)
    service, program = service_of({"KAFKA_BOOTSTRAP": kafka.server, "DSPY_TUI_WORKSPACE": str(tmp_path)})
    running = asyncio.ensure_future(program(service))
    try:
        async with asyncio.timeout(PATIENCE_S):
            while service.standing.state != "waiting" or LEARNING not in kafka.admin.list_topics():
                assert not running.done()
                await asyncio.sleep(0.1)
            assert "The first session of its owner" in service.standing.reason
            monkeypatch.setattr("agent_core.rl.identity.is_guest", lambda _: False)
            while service.standing.state != "working":
                assert not running.done()
                await asyncio.sleep(0.1)
    finally:
        service.stopping.set()
        await running
