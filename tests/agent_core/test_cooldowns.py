"""Cooldowns: they hold over restarts and sessions, and whatever lies in place of their file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent_core.config import Settings
from agent_core.cooldowns import Cooldowns, seconds_of
from agent_core.events import Event, Notice
from agent_core.workspace import Workspace


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def cooldowns(root: Path, clock: Clock, events: list[Event] | None = None) -> Cooldowns:
    publish = (events if events is not None else []).append
    seconds = seconds_of(Settings(emb_index_cooldown=600, index_cooldown=60))
    return Cooldowns(workspace=Workspace.open(root), seconds=seconds, publish=publish, clock=clock)


async def test_a_cooldown_runs_out(tmp_path: Path) -> None:
    clock = Clock()
    kept = cooldowns(tmp_path, clock)
    assert kept.all() == {} and kept.remaining("index") == 0
    assert not (tmp_path / ".dspy_tui").exists(), "asking writes nothing"
    await kept.begin("index")
    clock.now += 20
    await kept.begin("emb-index")
    assert kept.all() == {"index": 40, "emb-index": 600}
    clock.now += 40
    assert kept.all() == {"emb-index": 560}
    assert kept.remaining("index") == 0 and kept.remaining("grep") == 0


async def test_it_survives_a_restart_and_binds_every_session(tmp_path: Path) -> None:
    clock = Clock()
    first, second = cooldowns(tmp_path, clock), cooldowns(tmp_path, clock)
    await first.begin("index")
    await second.begin("emb-index")
    clock.now += 10
    for kept in (first, second, cooldowns(tmp_path, clock)):
        assert kept.all() == {"index": 50, "emb-index": 590}


async def test_a_clock_that_was_set_back_blocks_nothing(tmp_path: Path) -> None:
    clock = Clock()
    await cooldowns(tmp_path, clock).begin("index")
    clock.now -= 86_400
    assert cooldowns(tmp_path, clock).all() == {}


@pytest.mark.parametrize("text", ["", "{", '{"ran": [1]}', '{"ran": {"index": "soon"}}', "\0\xff"])
async def test_a_broken_file_is_kept_aside_and_named(tmp_path: Path, text: str) -> None:
    clock, events = Clock(), list[Event]()
    await cooldowns(tmp_path, clock).begin("index")
    state = tmp_path / ".dspy_tui" / "cooldowns.json"
    state.write_text(text)
    kept = cooldowns(tmp_path, clock, events)
    assert kept.all() == {}
    (notice,) = events
    assert isinstance(notice, Notice) and "cooldowns.json" in notice.message and "broken" in notice.message
    (aside,) = state.parent.glob("cooldowns.json.bad-*")
    assert aside.read_text() == text
    await kept.begin("emb-index")
    assert json.loads(state.read_text())["schema"] == 1
    assert kept.all() == {"emb-index": 600} and len(events) == 1


async def test_what_has_no_cooldown_is_left_alone_whatever_the_file_says(tmp_path: Path) -> None:
    clock = Clock()
    (tmp_path / ".dspy_tui").mkdir()
    (tmp_path / ".dspy_tui" / "cooldowns.json").write_text('{"ran": {"grep": 1e300, "index": -1e300}}')
    assert cooldowns(tmp_path, clock).all() == {}


async def test_where_nothing_can_be_written_it_holds_for_the_session(tmp_path: Path) -> None:
    (tmp_path / ".dspy_tui").write_text("a file, where the folder should be")
    kept = cooldowns(tmp_path, Clock())
    await kept.begin("index")
    assert kept.remaining("index") == 60


async def test_no_cooldown_where_the_setting_is_zero(tmp_path: Path) -> None:
    kept = Cooldowns(
        workspace=Workspace.open(tmp_path),
        seconds=seconds_of(Settings(index_cooldown=0)),
        publish=lambda _: None,
        clock=Clock(),
    )
    await kept.begin("index")
    assert kept.remaining("index") == 0
