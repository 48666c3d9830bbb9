"""Working on tasks over a bus in memory: each answered once, whatever happens to the worker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent_core.errors import BusFault, ErrorInfo, NoTopic
from agent_core.fleet.results import result_of
from agent_core.streaming.messages import DeadLetter, Result, Task, encode
from agent_core.streaming.names import ERRORS, METRICS, results, tasks, workers
from stack.services.base import Service
from stack.services.ledger import Entry, Ledger
from stack.services.working import MOST_BEGUN, Working
from tests.fakes.memory_bus import MemoryBus, MemorySink

QUEUE, RESULTS, GROUP = tasks("backend"), results("backend"), workers("backend")


class Worker:
    """A worker as it would be in a process of its own, over a bus and a folder that outlive it."""

    def __init__(self, bus: MemoryBus, folder: Path, *, sink: Any = None, grace: float = 5.0) -> None:
        self.bus = bus
        self.did: list[str] = []
        self.hold = asyncio.Event()
        self.hold.set()
        self.began = asyncio.Event()
        self.service = Service("dspy-worker-backend", bus="k:1")
        self.service.say("working")
        self.working = Working(
            service=self.service,
            name="backend",
            worker="w1",
            source=bus.source(GROUP, QUEUE),
            sink=sink or bus.sink(),
            ledger=Ledger(folder),
            do=self._do,
            grace=grace,
        )

    async def _do(self, task: Task) -> Result:
        self.began.set()
        await self.hold.wait()
        self.did.append(task.id)
        if task.text == "break":
            raise RuntimeError("what nobody thought of")
        return result_of(
            task, service="backend", worker="w1", outcome="answered", text=f"did {task.text}", seconds=0.5
        )

    async def __aenter__(self) -> Worker:
        self.running = asyncio.create_task(self.working.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.service.stopping.set()
        await asyncio.wait_for(self.running, 60)

    def kill(self) -> None:
        """As far as the bus and the disk can tell, it is gone from one moment to the next."""
        self.running.cancel()


def put(bus: MemoryBus, *texts: str) -> None:
    for text in texts:
        bus.put(QUEUE, encode(Task(id=text, at=0.0, text=text)))


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


async def test_each_task_gets_one_result_and_what_fails_stops_nobody(tmp_path: Path) -> None:
    bus = MemoryBus()
    async with Worker(bus, tmp_path) as worker:
        put(bus, "one", "break", "two", "one")
        await until(lambda: bus.committed[GROUP, QUEUE] == 4)
    told: list[Result] = bus.read(RESULTS)
    assert [(each.task, each.outcome) for each in told] == [
        ("one", "answered"),
        ("break", "failed"),
        ("two", "answered"),
    ]
    assert told[0].text == "did one" and told[1].error is not None and told[1].error.code == "internal"
    figures = worker.service.figures()
    assert figures["dspy_tui_tasks_done_total"] == 2 and figures["dspy_tui_tasks_failed_total"] == 1
    assert figures["dspy_tui_tasks_repeated_total"] == 1 and worker.did == ["one", "break", "two"]


async def test_what_is_no_task_becomes_a_dead_letter_with_the_reason(tmp_path: Path) -> None:
    bus = MemoryBus()
    async with Worker(bus, tmp_path):
        bus.put(QUEUE, b"\xff{")
        bus.put(QUEUE, b'{"schema": "agent.task/9", "id": "x"}')
        bus.put(QUEUE, encode(Task(id="t", at=0.0, text="  ")))
        bus.put(QUEUE, encode(DeadLetter(id="d", at=0.0, service="x", error=ErrorInfo("a", "b"), topic="t",
                                         partition=0, offset=0)))  # fmt: skip
        put(bus, "one")
        await until(lambda: bus.committed[GROUP, QUEUE] == 5)
    letters: list[DeadLetter] = bus.read(ERRORS)
    assert [each.error.code for each in letters] == [
        "broken-message", "unknown-version", "empty-task", "not-a-task",
    ]  # fmt: skip
    assert letters[1].id.startswith(f"{QUEUE}/0/1/") and "agent.task/9" in letters[1].error.message
    assert letters[0].service == "dspy-worker-backend" and letters[0].value
    assert [each.task for each in bus.read(RESULTS)] == ["one"] and not bus.topics[METRICS]


async def test_dead_letters_of_a_queue_that_was_made_again_are_no_repeats(tmp_path: Path) -> None:
    bus = MemoryBus()
    for _ in range(2):
        async with Worker(bus, tmp_path):
            bus.put(QUEUE, b"nonsense")
            await until(lambda: bus.committed[GROUP, QUEUE] == 1)
        bus.committed[GROUP, QUEUE] = 0  # as where the worker was killed before it had committed
        async with Worker(bus, tmp_path):
            await until(lambda: bus.committed[GROUP, QUEUE] == 1)
        bus.make_again(QUEUE)
    first, repeat, second, again = (each.id for each in bus.read(ERRORS))
    assert first == repeat != second == again


async def test_a_task_of_a_worker_that_is_killed_is_done_by_the_next(tmp_path: Path) -> None:
    bus = MemoryBus()
    first = Worker(bus, tmp_path)
    first.hold.clear()
    async with Worker(MemoryBus(), tmp_path):
        pass  # another one that has nothing to do leaves no trace
    await first.__aenter__()
    put(bus, "one")
    await asyncio.wait_for(first.began.wait(), 60)
    first.kill()
    async with Worker(bus, tmp_path):
        await until(lambda: bus.topics[RESULTS])
    assert [each.task for each in bus.read(RESULTS)] == ["one"]


async def test_a_result_is_not_made_twice_where_only_the_commit_was_lost(tmp_path: Path) -> None:
    bus = MemoryBus()
    async with Worker(bus, tmp_path):
        put(bus, "one")
        await until(lambda: bus.topics[RESULTS])
    bus.committed[GROUP, QUEUE] = 0
    async with Worker(bus, tmp_path) as again:
        await until(lambda: bus.committed[GROUP, QUEUE] == 1)
    assert again.did == [] and len(bus.topics[RESULTS]) == 1


async def test_a_worker_that_is_killed_between_result_and_note_answers_under_the_same_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = MemoryBus()
    put(bus, "one")
    held = asyncio.Event()

    async def killed(_: object, how: Callable[[str], None], task: Task) -> None:
        held.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr(Working, "_note", killed)
        first = await Worker(bus, tmp_path).__aenter__()
        await asyncio.wait_for(held.wait(), 60)
        first.kill()
    async with Worker(bus, tmp_path):
        await until(lambda: bus.committed[GROUP, QUEUE] == 1)
    assert [each.id for each in bus.read(RESULTS)] == ["one.result"] * 2


async def test_messages_of_5_mb_become_short_dead_letters(tmp_path: Path) -> None:
    bus, long = MemoryBus(), "x" * 5_000_000
    async with Worker(bus, tmp_path) as worker:
        bus.put(QUEUE, long.encode())
        bus.put(QUEUE, b'{"schema": "agent.task/9", "text": "' + long.encode() + b'"}')
        bus.put(QUEUE, encode(Task(id=long, at=0.0, text="x")))
        bus.put(QUEUE, encode(Task(id="a", at=0.0, text=long)))
        bus.put(QUEUE, encode(Task(id="b", at=0.0, text="x", by=long)))
        put(bus, "one")
        await until(lambda: bus.committed[GROUP, QUEUE] == 6)
    letters: list[DeadLetter] = bus.read(ERRORS)
    assert [each.error.code for each in letters] == [
        "broken-message", "unknown-version", "bad-id", "too-long", "bad-sender",
    ]  # fmt: skip
    assert all(len(value) < 20_000 for value in bus.topics[ERRORS]) and worker.did == ["one"]


async def test_a_task_that_kills_its_workers_ends_as_a_failure_and_a_dead_letter(tmp_path: Path) -> None:
    bus = MemoryBus()
    put(bus, "poison", "next")
    for _ in range(MOST_BEGUN):
        worker = await Worker(bus, tmp_path).__aenter__()
        worker.hold.clear()
        await asyncio.wait_for(worker.began.wait(), 60)
        worker.kill()
    async with Worker(bus, tmp_path) as last:
        await until(lambda: bus.committed[GROUP, QUEUE] == 2)
    told: list[Result] = bus.read(RESULTS)
    assert [(each.task, each.outcome) for each in told] == [("poison", "failed"), ("next", "answered")]
    (letter,) = bus.read(ERRORS)
    assert (letter.task, letter.error.code, last.did) == ("poison", "poisonous", ["next"])


async def test_a_worker_that_is_to_stop_ends_what_it_has_in_hand(tmp_path: Path) -> None:
    bus = MemoryBus()
    async with Worker(bus, tmp_path, grace=60.0) as worker:
        worker.hold.clear()
        put(bus, "one")
        await asyncio.wait_for(worker.began.wait(), 60)
        worker.service.stopping.set()
        worker.hold.set()
    assert bus.committed[GROUP, QUEUE] == 1 and len(bus.topics[RESULTS]) == 1


async def test_what_does_not_end_in_time_is_given_back_and_counts_for_nothing(tmp_path: Path) -> None:
    bus = MemoryBus()
    put(bus, "long")
    for _ in range(MOST_BEGUN + 1):
        async with Worker(bus, tmp_path, grace=0.01) as worker:
            worker.hold.clear()
            await asyncio.wait_for(worker.began.wait(), 60)
    assert bus.committed[GROUP, QUEUE] == 0 and not bus.topics[RESULTS]
    async with Worker(bus, tmp_path):
        await until(lambda: bus.committed[GROUP, QUEUE] == 1)
    assert [each.outcome for each in bus.read(RESULTS)] == ["answered"]


async def test_a_result_that_no_broker_takes_before_the_end_is_not_held_against_its_task(
    tmp_path: Path,
) -> None:
    bus = MemoryBus()
    put(bus, "one")
    for _ in range(MOST_BEGUN + 1):
        async with Worker(bus, tmp_path, grace=0.01) as worker:
            worker.hold.clear()
            await asyncio.wait_for(worker.began.wait(), 60)
            bus.fault = ErrorInfo("bus-unreachable", "No Kafka answers")
            worker.hold.set()
            await until(lambda worker=worker: worker.did)
        bus.fault = None
    assert bus.committed[GROUP, QUEUE] == 0
    assert Ledger(tmp_path).begin("one") == Entry(1, done=False)


async def test_nothing_is_committed_before_its_result_is_taken(tmp_path: Path) -> None:
    bus = MemoryBus()
    async with Worker(bus, tmp_path) as worker:
        worker.hold.clear()
        put(bus, "one")
        await asyncio.wait_for(worker.began.wait(), 60)
        bus.fault = ErrorInfo("bus-unreachable", "No Kafka answers")
        worker.hold.set()
        await until(lambda: worker.did)
        await asyncio.sleep(0.1)
        assert bus.committed[GROUP, QUEUE] == 0 and not bus.topics[RESULTS]
        bus.fault = None
        await until(lambda: bus.committed[GROUP, QUEUE] == 1)
    assert len(bus.topics[RESULTS]) == 1


class Picky(MemorySink):
    """Takes no long message, as a broker with another limit."""

    async def delivered(self) -> None:
        if any(len(value) > 10_000 for value in self._bus.topics[RESULTS]):
            self._bus.topics[RESULTS].clear()
            raise BusFault("The message is too long for the broker")


async def test_a_result_that_the_bus_refuses_is_sent_shorter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stack.services.working._AGAIN_S", 0.01)
    bus = MemoryBus()
    async with Worker(bus, tmp_path, sink=Picky(bus)):
        put(bus, "x" * 20_000)
        bus.put(QUEUE, encode(Task(id="long", at=0.0, text="y" * 20_000)))
        await until(lambda: bus.committed[GROUP, QUEUE] == 2)
    (told,) = bus.read(RESULTS)
    assert told.task == "long" and "cut here" in told.text


class Missing(MemorySink):
    """The topic of results is not there, once."""

    missed = False

    async def delivered(self) -> None:
        if not self.missed and self._bus.topics.pop(RESULTS, None):
            self.missed = True
            raise NoTopic("There is no topic")


async def test_a_result_whose_topic_is_missing_is_not_shortened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stack.services.working._AGAIN_S", 0.01)
    bus = MemoryBus()
    async with Worker(bus, tmp_path, sink=Missing(bus)):
        bus.put(QUEUE, encode(Task(id="long", at=0.0, text="y" * 20_000)))
        await until(lambda: bus.committed[GROUP, QUEUE] == 1)
    (told,) = bus.read(RESULTS)
    assert "cut here" not in told.text and len(told.text) > 20_000


def test_the_ledger(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "tasks")
    hostile = "../../etc/passwd\0" * 50
    assert ledger.begin(hostile) == Entry(1, done=False) == Ledger(tmp_path / "other").begin("a")
    assert ledger.begin(hostile).begun == 2
    ledger.give_back(hostile)
    assert Ledger(tmp_path / "tasks").begin(hostile) == Entry(2, done=False)
    ledger.done(hostile)
    assert ledger.begin(hostile).done and not ledger.begin("b").done
    (old,) = [each for each in (tmp_path / "tasks").iterdir() if b"!" in each.read_bytes()]
    import os

    os.utime(old, (0, 0))
    ledger.sweep()
    assert len(list((tmp_path / "tasks").iterdir())) == 1
    Ledger(tmp_path / "missing").sweep()


async def test_a_folder_that_cannot_be_used_stops_no_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    bus = MemoryBus()
    async with Worker(bus, tmp_path / "file"):
        put(bus, "one")
        await until(lambda: bus.committed[GROUP, QUEUE] == 1)
    assert len(bus.topics[RESULTS]) == 1
