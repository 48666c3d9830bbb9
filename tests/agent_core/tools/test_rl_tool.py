"""`rl` in a session, over what was really recorded."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from agent_core.events import ApprovalNeeded, Event, ToolFinished, ToolProgress, TurnFinished
from agent_core.rl.api import Evaluation, Overview, Scored, ToolRecord
from agent_core.rl.beside import Came, Follows
from agent_core.rl.offline.registry import Registry
from agent_core.rl.store.store import Store
from agent_core.rl.telling import in_short, status
from agent_core.runtime import Runtime, open_runtime
from agent_core.tools.base import ToolContext
from agent_core.tools.rl import RlArgs, RlTool
from agent_core.workspace import Workspace
from tests.agent_core.rl.offline.test_registry import COMPARED, about, network
from tests.fakes.rl_records import history
from tests.fakes.session import make_session


def recorded(root: Path, count: int) -> None:
    """Some decisions, what was done with them, and their scores."""
    store = Store(Workspace.open(root))
    store.open()
    store.apply(history("elsewhere", count))
    store.close()


async def said(runtime: Runtime, line: str) -> tuple[ToolFinished, TurnFinished]:
    """What came of a line."""
    events: list[Event] = []
    with runtime.bus.subscribe() as subscription:
        runtime.session.submit(line)
        async for event in subscription:
            events.append(event)
            if isinstance(event, TurnFinished):
                break
    return next(event for event in events if isinstance(event, ToolFinished)), events[-1]  # type: ignore[return-value]


async def test_status_freeze_export_evaluate_reset(tmp_path: Path) -> None:
    recorded(tmp_path, 30)
    runtime = open_runtime(tmp_path, interactive=False, allow=("write",))
    try:
        found, _ = await said(runtime, "rl")
        assert found.text.startswith("policy     thompson, learning\ndecisions  10 shown, 10 scored\n")
        assert (found.data["scores"], found.data["frozen"]) == (10, False)
        assert found.summary == "thompson, 10 decisions scored"
        found, _ = await said(runtime, "rl freeze")
        assert found.data == {"frozen": True, "changed_it": True, "hits": [], "changed": [], "note": ""}
        assert "frozen" in (await said(runtime, "rl status"))[0].summary
        assert (await said(runtime, "rl freeze"))[0].summary == "frozen already"
        assert (await said(runtime, "rl thaw"))[0].summary == "learning"

        found, _ = await said(runtime, "rl export out.jsonl")
        lines = (tmp_path / "out.jsonl").read_text().splitlines()
        assert found.data["changed"] == ["out.jsonl"] and len(lines) == 32
        assert [json.loads(line)["type"] for line in lines[-2:]] == ["control", "control"]

        found, _ = await said(runtime, "rl evaluate")
        assert found.error is None
        assert found.data["decisions"] == 10 and not found.data["beats"]
        assert found.summary == found.data["verdict"] and f"{found.summary}\n\n" in found.text
        assert "not enough evidence" in found.text
        assert "No policy was trained yet" in found.text and found.data["trained"] is None

        found, _ = await said(runtime, "rl reset")
        assert (tmp_path / found.data["backup"]).is_file()
        found, _ = await said(runtime, "rl status")
        assert found.data["scores"] == 0 and "Nothing was learnt yet" in found.text
        assert (await said(runtime, "rl evaluate"))[0].data["decisions"] == 0
    finally:
        await runtime.aclose()


async def test_an_evaluation_says_what_the_trained_policy_is_worth(tmp_path: Path) -> None:
    """The one in use, although a newer one was trained; else the newest."""
    folder = Workspace.open(tmp_path).ensure_state_dir("rl") / "policies"
    registry = Registry(folder)
    network(0).save(tmp_path / "new.npz")
    for verdict in ("better", "no better"):
        registry.add(tmp_path / "new.npz", about(verdict))
    runtime = open_runtime(tmp_path, interactive=False)
    try:
        found, _ = await said(runtime, "rl evaluate")
        assert "policy 2, not in use: no better than the best fixed order" in found.text
        registry.promote(1)
        found, end = await said(runtime, "rl evaluate")
        assert end.exit == 0
        assert found.text.endswith(
            "\n\norder of checks\n"
            "policy 1, in use: saves 1.00 s over the best fixed order (95 %: 0.50 to 1.50)\n"
            "mean time to the first failure on 30 bugs that it never saw: 1.00 s\n"
            f"beside it: the best fixed order ({', '.join(COMPARED.order)}) 2.00 s, an oracle 0.50 s"
        )
        trained = found.data["trained"]
        assert (trained["version"], trained["in_use"], trained["comparison"]["oracle"]) == (1, True, 0.5)
        assert trained["verdict"].startswith("saves 1.00 s")
        (folder / "1" / "about.json").write_bytes(b"\x00")
        (folder / "2" / "about.json").write_bytes(b"{")
        found, end = await said(runtime, "rl evaluate")
        assert end.exit == 0 and found.data["trained"] is None
    finally:
        await runtime.aclose()


async def test_only_what_changes_something_asks(tmp_path: Path) -> None:
    (tmp_path / "there.txt").write_text("mine")
    recorded(tmp_path, 9)
    runtime = open_runtime(tmp_path, interactive=False)
    try:
        for line in ("rl", "rl freeze", "rl thaw"):
            assert (await said(runtime, line))[1].exit == 0, line
        for line, rule in (("rl reset", "write:rl reset"), ("rl export a.jsonl", "write:rl export a.jsonl")):
            found, end = await said(runtime, line)
            assert end.exit == 3 and found.error is not None
            assert f"--allow '{rule}'" in found.error.hint
        assert not (tmp_path / "a.jsonl").exists()
    finally:
        await runtime.aclose()


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("rl export", "usage", "needs a path"),
        ("rl export there.txt", "tool", "is there already"),
        ("rl export .", "tool", "is a folder"),
        ("rl export ../out", "path-outside", ""),
        ("rl status more", "usage", "takes nothing else"),
        ("rl reset --force", "usage", "takes nothing else"),
    ],
)
async def test_what_cannot_be_done_is_refused_before_it_is_asked_about(
    tmp_path: Path, line: str, code: str, words: str
) -> None:
    (tmp_path / "there.txt").write_text("mine")
    runtime = open_runtime(tmp_path, interactive=False)
    try:
        found, _ = await said(runtime, line)
        assert found.error is not None and found.error.code == code and words in found.error.message
        assert (tmp_path / "there.txt").read_text() == "mine"
    finally:
        await runtime.aclose()


async def test_force_replaces(tmp_path: Path) -> None:
    (tmp_path / "there.txt").write_text("mine")
    recorded(tmp_path, 3)
    runtime = open_runtime(tmp_path, interactive=False, allow=("write",))
    try:
        found, _ = await said(runtime, "rl export there.txt --force")
        assert found.error is None
        assert (tmp_path / "there.txt").read_text().count("\n") == 3
    finally:
        await runtime.aclose()


class Slow:
    """Learning whose evaluation takes until it is let go."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.running = asyncio.Event()
        self.ended = False

    async def evaluate(self) -> Evaluation:
        self.running.set()
        try:
            await self.go.wait()
        finally:
            self.ended = True
        return Evaluation(decisions=0, verdict="Nothing.")


async def test_a_long_evaluation_shows_that_it_goes_on_and_can_be_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent_core.tools.rl._FIRST_TOLD_S", 0.0)
    slow: Any = Slow()
    nothing: Any = None  # no training begins here
    session, seen = make_session(tmp_path, RlTool(learning=slow, tutor=nothing))
    session.submit("rl evaluate")
    await slow.running.wait()
    while not seen.of(ToolProgress):
        await asyncio.sleep(0.001)
    assert seen.one(ToolProgress).text.startswith("evaluating the recorded decisions")
    session.cancel()
    await session.idle()
    assert slow.ended and seen.one(TurnFinished).exit == 130
    assert not seen.of(ApprovalNeeded)
    await session.aclose()


def test_the_status_is_aligned_and_shows_hostile_text_literally() -> None:
    overview = Overview(
        policy="thompson\x1b[31m",
        frozen=True,
        decisions=1200,
        scores=1100,
        resets=1,
        broken=2,
        duplicates=1,
        trouble="no\nspace",
        state_file=".dspy_rl_state.json",
        events_file=".dspy_rl_events.jsonl",
        tools=(
            ToolRecord(tool="grep", first=120, observed=1400, mean=0.21, parts={"accepted": 30, "opened": 7}),
            ToolRecord(tool="ls"),
            ToolRecord(tool="emb-index", first=1),
        ),
        recent=(
            Scored(
                id="w:1",
                at=0.0,
                surface="pane",
                policy="p",
                first="a\x1b[2Jb",
                propensity=0.5,
                status="accepted",
                reward=0.5,
            ),
            Scored(
                id="w:2",
                at=-9e5,
                surface="turn",
                policy="p",
                first="ctx",
                propensity=0.002,
                status="ignored",
                reward=-0.3,
            ),
        ),
    )
    assert in_short(overview) == "thompson, frozen, 1,100 decisions scored"
    assert status(overview, now=100.0).splitlines() == [
        "policy     thompson, frozen: records and does not learn",
        "decisions  1,200 shown, 1,100 scored",
        "forgotten  1 time",
        "left out   2 broken records, 1 that came twice",
        "files      .dspy_rl_state.json, .dspy_rl_events.jsonl",
        "trouble    no space",
        "",
        "tool       first  observed  reward  accepted  used  opened  cited  verified  dismissed",
        "grep         120     1,400  +0.210        30     0       7      0         0          0",
        "emb-index      1         0       –         0     0       0      0         0          0",
        "",
        "last decisions",
        "1 min ago    pane  ab   50.0 %  accepted  +0.50",
        "10 days ago  turn  ctx   0.2 %  ignored   -0.30",
    ]


def test_what_was_taken_over_was_learnt() -> None:
    known = Overview(policy="thompson", tools=(ToolRecord(tool="ctx", observed=10, mean=0.4),))
    told = status(known, now=0.0)
    assert "+0.400" in told and "Nothing was learnt" not in told


async def test_stopping_what_is_being_stopped_says_so(tmp_path: Path) -> None:
    runtime = open_runtime(tmp_path, interactive=True)

    async def slow(_: Follows) -> Came:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.3)
        return Came(said="")

    try:
        runtime.training.begin("rl train", slow)
        await asyncio.sleep(0)
        for said in ("is kept", "It is being stopped."):
            tool = runtime.registry.get("rl")
            assert isinstance(tool, RlTool)
            context = ToolContext(workspace=runtime.workspace, settings=runtime.config.settings)
            assert said in (await tool.run(RlArgs(what="stop"), context)).text
    finally:
        await runtime.aclose()
