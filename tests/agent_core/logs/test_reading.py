"""What is read of sources while they change: rotated, truncated, deleted, appearing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from itertools import pairwise
from pathlib import Path

import pytest
import pytest_asyncio

from agent_core.config import Settings
from agent_core.errors import LogFault
from agent_core.logs import counted, following, reading
from agent_core.logs.api import DigestQuery, LogProgress, SourceFacts
from agent_core.logs.counted import Memory
from agent_core.logs.events.digest import Showing
from agent_core.logs.following import Following
from agent_core.logs.opening import Opener
from agent_core.logs.sources import files
from agent_core.logs.sources.find import BUILT_IN, Finder
from agent_core.logs.sources.port import Begin, Block, LogSource
from agent_core.workspace import Workspace
from tests.agent_core.logs.made_logs import Followed, event_with, failed, has, lines_of, quiet

Follow = Callable[..., Followed]
Make = Callable[..., Following]
TROUBLES = ("disk is full", "certificate has expired", "no route to host", "stack overflow", "who are you?")


class Bells:
    """A kind of sources that can be rung, and break."""

    rung: asyncio.Queue[bytes | LogFault]

    def __init__(self, _: Workspace, __: Settings) -> None:
        self.name, self.note, self.unreadable, self.no_log = "bells:big", "", False, False
        self.size = self.done = 0
        self._ready: list[bytes] = []

    async def known(self) -> tuple[SourceFacts, ...]:
        return (SourceFacts(name=self.name),)

    def open(self, name: str, begin: Begin) -> LogSource:
        return self

    def name_of(self, part: str) -> str:
        return part

    async def read(self) -> Block | None:
        if not self._ready:
            return None
        begins, self.done = self.done == 0, self.done + 1
        return Block(data=self._ready.pop(0), part="bells:big", begins=begins)

    async def look(self) -> bool:
        return bool(self._ready)

    async def more(self) -> bool:
        rung = await self.rung.get()
        if isinstance(rung, LogFault):
            raise rung
        self._ready.append(rung)
        return bool(rung)

    async def aclose(self) -> None:
        return None


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits are short; what happens is the same."""
    monkeypatch.setattr(following, "_STEP_S", 0.02)
    monkeypatch.setattr(following, "_QUIET_S", 0.05)
    monkeypatch.setattr(following, "_LOOK_AROUND_S", 0.05)
    monkeypatch.setattr(reading, "_LOOKS_S", 0.05)
    monkeypatch.setattr(files, "LOOK_S", 0.02)


@pytest_asyncio.fixture
async def make(tmp_path: Path, quick: None) -> AsyncGenerator[Make]:
    made: list[Following] = []
    kinds = {**BUILT_IN, "bells": f"{__name__}:Bells"}

    def begin(*names: str, memory: Memory | None = None) -> Following:
        workspace = Workspace.open(tmp_path)
        one = Following(
            opener=Opener(workspace=workspace, finder=Finder(workspace=workspace, kinds=kinds), given=-1),
            query=DigestQuery(sources=names),
            memory=memory or Memory(root=tmp_path, folder=None, mask=str),
            showing=Showing(),
        )
        made.append(one)
        return one

    yield begin
    for one in made:
        await one.aclose()


@pytest_asyncio.fixture
async def follow(make: Make) -> AsyncGenerator[Follow]:
    tasks: list[asyncio.Task[None]] = []

    def begin(*names: str, over: Following | None = None) -> Followed:
        followed = Followed()
        one = over or make(*names)
        tasks.append(asyncio.create_task(one.follow(DigestQuery(sources=names), followed.take)))
        return followed

    yield begin
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_growth_and_new_logs(tmp_path: Path, follow: Follow) -> None:
    followed = follow()
    await followed.until(lambda digest: not digest.sources)
    log = tmp_path / "app.log"
    log.write_text(quiet(0, 200))
    await followed.until(lambda digest: lines_of(digest) == 200)
    with log.open("a") as more:
        more.write(failed(200, "sudden trouble"))
    digest = await followed.until(lambda digest: has(digest, "sudden trouble"))
    assert event_with(digest, "sudden trouble").first == 201
    (tmp_path / "other.log").write_text(failed(300, "trouble elsewhere"))
    await followed.until(lambda digest: has(digest, "trouble elsewhere"))


async def test_rotation_truncation_and_deletion(tmp_path: Path, follow: Follow) -> None:
    log = tmp_path / "app.log"
    log.write_text(quiet(0, 200) + failed(200, "first trouble"))
    followed = follow()
    await followed.until(lambda digest: has(digest, "first trouble"))
    log.rename(tmp_path / "app.log.1")
    log.write_text(failed(300, "second trouble"))
    digest = await followed.until(lambda digest: has(digest, "second trouble"))
    assert [event_with(digest, f"{n} trouble").source for n in ("first", "second")] == [
        "app.log.1",
        "app.log",
    ]
    with log.open("r+") as same:
        same.truncate(0)
        same.write(failed(400, "third"))
    digest = await followed.until(lambda digest: has(digest, "third"))
    assert event_with(digest, "third").first == 1
    assert event_with(digest, "second trouble").source == "app.log (gone)"
    log.unlink()
    await followed.until(lambda digest: any("is gone" in facts.note for facts in digest.sources))
    log.write_text(failed(500, "fourth trouble"))
    digest = await followed.until(lambda digest: has(digest, "fourth trouble"))
    assert event_with(digest, "fourth trouble").source == "app.log"
    assert event_with(digest, "first trouble").source == "app.log.1"


async def test_nothing_is_told_while_nothing_happens(tmp_path: Path, follow: Follow) -> None:
    (tmp_path / "app.log").write_text(quiet(0, 50) + failed(51, "trouble") + "and its last line")
    followed = follow()
    await followed.until(lambda digest: lines_of(digest) == 52)
    told = len(followed.digests)
    for _ in range(20):
        await asyncio.sleep(0.02)
    assert len(followed.digests) == told


async def test_parts_do_not_grow_without_end(
    tmp_path: Path, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_MOST_PARTS", 3)
    log = tmp_path / "app.log"
    log.write_text(failed(0, TROUBLES[0]))
    followed = follow()
    for number, (before, trouble) in enumerate(pairwise(TROUBLES)):
        await followed.until(lambda digest, before=before: has(digest, before))
        log.unlink()
        log.write_text(failed(number, trouble))
    digest = await followed.until(lambda digest: has(digest, TROUBLES[-1]))
    assert [has(digest, trouble) for trouble in TROUBLES] == [False, False, True, True, True]


async def test_a_source_that_breaks_leaves_the_others(tmp_path: Path, follow: Follow) -> None:
    Bells.rung = asyncio.Queue()
    (tmp_path / "app.log").write_text(quiet(0, 10))
    followed = follow("app.log", "bells:big")
    Bells.rung.put_nowait(failed(1, "ding").encode())
    await followed.until(lambda digest: has(digest, "ding"))
    Bells.rung.put_nowait(LogFault("the rope is torn"))
    digest = await followed.until(lambda digest: "the rope is torn" in digest.note)
    assert has(digest, "ding")
    with (tmp_path / "app.log").open("a") as more:
        more.write(failed(20, "still read"))
    await followed.until(lambda digest: has(digest, "still read"))


async def test_a_fault_in_what_is_learned_holds_nothing_up(
    tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "app.log").write_text(quiet(0, 10))
    memory = Memory(root=tmp_path, folder=tmp_path / "seen", mask=str)
    one = make(memory=memory)
    await one.digest(DigestQuery(), lambda _: None)

    def broken(*_: object) -> None:
        raise RuntimeError("unexpected")

    monkeypatch.setattr(counted, "generation_seen", broken)
    one.learn()
    await one.aclose()
    assert caplog.text.count("RuntimeError: unexpected") == 2


async def test_it_ends_with_the_last_source(make: Make) -> None:
    Bells.rung = asyncio.Queue()
    Bells.rung.put_nowait(b"")
    followed = Followed()
    await make("bells:big").follow(DigestQuery(), followed.take)
    assert len(followed.digests) == 1


async def test_several_follow_and_ask_at_once(tmp_path: Path, make: Make, follow: Follow) -> None:
    log = tmp_path / "app.log"
    log.write_text(quiet(0, 10))
    one = make()
    first, second = follow(over=one), follow(over=one)
    for number, trouble in enumerate(TROUBLES):
        with log.open("a") as more:
            more.write(failed(10 + number, trouble))
        if number % 2:
            digest = await one.digest(DigestQuery(), lambda _: None)
            assert has(digest, trouble)
        for followed in (first, second):
            await followed.until(lambda digest, trouble=trouble: has(digest, trouble))
    assert lines_of(await one.digest(DigestQuery(), lambda _: None)) == 10 + len(TROUBLES)


async def test_what_takes_long_is_told_of_meanwhile(
    tmp_path: Path, make: Make, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_PARTLY_S", 0)
    (tmp_path / "app.log").write_text(
        failed(0, "early trouble") + quiet(1, 60_000) + failed(60_000, "no route")
    )
    one = make()
    followed = follow(over=one)
    await followed.until(lambda digest: "% read so far" in digest.note)
    assert has(followed.digests[-1], "early trouble") and not has(followed.digests[-1], "no route")
    progress: list[LogProgress] = []
    digest = await one.digest(DigestQuery(), progress.append)
    assert progress and progress[-1].done == progress[-1].total
    assert has(digest, "no route") and digest.note == ""
    await followed.until(lambda digest: has(digest, "no route") and digest.note == "")


async def test_a_named_log_may_vanish_and_come_back(tmp_path: Path, follow: Follow) -> None:
    log = tmp_path / "app.log"
    log.write_text(failed(0, TROUBLES[0]))
    followed = follow("app.log")
    await followed.until(lambda digest: has(digest, TROUBLES[0]))
    log.unlink()
    await followed.until(lambda digest: any("is gone" in facts.note for facts in digest.sources))
    log.write_text(failed(1, TROUBLES[1]))
    await followed.until(lambda digest: has(digest, TROUBLES[1]))


async def test_a_name_that_means_nothing_is_told_to_who_follows(make: Make) -> None:
    with pytest.raises(LogFault, match="no log"):
        await make("nothing.log").follow(DigestQuery(), lambda _: None)
