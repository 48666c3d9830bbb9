"""What a program learns, on the bus."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agent_core.errors import ErrorInfo, WorkspaceError
from agent_core.events import BusChanged
from agent_core.rl.identity import identity
from agent_core.rl.records import Record, from_line, to_line
from agent_core.rl.sharing import Sharing
from agent_core.streaming.messages import LearningEvent
from agent_core.streaming.names import LEARNING
from agent_core.workspace import Workspace
from tests.fakes.memory_bus import MemoryBus, MemorySink
from tests.fakes.rl_records import decision, history, opened


def shared(bus: MemoryBus) -> list[Record]:
    found: list[Record] = []
    for message in bus.read(LEARNING):
        assert isinstance(message, LearningEvent)
        record = from_line(bytes(message.record))
        assert (message.id, message.at) == (record.id, record.at)
        found.append(record)
    return found


async def test_what_is_learnt_before_a_bus_is_found_and_after(tmp_path: Path) -> None:
    bus, made = MemoryBus(), list[MemorySink]()

    def open_sink() -> MemorySink:
        made.append(bus.sink())
        return made[-1]

    workspace = Workspace.open(tmp_path)
    sharing = Sharing(workspace=workspace, open_sink=open_sink)
    records = history("w", 9)
    for record in records[:3]:
        sharing.take(to_line(record))
    assert not made and not (tmp_path / ".dspy_tui").exists(), "nothing is made where there is no bus"
    await sharing.begin()
    await sharing.begin()
    for record in records[3:6]:
        sharing.take(to_line(record))
    bus.fault = ErrorInfo("bus", "gone")
    for record in records[6:]:
        sharing.take(to_line(record))
    bus.fault = None
    await sharing.aclose()
    assert len(made) == 1
    assert shared(bus) == records
    assert {message.workspace for message in bus.read(LEARNING)} == {identity(workspace)}


async def test_it_begins_once_the_bus_has_the_topic(tmp_path: Path) -> None:
    bus = MemoryBus()
    sharing = Sharing(workspace=Workspace.open(tmp_path), open_sink=bus.sink)
    sharing.take(to_line(history("w", 1)[0]))
    for heard in (
        BusChanged(state="absent", where="x"),
        BusChanged(state="up", where="x", topics=("agent.tasks",)),
        BusChanged(state="lost", where="x", topics=(LEARNING,)),
    ):
        sharing.hear(heard)
        await asyncio.sleep(0.05)
        assert not bus.topics
    sharing.hear(BusChanged(state="up", where="x", topics=("agent.tasks", LEARNING)))
    sharing.hear(BusChanged(state="up", where="x", topics=(LEARNING,)))
    await sharing.aclose()
    assert len(shared(bus)) == 1


async def test_the_records_of_a_store_are_those_that_are_shared(tmp_path: Path) -> None:
    bus = MemoryBus()
    sharing = Sharing(workspace=Workspace.open(tmp_path), open_sink=bus.sink)
    await sharing.begin()
    store = opened(tmp_path, hand_over=lambda record: sharing.take(to_line(record)))
    made = store.append(decision(at=store.now()))
    store.freeze(True)
    assert [record.id for record in shared(bus)] == [made.id, made.id.replace(":1", ":2")]
    assert store.apply(shared(bus)) == 0, "its own log has them"
    store.close()
    await sharing.aclose()


def test_a_workspace_keeps_its_name_and_no_two_have_the_same(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    one, two = (Workspace.open(tmp_path / name) for name in ("a", "b"))
    assert identity(one) == identity(Workspace.open(tmp_path / "a")) != identity(two)
    assert sorted(path.name for path in one.state_dir.iterdir()) == [".gitignore", "id"]
    assert str(tmp_path) not in identity(one) and len(identity(one)) == 32


@pytest.mark.parametrize("content", [b"", b"x" * 32, b"\x1b[2J", b"0" * 33, b"A" * 32])
async def test_a_name_that_is_none_is_told_and_nothing_is_shared(tmp_path: Path, content: bytes) -> None:
    bus = MemoryBus()
    workspace = Workspace.open(tmp_path)
    (workspace.ensure_state_dir() / "id").write_bytes(content)
    with pytest.raises(WorkspaceError, match="32 hexadecimal digits"):
        identity(workspace)
    sharing = Sharing(workspace=workspace, open_sink=bus.sink)
    sharing.take(to_line(history("w", 1)[0]))
    await sharing.begin()
    await sharing.aclose()
    assert not bus.topics


def test_a_link_in_place_of_the_name_is_not_followed(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path)
    (tmp_path / "elsewhere").write_text("0" * 32)
    (workspace.ensure_state_dir() / "id").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(WorkspaceError):
        identity(workspace)
