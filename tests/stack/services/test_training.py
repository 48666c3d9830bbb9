"""The trainer takes in what is shared of its workspace, each record once, and nothing else."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from agent_core.errors import WorkspaceError
from agent_core.rl.identity import identity
from agent_core.rl.records import Control, Record, to_line
from agent_core.rl.store import rights
from agent_core.rl.store.store import Store
from agent_core.streaming.messages import LearningEvent, Task, encode
from agent_core.streaming.names import LEARNING
from agent_core.streaming.ports import Batch
from agent_core.workspace import Workspace
from stack.services import training
from stack.services.base import Service
from stack.services.trainer import service_of
from stack.services.training import Training, opened
from tests.fakes.memory_bus import MemoryBus, MemorySource
from tests.fakes.rl_records import counted, decision, history, said
from tests.fakes.rl_records import opened as store_in

GROUP = "g"


def event(record: Record, workspace: str, *, named: str = "") -> bytes:
    line = msgspec.Raw(to_line(record))
    return encode(LearningEvent(id=named or record.id, at=record.at, workspace=workspace, record=line))


class Trained:
    """A trainer in this process."""

    def __init__(self, bus: MemoryBus, root: Path, *, steps: int = 7) -> None:
        self.service = Service("dspy-trainer")
        self.name, self.store = opened(Workspace.open(root))
        self.source = bus.source(GROUP, LEARNING)
        self._training = Training(
            service=self.service, source=self.source, store=self.store, name=self.name, steps=steps
        )
        self.running = asyncio.create_task(self._training.run())

    async def done(self, bus: MemoryBus) -> None:
        while bus.committed[GROUP, LEARNING] < len(bus.topics[LEARNING]):
            await asyncio.sleep(0.01)
        await self.end()

    async def end(self) -> None:
        self.service.stopping.set()
        await self.running
        self.store.close()

    def figures(self) -> Mapping[str, float]:
        found = self.service.figures()
        return {
            name: found[f"dspy_tui_trainer_{name}_total"]
            for name in ("events", "learnt", "known", "refused", "foreign", "steps")
        }


async def test_records_of_its_workspace_count_once(tmp_path: Path) -> None:
    root = tmp_path / "w"
    root.mkdir()
    bus, own = MemoryBus(), identity(Workspace.open(root))
    mine, far = history("a", 60), history("b", 30)
    session = store_in(root)
    session.apply(mine[:20])
    for record in [*mine, *mine[40:50]]:
        bus.put(LEARNING, event(record, own))
        bus.put(LEARNING, event(record, "f" * 32))
    for record in far:
        bus.put(LEARNING, event(record, own))
    trained = Trained(bus, root)
    await trained.done(bus)
    assert counted(trained.store.state) == {"a": 60, "b": 30}
    assert trained.figures() == {
        "events": 100, "learnt": 70, "known": 30, "refused": 0, "foreign": 70, "steps": 25,
    }  # fmt: skip
    assert session.sync() and said(session.state, tmp_path) == said(trained.store.state, tmp_path)
    session.close()
    whole = store_in(tmp_path)
    whole.apply([*mine, *far])
    assert said(whole.state, tmp_path) == said(trained.store.state, tmp_path)


async def test_what_is_hostile_or_broken_is_counted_and_nothing_more(tmp_path: Path) -> None:
    bus, own = MemoryBus(), identity(Workspace.open(tmp_path))
    good = history("a", 3)
    long_names = decision("h:1", 1.0, **{"x" * 70: 1.0})
    for value in (
        b"", b"\xff\x00", b"{}", b'{"schema": "agent.learning/9", "id": "x"}',
        encode(Task(id="t", at=1.0, text="a task")),
        event(good[0], own, named="other:1"),
        event(decision("a", 1.0), own),
        event(decision("h:2", 1e11), own),
        event(long_names, own),
        event(Control(id="h:9", at=1.0, what="reset"), own),
        encode(LearningEvent(id="h:3", at=1.0, workspace=own, record=msgspec.Raw(b'{"type":"decision"}'))),
        encode(LearningEvent(id="h:4", at=1.0, workspace=own, record=msgspec.Raw(b"[" * 900 + b"]" * 900))),
        event(decision("h:5", 1.0, **{f"f{number}" * 9: 0.5 for number in range(300)}), own),
        b"x" * 5_000_000,
        encode(LearningEvent(id="h:6", at=1.0, workspace=own, record=msgspec.Raw(b" " * 5_000_000 + b"1"))),
        *(event(record, own) for record in good),
    ):  # fmt: skip
        bus.put(LEARNING, value)
    trained = Trained(bus, tmp_path)
    await trained.done(bus)
    assert counted(trained.store.state) == {"a": 3} and trained.store.state.resets == 0
    assert (trained.figures()["learnt"], trained.figures()["refused"]) == (3, 15)


async def test_a_record_that_breaks_what_checks_it_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus, own = MemoryBus(), identity(Workspace.open(tmp_path))
    records, check = history("a", 3), training.sound_record

    def broken(line: bytes) -> Record | None:
        if line == to_line(records[0]):
            raise TypeError("what nobody thought of")
        return check(line)

    monkeypatch.setattr(training, "sound_record", broken)
    for record in records:
        bus.put(LEARNING, event(record, own))
    trained = Trained(bus, tmp_path)
    await trained.done(bus)
    assert (trained.figures()["learnt"], trained.figures()["refused"]) == (2, 1)


async def test_nothing_is_committed_before_it_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "AGAIN_S", 0.02)
    bus, own = MemoryBus(), identity(Workspace.open(tmp_path))
    settle, full = Store.settle, [True]

    def no_room(store: Store) -> None:
        if full[0]:
            raise OSError(28, "No space left on device", str(store.state_file))
        settle(store)

    monkeypatch.setattr(Store, "settle", no_room)
    for record in history("a", 5):
        bus.put(LEARNING, event(record, own))
    trained = Trained(bus, tmp_path)
    while trained.service.standing.state != "degraded":
        await asyncio.sleep(0.01)
    reason = trained.service.standing.reason
    assert "No space left on device" in reason and ".dspy_rl_state.json" in reason
    assert not bus.committed[GROUP, LEARNING]
    full[0] = False
    await trained.done(bus)
    assert counted(trained.store.state) == {"a": 5} and trained.figures()["learnt"] == 5


async def test_it_ends_while_nothing_can_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bus, own = MemoryBus(), identity(Workspace.open(tmp_path))

    def no_room(_: Store) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Store, "settle", no_room)
    bus.put(LEARNING, event(history("a", 1)[0], own))
    trained = Trained(bus, tmp_path)
    while trained.service.standing.state != "degraded":
        await asyncio.sleep(0.01)
    await trained.end()
    assert not bus.committed[GROUP, LEARNING]


async def test_killed_while_it_commits_it_counts_nothing_twice(tmp_path: Path) -> None:
    bus, own = MemoryBus(), identity(Workspace.open(tmp_path))
    for record in history("a", 7):
        bus.put(LEARNING, event(record, own))
    torn = asyncio.Event()

    class Torn(MemorySource):
        async def commit(self, batch: Batch) -> bool:
            torn.set()
            await asyncio.Event().wait()
            return False

    source = bus.source
    bus.source = lambda group, *topics: Torn(bus, group, topics)  # type: ignore[method-assign]
    first = Trained(bus, tmp_path)
    await torn.wait()
    first.running.cancel()
    await asyncio.gather(first.running, return_exceptions=True)
    first.store.close()
    assert not bus.committed[GROUP, LEARNING]
    bus.source = source  # type: ignore[method-assign]
    second = Trained(bus, tmp_path)
    await second.done(bus)
    assert counted(second.store.state) == {"a": 7} and second.figures()["learnt"] == 0


async def test_what_comes_while_it_is_stopped_is_left_for_the_next(tmp_path: Path) -> None:
    bus, own = MemoryBus(), identity(Workspace.open(tmp_path))
    for record in history("a", 40):
        bus.put(LEARNING, event(record, own))
    taken = asyncio.Event()

    class Slow(MemorySource):
        async def commit(self, batch: Batch) -> bool:
            taken.set()
            return await super().commit(batch)

    bus.source = lambda group, *topics: Slow(bus, group, topics)  # type: ignore[method-assign]
    first = Trained(bus, tmp_path)
    await taken.wait()
    await first.end()
    assert 0 < bus.committed[GROUP, LEARNING] < 40
    second = Trained(bus, tmp_path)
    await second.done(bus)
    assert counted(second.store.state) == {"a": 40}


def test_a_workspace_that_it_may_not_use_is_told_with_the_next_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".dspy_tui").write_text("in the way")
    with pytest.raises(WorkspaceError):
        opened(Workspace.open(tmp_path))
    monkeypatch.setattr(rights, "_is_own", lambda _: False)
    with pytest.raises(WorkspaceError, match="was not given to its group") as caught:
        opened(Workspace.open(tmp_path))
    assert "fix_workspace_perms.sh" in caught.value.hint


async def test_a_workspace_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    service, program = service_of(
        {"DSPY_TUI_WORKSPACE": str(tmp_path / "none"), "KAFKA_BOOTSTRAP": "127.0.0.1:1"}
    )
    running = asyncio.ensure_future(program(service))
    while service.standing.state != "degraded":
        await asyncio.sleep(0.01)
    assert re.search("none does not exist", service.standing.reason)
    service.stopping.set()
    await running


def test_settings_that_cannot_be() -> None:
    for steps in ("0", "many", "-1"):
        with pytest.raises(ValueError, match=f"RL_BACKGROUND_STEPS is .* not '{steps}'"):
            service_of({"RL_BACKGROUND_STEPS": steps})
