"""Learning in a real session: decisions, what came of them, and what lies on the disk afterwards."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from agent_core.events import Event, Notice, PlaceOpened, SuggestionsRanked, ToolSuggested, TurnFinished
from agent_core.files import locked
from agent_core.migrations import NewerState
from agent_core.rl.api import SAFE_TOOLS
from agent_core.rl.commands import command_of
from agent_core.rl.records import Control, Decision, Record, Score, Signal, from_line
from agent_core.runtime import Runtime, open_runtime
from agent_core.workspace import Workspace

ENV = {"DSPY_TUI_PROVIDER": "none", "DSPY_TUI_EMBEDDER": "none", "PATH": "/usr/bin:/bin"}
EVENTS, STATE = ".dspy_rl_events.jsonl", ".dspy_rl_state.json"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "port.py").write_text("def parse_port(text):\n    return int(text)\n")
    (tmp_path / "app.py").write_text("import port\n\nprint(port.parse_port('80'))\n")
    return tmp_path


class Watched:
    """A runtime, and everything that it published."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.events: list[Event] = []

    async def until(self, found: Callable[[], Any]) -> Any:
        for _ in range(20_000):
            if value := found():
                return value
            await asyncio.sleep(0.005)
        raise AssertionError(f"it never came to that: {self.events[-5:]}")

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    async def ranked(self, after: int = 0) -> SuggestionsRanked:
        """The last list, once there are more than so many."""
        await self.until(lambda: len(self.of(SuggestionsRanked)) > after)
        return self.of(SuggestionsRanked)[-1]

    async def run(self, text: str) -> TurnFinished:
        before = len(self.of(TurnFinished))
        self.runtime.session.submit(text)
        await self.until(lambda: len(self.of(TurnFinished)) > before)
        return self.of(TurnFinished)[-1]


@asynccontextmanager
async def opened(root: Path) -> AsyncIterator[Watched]:
    runtime = open_runtime(root, env=ENV, interactive=False, flags={"index_in_background": "false"})
    watched = Watched(runtime)

    async def follow() -> None:
        async for event in subscription:
            watched.events.append(event)

    with runtime.bus.subscribe() as subscription:
        following = asyncio.create_task(follow())
        try:
            yield watched
        finally:
            await runtime.aclose()
            await following


def records(root: Path) -> list[Record]:
    lines = (root / EVENTS).read_bytes().splitlines()
    return [from_line(line) for line in lines if b'"header"' not in line]


async def test_a_suggestion_is_made_taken_and_credited(root: Path) -> None:
    async with opened(root) as watched:
        learning = watched.runtime.learning
        learning.propose()
        ranked = await watched.ranked()
        assert ranked.evidence == "no evidence yet"
        assert {item.tool for item in ranked.items} == set(SAFE_TOOLS) - {"plan", "emb-index"}
        learning.shown(ranked.decision)
        place = 1 + [item.tool for item in ranked.items].index("grep")
        command = learning.accept(ranked.decision, place)
        assert command == 'grep "TODO|FIXME"'
        assert learning.accept("another", 1) is None
        assert learning.accept(ranked.decision, 99) is None
        await watched.run(command)
        await watched.ranked(after=1)
    decision, signal, score = records(root)
    assert isinstance(decision, Decision) and isinstance(signal, Signal) and isinstance(score, Score)
    assert decision.shown == tuple(item.tool for item in ranked.items)
    assert min(decision.propensities) > 0, "a floor keeps every one above 0"
    assert (signal.tool, signal.part) == ("grep", "accepted")
    assert score.decision == decision.id and score.status == "accepted"
    assert [one.tool for one in score.observed] == list(decision.shown[:place])
    state = json.loads((root / STATE).read_bytes())
    assert state["scores"] == 1 and state["decisions"] == 1


async def test_opening_what_was_found_is_worth_more(root: Path) -> None:
    async with opened(root) as watched:
        learning = watched.runtime.learning
        learning.propose()
        ranked = await watched.ranked()
        place = 1 + [item.tool for item in ranked.items].index("codectx")
        command = learning.accept(ranked.decision, place)
        assert command is not None
        await watched.run(command)
        watched.runtime.bus.publish(PlaceOpened(path="port.py", line=1))
        await watched.ranked(after=1)
    (score,) = [record for record in records(root) if isinstance(record, Score)]
    parts = {one.tool: set(one.parts) for one in score.observed}
    assert parts["codectx"] == {"accepted", "opened"}


async def test_a_list_that_nobody_saw_is_not_recorded(root: Path) -> None:
    async with opened(root) as watched:
        watched.runtime.learning.propose()
        await watched.ranked()
        await watched.run("tree")
        await watched.ranked(after=1)
    assert not (root / EVENTS).exists() or records(root) == []


async def test_a_question_is_preceded_by_what_would_be_suggested(root: Path) -> None:
    async with opened(root) as watched:
        await watched.run("where is parse_port defined?")
        (suggested,) = watched.of(ToolSuggested)
        kinds = [type(event).__name__ for event in watched.events]
        assert kinds.index("ToolSuggested") < kinds.index("ToolStarted"), "before the first action"
        said = suggested.suggestion
        assert (said.command, said.why) == command_of(said.tool, "where is parse_port defined?")
    decision, *rest = records(root)
    assert isinstance(decision, Decision)
    assert decision.surface == "turn" and decision.shown[0] == suggested.suggestion.tool
    (score,) = [record for record in rest if isinstance(record, Score)]
    assert score.decision == decision.id == suggested.decision
    assert score.decided_at == decision.at
    cited = {one.tool for one in score.observed if "cited" in one.parts}
    assert cited == {"grep"}, "the first turn of a session counts as any other"
    assert score.status == "used"


async def test_what_is_dismissed_stays_away_until_something_is_done(root: Path) -> None:
    async with opened(root) as watched:
        learning = watched.runtime.learning
        learning.propose()
        ranked = await watched.ranked()
        gone = ranked.items[1]
        learning.dismiss(ranked.decision, 2)
        rest = await watched.ranked(after=1)
        assert rest.decision == ranked.decision and gone not in rest.items
        assert len(rest.items) == len(ranked.items) - 1
        learning.propose()
        again = await watched.ranked(after=2)
        assert gone.tool not in [item.tool for item in again.items]
        await watched.run("tree")
        assert gone.tool in [item.tool for item in (await watched.ranked(after=3)).items]
    (score,) = [record for record in records(root) if isinstance(record, Score)]
    assert score.status == "dismissed"


async def test_what_was_learnt_is_there_next_time_with_its_reasons(root: Path) -> None:
    for _ in range(3):
        async with opened(root) as watched:
            learning = watched.runtime.learning
            learning.propose()
            ranked = await watched.ranked()
            place = 1 + [item.tool for item in ranked.items].index("tree")
            await watched.run(str(learning.accept(ranked.decision, place)))
    async with opened(root) as watched:
        watched.runtime.learning.propose()
        ranked = await watched.ranked()
        assert ranked.evidence == "3 scored"
        chances = [item.probability for item in ranked.items]
        assert all(chance is not None for chance in chances)
        assert sum(chance or 0 for chance in chances) == pytest.approx(1, abs=1e-6)
        assert all(item.reasons for item in ranked.items)
        overview = await watched.runtime.learning.overview()
        assert overview.scores == 3 and overview.decisions == 3
        assert {tool.tool: tool.parts for tool in overview.tools}["tree"] == {"accepted": 3}
        assert len(overview.recent) == len(overview.rewards) == 3


async def test_what_an_older_version_knew_is_evidence(root: Path) -> None:
    (root / STATE).write_text('{"tools":["tree","ls"],"values":[0.9,0.1],"counts":[40,40]}')
    async with opened(root) as watched:
        watched.runtime.learning.propose()
        ranked = await watched.ranked()
        assert ranked.evidence == "0 scored", "and yet it is not without evidence"
        values = {item.tool: item.value or 0.0 for item in ranked.items}
        assert values["tree"] > values["ls"]


async def test_while_frozen_nothing_is_learnt_and_a_reset_forgets(root: Path) -> None:
    async with opened(root) as watched:
        learning = watched.runtime.learning
        learning.propose()
        await watched.ranked()
        await learning.freeze(True)
        ranked = await watched.ranked(after=1)
        assert ranked.evidence == "no evidence yet, frozen"
        await watched.run(str(learning.accept(ranked.decision, 1)))
    (score,) = [record for record in records(root) if isinstance(record, Score)]
    assert not score.learn
    async with opened(root) as watched:
        learning = watched.runtime.learning
        assert (await learning.overview()).frozen
        await learning.freeze(False)
        backup = await learning.reset()
        assert backup.exists() and backup.parent == root
        overview = await learning.overview()
        assert (overview.scores, overview.resets, overview.frozen) == (0, 1, False)


async def test_where_nothing_can_be_kept_suggestions_come_all_the_same(root: Path) -> None:
    (root / ".dspy_tui").write_text("in the way")
    async with opened(root) as watched:
        watched.runtime.learning.propose()
        ranked = await watched.ranked()
        assert ranked.items
        assert watched.runtime.learning.accept(ranked.decision, 1)
        await watched.run("tree")
        assert (await watched.runtime.learning.overview()).trouble
        warnings = [event.message for event in watched.of(Notice) if event.level == "warning"]
        assert len([text for text in warnings if "learn" in text]) == 1, warnings


async def test_a_newer_log_is_said_to_be_one(root: Path) -> None:
    newer = '{"type":"header","schema":9,"generation":"x"}\n'
    (root / EVENTS).write_text(newer)
    async with opened(root) as watched:
        with pytest.raises(NewerState) as caught:
            await watched.runtime.learning.overview()
    assert EVENTS in caught.value.message and "schema 9" in caught.value.message and caught.value.hint
    assert (root / EVENTS).read_text() == newer


async def test_an_index_on_the_disk_is_no_missing_one(root: Path) -> None:
    for expected in (True, False):
        async with opened(root) as watched:
            await watched.run("where is parse_port?")
            await watched.run("index")
        decision = [record for record in records(root) if isinstance(record, Decision)][-1]
        assert ("no_index" in decision.features) is expected


async def test_a_session_that_waits_for_the_lock_ends_in_order(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent_core.rl.learning._PATIENCE_S", 0.02)
    monkeypatch.setattr("agent_core.rl.store.store._PATIENCE_S", 0.3)
    Workspace.open(root).ensure_state_dir()
    with locked(root / ".dspy_tui" / "learning"):
        async with opened(root) as watched:
            assert (await watched.run("where is parse_port?")).outcome == "answered"
            assert watched.of(ToolSuggested) == []
        (told,) = watched.of(Notice)
        assert "in use" in told.message, "it ended when its thread had done what it was at"


async def test_a_fault_of_learning_is_told_once_and_the_order_is_fixed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr("agent_core.rl.deciding.extract", broken)
    async with opened(root) as watched:
        for number in range(3):
            watched.runtime.learning.propose()
            ranked = await watched.ranked(after=number)
        assert [item.tool for item in ranked.items][:3] == ["ctx", "codectx", "grep"]
        assert (await watched.run("where is parse_port?")).outcome == "answered"
        assert len([event for event in watched.of(Notice) if "on purpose" in event.message]) == 1


async def test_every_record_is_handed_over_as_it_was_written(root: Path) -> None:
    left_by_a_kill = f"""
import os
from pathlib import Path
from tests.fakes.rl_records import decision, opened, signal
store = opened(Path({str(root)!r}))
store.append(signal(store.append(decision())))
os._exit(9)
"""
    assert subprocess.run([sys.executable, "-c", left_by_a_kill], check=False).returncode == 9
    before = records(root)
    lines: list[bytes] = []
    async with opened(root) as watched:
        learning = watched.runtime.learning
        learning.listen(lines.append)
        await watched.run("where is parse_port?")
        await learning.freeze(True)
        await learning.freeze(False)
        await learning.reset()
    written = [from_line(line) for line in lines]
    assert written == records(root)[len(before) :]
    assert isinstance(written[0], Score) and written[0].decision == before[0].id, "what the kill left"
    controls = [record.what for record in written if isinstance(record, Control)]
    assert controls == ["freeze", "thaw", "reset"]


async def test_where_nobody_looks_at_lists_none_is_made(root: Path) -> None:
    async with opened(root) as watched:
        await watched.runtime.learning.freeze(True)
        await watched.runtime.learning.reset()
        await watched.run("tree")
        assert watched.of(SuggestionsRanked) == []


async def test_a_session_without_questions_writes_nothing(root: Path) -> None:
    async with opened(root) as watched:
        await watched.run("tree")
    assert not (root / EVENTS).exists() and not (root / STATE).exists()
