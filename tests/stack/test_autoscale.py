"""What an autoscaler sees and remembers; that containers come and go is tested on a real engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from agent_core.errors import StackFault, UsageError
from agent_core.files import BusyError
from agent_core.streaming.names import tasks, workers
from agent_core.streaming.values import BusReading, GroupInfo, Lag, PartitionInfo, TopicInfo
from agent_core.workspace import Workspace
from stack.autoscale import Autoscaler, seen_of
from stack.engine.values import Container, State
from stack.known import Known, ServiceInfo, known
from stack.scaling import Bounds

WORKER = ServiceInfo(name="dspy-worker", works_for="app")
SERVICES = (
    WORKER, ServiceInfo(name="kafka"), ServiceInfo(name="asleep", works_for="asleep", active=False),
)  # fmt: skip


def container(number: int, state: State = "running") -> Container:
    return Container(id=str(number), name=f"w-{number}", service="dspy-worker", image="i", state=state)


def reading(waiting: int | None, *, end: int = 50, down: bool = False, refused: bool = False) -> BusReading:
    if waiting is None:
        return BusReading(at=1.0)
    partitions = (PartitionInfo(number=0, begin=0, end=end, leader=1), PartitionInfo(number=1))
    topic = TopicInfo(name=tasks("app"), partitions=partitions if down else partitions[:1] * 4)
    if refused:
        return BusReading(at=1.0, topics=(topic,), untold={workers("app"): "no right"})
    group = GroupInfo(name=workers("app"), lags=(Lag(tasks("app"), waiting),))
    return BusReading(at=1.0, topics=(topic,), groups=(group,))


class Stack:
    """Stands for a stack of which only the numbers matter."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.scaled: list[dict[str, int]] = []

    async def known(self) -> Known:
        return Known(project="p", services=SERVICES)

    async def containers(self) -> Sequence[Container]:
        return [*(container(number) for number in range(self.count)), container(99, "exited")]

    async def scale(self, replicas: Mapping[str, int]) -> object:
        self.scaled.append(dict(replicas))
        return object()


class Admin:
    def __init__(self, told: BusReading) -> None:
        self.told = told

    async def look(self, topics: Sequence[str]) -> BusReading:
        assert topics == ("agent.tasks.*",)
        return self.told


def scaler(root: Path, stack: Stack, told: BusReading, *, now: float = 1e9, **more: Any) -> Autoscaler:
    clock = more.pop("clock", lambda: now)
    admin = cast(Any, Admin(told))
    return Autoscaler(
        stack=cast(Any, stack), admin=admin, workspace=Workspace.open(root), clock=clock, **more
    )


@pytest.mark.parametrize(
    ("told", "waiting", "unknown", "fault"),
    [
        (reading(42), 42, "", False),
        (reading(None), None, "there is no topic agent.tasks.app yet", False),
        (reading(42, down=True), None, "agent.tasks.app is down in part", True),
        (reading(42, refused=True), None, f"what {workers('app')} has done is not told: no right", True),
    ],
)
def test_what_is_seen(told: BusReading, waiting: int | None, unknown: str, fault: bool) -> None:
    seen = seen_of(WORKER, [container(1), container(2, "restarting"), container(3, "exited")], told)
    assert (seen.running, seen.waiting, seen.unknown, seen.fault) == (2, waiting, unknown, fault)


async def test_what_it_did_is_remembered_by_the_next_run_and_by_who_only_looks(tmp_path: Path) -> None:
    stack = Stack(1)
    first = scaler(tmp_path, stack, reading(25))
    async with first.alone():
        decisions = await first.look()
        assert [each.text for each in decisions] == ["dspy-worker: 1 -> 3, 25 tasks wait"], "asleep sleeps"
        assert await first.operation(decisions) is not None and stack.scaled == [{"dspy-worker": 3}]
        await first.remember(decisions)
        with pytest.raises(BusyError, match="Another autoscaler"):
            async with scaler(tmp_path, stack, reading(25)).alone():
                pass
    stack.count = 3
    for now, text in ((1e9 + 5, "45 tasks wait; it was changed just now (55 s)"), (1e9 + 61, "3 -> 4")):
        again = scaler(tmp_path, stack, reading(45), now=now)
        async with again.alone():
            assert text in (await again.look())[0].text
        assert text in (await scaler(tmp_path, stack, reading(45), now=now).look())[0].text


async def test_idle_over_several_runs(tmp_path: Path) -> None:
    stack = Stack(3)
    for passed, end, wanted in ((0, 50, 3), (59, 50, 3), (61, 51, 3), (100, 51, 3), (121, 51, 1)):
        one = scaler(tmp_path, stack, reading(0, end=end), now=1e9 + passed)
        async with one.alone():
            decisions = await one.look()
            assert decisions[0].wanted == wanted
            assert (await one.operation(decisions) is None) == (wanted == 3)
            await one.remember()


async def test_what_somebody_scales_by_hand_stays_for_a_cooldown(tmp_path: Path) -> None:
    stack, now = Stack(3), [1e9]
    for passed, count, text in (
        (0, 3, "3 stays"),
        (5, 1, "just now (60 s)"),
        (60, 1, "just now (5 s)"),
        (66, 1, "1 -> 3"),
    ):
        now[0], stack.count = 1e9 + passed, count
        one = scaler(tmp_path, stack, reading(25), clock=lambda: now[0])
        async with one.alone():
            decisions = await one.look()
            assert text in decisions[0].text
            await one.remember(decisions)


async def test_what_another_scaled_counts_from_then_on(tmp_path: Path) -> None:
    stack, now = Stack(1), [1e9]
    looking = scaler(tmp_path, stack, reading(45), clock=lambda: now[0])
    await looking.look()
    doing = scaler(tmp_path, stack, reading(25), clock=lambda: now[0])
    async with doing.alone():
        await doing.remember(await doing.look())
    stack.count = 3
    now[0] += 20
    assert "just now (40 s)" in (await looking.look())[0].text


async def test_who_looks_sees_what_another_changes_meanwhile(tmp_path: Path) -> None:
    stack, now = Stack(1), [1e9]
    looking = scaler(tmp_path, stack, reading(25), clock=lambda: now[0])
    assert (await looking.look())[0].changes
    doing = scaler(tmp_path, stack, reading(25), clock=lambda: now[0])
    async with doing.alone():
        await doing.remember(await doing.look())
    now[0] += 1
    assert not (await looking.look())[0].changes


async def test_a_broken_memory_is_none(tmp_path: Path) -> None:
    (tmp_path / ".dspy_tui").mkdir()
    (tmp_path / ".dspy_tui" / "autoscale.json").write_text("[")
    assert (await scaler(tmp_path, Stack(1), reading(25)).look())[0].wanted == 3


async def test_where_nothing_can_be_remembered_nothing_is_scaled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    one = scaler(tmp_path, Stack(1), reading(25))
    async with one.alone():
        decisions = await one.look()
        monkeypatch.setattr("stack.autoscale.write_atomic", full)
        with pytest.raises(StackFault, match="No space left on device"):
            await one.remember(decisions)


async def test_services_that_are_no_workers(tmp_path: Path) -> None:
    for name, said in (("kafka", "is no worker"), ("nosuch", "is not there")):
        with pytest.raises(UsageError, match=said):
            await scaler(tmp_path, Stack(1), reading(1), services=(name,)).look()
    named = scaler(tmp_path, Stack(1), reading(1), services=("asleep",), bounds=Bounds(least=0))
    assert (await named.look())[0].service == "asleep"


def test_a_worker_is_known_by_its_environment() -> None:
    config = {"services": {"w": {"environment": {"DSPY_TUI_SERVICE": "backend"}}, "k": {"environment": {}}}}
    assert [info.works_for for info in known(config, ("w", "k")).services] == ["backend", ""]
