"""Messages on their way: in order, within a bound, and back after a crash; nothing that was taken comes again
unless the crash was between."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import shutil
import struct
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from zlib import crc32

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from agent_core.streaming import spool as spooling
from agent_core.streaming.access import Access
from agent_core.streaming.messages import Figures
from agent_core.streaming.pumping import Pump
from agent_core.streaming.segments import Segment, SegmentFolder
from agent_core.streaming.sink import KafkaSink
from agent_core.streaming.spool import Entry, Spool

MOST = 400


class Sending(RuleBasedStateMachine):
    """A program that sends, and is killed at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.count = 0
        self.start(recovered=[])

    def start(self, recovered: list[str]) -> None:
        self.folder = SegmentFolder(self.root)
        self.spool = Spool(most_bytes=MOST, folder=self.folder)
        self.spool.recover()
        self.there: list[str] = recovered  # not settled and not dropped, in order
        self.kept: list[str] = list(recovered)  # of them, those on disk
        self.ended: set[str] = set()  # settled, and the disk may not know
        self.taken: list[Entry] = []
        self.settled = 0
        self.begun = len(recovered)

    @rule(
        size=st.integers(1, 60),
        topic=st.sampled_from(["a", "logs.raw.b"]),
        key=st.sampled_from(["", "k", "ü"]),
    )
    def append(self, size: int, topic: str, key: str) -> None:
        name = f"{self.count:06d}"
        self.count += 1
        self.spool.append(topic, key, (name + "x" * size).encode())
        self.there.append(name)
        self.forget_dropped()

    def forget_dropped(self) -> None:
        """The oldest go where there is no more room."""
        waiting, _ = self.spool.waiting
        gone = self.there[: len(self.there) - waiting]
        self.there = self.there[len(gone) :]
        self.kept = [name for name in self.kept if name not in gone]
        self.ended.update(gone)

    @rule()
    def persist(self) -> None:
        self.spool.persist()
        self.kept = list(self.there)
        self.ended.clear()

    @rule(most=st.integers(1, 300))
    def take(self, most: int) -> None:
        self.taken += self.spool.take(most)

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        some = data.draw(st.lists(st.sampled_from(range(len(self.taken))), unique=True))
        entries = [self.taken[place] for place in some]
        self.taken = [entry for place, entry in enumerate(self.taken) if place not in some]
        self.spool.settle([entry.number for entry in entries])
        for name in map(name_of, entries):
            if name in self.there:
                self.there.remove(name)
                self.ended.add(name)
        self.kept = [name for name in self.kept if name in self.there]

    @rule()
    def rewind(self) -> None:
        self.spool.rewind()
        self.taken = []
        again = self.spool.take(10**9)
        assert [name_of(entry) for entry in again] == self.there
        assert [entry.number for entry in again] == sorted(entry.number for entry in again)
        self.taken = again

    @rule()
    def crash(self) -> None:
        abandon(self.folder, self.spool)
        before, on_disk, unsure = self.there, self.kept, self.ended
        self.start(recovered=[])
        found = [name_of(entry) for entry in self.spool.take(10**9)]
        self.spool.rewind()
        assert found == sorted(found)
        assert [name for name in found if name not in unsure] == on_disk
        assert set(found) <= set(before) | unsure
        self.start_again(found)

    def start_again(self, found: list[str]) -> None:
        self.there, self.kept = list(found), list(found)

    @rule()
    def end(self) -> None:
        self.spool.close()
        before = self.there
        self.start(recovered=[])
        found = [name_of(entry) for entry in self.spool.take(10**9)]
        assert found == before
        self.spool.rewind()
        self.start_again(found)

    @invariant()
    def bound(self) -> None:
        waiting, size = self.spool.waiting
        assert waiting == len(self.there)
        assert size <= MOST
        assert sum(file.stat().st_size for file in self.root.rglob("*.messages")) <= 8 * MOST

    def teardown(self) -> None:
        self.spool.close()
        left = {file.name for file in self.root.rglob("*.messages")}
        assert bool(left) == bool(self.there)
        shutil.rmtree(self.root)


def name_of(entry: Entry) -> str:
    return entry.data[:6].decode()


def abandon(folder: SegmentFolder, spool: Spool) -> None:
    """What the system does when a program is killed: it closes its files."""
    for segment in (*spool._segments, *spool._gone):
        if segment.file is not None:
            os.close(segment.file)
    if folder._lock is not None:
        os.close(folder._lock)


TestSending = Sending.TestCase
TestSending.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def sent(spool: Spool) -> list[str]:
    return [name_of(entry) for entry in spool.take(10**9)]


def filled(root: Path | None, *names: str, most: int = 10**6) -> tuple[Spool, SegmentFolder | None]:
    folder = None if root is None else SegmentFolder(root)
    spool = Spool(most_bytes=most, folder=folder)
    spool.recover()
    for name in names:
        spool.append("t", "k", name.encode())
    return spool, folder


def test_the_oldest_go_where_there_is_no_more_room_and_are_counted() -> None:
    spool, _ = filled(None, *(f"{number:06d}" for number in range(100)), most=160)
    waiting, size = spool.waiting
    assert size <= 160 and waiting + spool.dropped == 100
    assert sent(spool) == [f"{number:06d}" for number in range(spool.dropped, 100)]


def test_one_that_was_taken_although_it_was_dropped_is_not_counted_as_dropped() -> None:
    spool, _ = filled(None, "000000", most=64)
    (first,) = spool.take(1)
    for number in range(1, 20):
        spool.append("t", "k", f"{number:06d}".encode())
    dropped = spool.dropped
    spool.settle([first.number])
    assert spool.dropped == dropped - 1


def test_memory_holds_a_part_of_what_the_disk_holds(tmp_path: Path) -> None:
    spool, _ = filled(tmp_path, *(f"{number:06d}" + "x" * 1000 for number in range(900)))
    spool.persist()
    held = sum(len(each.entries) for each in spool._segments if each.entries is not None)
    assert held < 200
    assert sent(spool) == [f"{number:06d}" for number in range(900)]
    spool.close()


def test_a_torn_file_is_read_up_to_the_tear(tmp_path: Path) -> None:
    spool, folder = filled(tmp_path, *(f"{number:06d}" for number in range(10)))
    spool.persist()
    assert folder is not None
    abandon(folder, spool)
    (file,) = tmp_path.rglob("*.messages")
    content = file.read_bytes()
    for cut in range(len(content)):
        file = next(tmp_path.rglob("*.messages"), file)
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content[:cut])
        again, folder = filled(tmp_path)
        found = sent(again)
        assert found == [f"{number:06d}" for number in range(len(found))]
        assert folder is not None
        abandon(folder, again)
    assert len(found) == 9


@pytest.mark.parametrize("place", [20, 40, 100])
def test_a_damaged_file_is_read_up_to_the_damage(tmp_path: Path, place: int) -> None:
    spool, _ = filled(tmp_path, *(f"{number:06d}" for number in range(10)))
    spool.close()
    (file,) = tmp_path.rglob("*.messages")
    content = bytearray(file.read_bytes())
    content[place] ^= 0xFF
    file.write_bytes(content)
    again, _ = filled(tmp_path)
    found = sent(again)
    assert found == [f"{number:06d}" for number in range(len(found))] and len(found) < 10
    again.close()


@pytest.mark.parametrize(
    "content",
    [b"", b"nonsense", b"dspy-tui spool 2\n" + b"\xff" * 100, Random(9).randbytes(4000)],
    ids=["empty", "nonsense", "of another version", "anything"],  # the same in all processes of a test run
)
def test_a_file_that_is_none_of_ours_is_passed_by(tmp_path: Path, content: bytes) -> None:
    left = tmp_path / "of-a-dead-one"
    left.mkdir()
    (left / "00000000000000000001.messages").write_bytes(content)
    spool, _ = filled(tmp_path, "000000")
    assert sent(spool) == ["000000"]
    spool.close()


def test_two_programs_keep_apart_and_the_later_takes_over_what_a_dead_one_left(tmp_path: Path) -> None:
    first, folder = filled(tmp_path, "000001", "000002")
    first.persist()
    second, _ = filled(tmp_path, "000003")
    assert sent(second) == ["000003"]
    second.persist()
    assert folder is not None
    abandon(folder, first)
    third, _ = filled(tmp_path, "000004")
    assert sent(third) == ["000001", "000002", "000004"]
    assert [entry.number for entry in take_again(third)] == [-2, -1, 0]
    second.close()
    third.close()
    fourth, _ = filled(tmp_path)
    assert sorted(sent(fourth)) == ["000001", "000002", "000003", "000004"]
    fourth.close()


def take_again(spool: Spool) -> list[Entry]:
    spool.rewind()
    return spool.take(10**9)


def test_nothing_is_left_where_everything_was_taken(tmp_path: Path) -> None:
    spool, _ = filled(tmp_path, "000001", "000002")
    spool.persist()
    spool.settle(entry.number for entry in spool.take(10**9))
    spool.close()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_takes_nothing_leaves_messages_in_memory(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file is in the way")
    spool, _ = filled(tmp_path / "spool", "000001", "000002")
    spool.persist()
    assert sent(spool) == ["000001", "000002"]
    spool.settle([0])
    assert spool.waiting[0] == 1
    spool.close()


@contextmanager
def longest_file(size: int) -> Iterator[None]:
    """No file gets longer than so many bytes: what does not fit is refused in the middle of it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_gets_full_and_has_room_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(spooling, "_TRIED_AGAIN_S", 0.0)
    names = [f"{number:06d}" for number in range(40)]
    spool, folder = filled(tmp_path, *names[:10])
    spool.persist()
    with caplog.at_level(logging.INFO, "agent_core.streaming.spool"):
        with longest_file(600):
            for name in names[10:]:
                spool.append("t", "k", name.encode())
                spool.persist()
            assert [name_of(entry) for entry in spool.take(10**9)] == names
            spool.settle(range(5))
            spool.persist()
        spool.persist()
        spool.settle([7])
        spool.persist()
    full, again = [record.getMessage() for record in caplog.records]
    assert "stay in memory" in full and "again" in again
    assert folder is not None
    abandon(folder, spool)
    later, _ = filled(tmp_path)
    assert sent(later) == [*names[5:7], *names[8:]]
    later.close()


def test_the_last_words_are_written_however_soon_after_a_full_disk(tmp_path: Path) -> None:
    spool, _ = filled(tmp_path, "000001")
    with longest_file(0):
        spool.persist()
    spool.close()
    later, _ = filled(tmp_path)
    assert sent(later) == ["000001"]
    later.close()


def test_files_are_for_the_user_alone(tmp_path: Path) -> None:
    spool, _ = filled(tmp_path, "000001")
    spool.persist()
    for path in tmp_path.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0
    spool.close()


async def test_a_folder_that_cannot_even_be_looked_at_keeps_nobody_from_sending(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 300)  # for root, too
    assert SegmentFolder(folder).recover() == []
    sink = KafkaSink(Access(("127.0.0.1:1",)), folder=folder)
    sink.send("t", Figures(id="1", at=0.0, service="s", state="working", figures={}))
    assert sink.standing.waiting == 1
    await sink.aclose()


async def test_files_that_somebody_put_beside_those_of_a_dead_program_stay_there(tmp_path: Path) -> None:
    dead, folder = filled(tmp_path, "000001")
    dead.persist()
    assert folder is not None
    abandon(folder, dead)
    (file,) = tmp_path.rglob("*.messages")
    backup = file.with_name("backup.messages")
    backup.write_bytes(file.read_bytes())
    spool, _ = filled(tmp_path, "000002")
    assert sent(spool) == ["000001", "000002"]
    assert backup.exists() and not file.exists()
    spool.close()


async def test_a_message_whose_topic_is_no_text_does_not_keep_others(tmp_path: Path) -> None:
    dead, folder = filled(tmp_path, "000001")
    dead.persist()
    assert folder is not None
    abandon(folder, dead)
    (file,) = tmp_path.rglob("*.messages")
    body = struct.pack(">HI", 1, 0) + b"\xff"
    odd = b"dspy-tui spool 1\n" + struct.pack(">IIHI", crc32(body), 0, 1, 0) + b"\xff"
    file.with_name("1.messages").write_bytes(odd)
    spool, _ = filled(tmp_path, "000002")
    assert sent(spool) == ["000001", "000002"]
    spool.close()


class Broken(SegmentFolder):
    """One of which nothing can be taken over, for a reason that nobody thought of."""

    def recover(self) -> list[Segment]:
        raise ValueError("recovered no more")


async def test_whatever_was_left_new_messages_are_sent(tmp_path: Path) -> None:
    spool = Spool(most_bytes=10**6, folder=Broken(tmp_path))
    pump = Pump(Access(("127.0.0.1:1",)), spool, refused=lambda _, __: None, moved=lambda: None)
    spool.append("t", "k", b"000001")
    thread = threading.Thread(target=pump.run, daemon=True)
    thread.start()
    while thread.is_alive() and (pump.fault is None or "recovered" in pump.fault.message):
        await asyncio.sleep(0.01)
    assert pump.fault is not None and pump.fault.code == "bus-unreachable"
    pump.stop()
    await asyncio.to_thread(thread.join)
