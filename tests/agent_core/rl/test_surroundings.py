"""The situation as it develops from what happens in a session."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent_core.errors import ErrorInfo
from agent_core.events import ToolFinished, TurnFinished, TurnKind, TurnStarted, Usage
from agent_core.index.api import IndexStatus
from agent_core.logs.api import Digest, EventKind, KeyEvent, LevelName
from agent_core.rl.situation import Situation
from agent_core.rl.surroundings import Surroundings
from agent_core.workspace import Workspace
from tests.fakes.git import git


def begin(text: str, kind: TurnKind = "task") -> TurnStarted:
    return TurnStarted(turn_id="t", text=text, kind=kind)


def end(exit: int = 0, error: str = "", **data: Any) -> TurnFinished:  # noqa: A002
    return TurnFinished(
        turn_id="t", outcome="answered", reason="", text="", exit=exit, seconds=0.0, usage=Usage(), data=data,
        error=ErrorInfo(error, "") if error else None,
    )  # fmt: skip


def ran(name: str) -> ToolFinished:
    return ToolFinished(turn_id="t", call_id="c", name=name, summary="", text="", seconds=0.0, data={})


def now(surroundings: Surroundings, *, acting: bool = False) -> Situation:
    return surroundings.situation(IndexStatus(), acting=acting)


def test_before_anything_happened_nothing_is_known() -> None:
    assert now(Surroundings()) == Situation(index=IndexStatus())


def test_a_question_and_the_commands_that_are_one_are_what_was_asked() -> None:
    seen = Surroundings()
    seen.take(begin(" add a retry to @src/port.py and @src/port.py, mail a@b.c "))
    assert now(seen, acting=True) == Situation(
        asked="add a retry to @src/port.py and @src/port.py, mail a@b.c",
        mentions=1, wants_change=True, acting=True, index=IndexStatus(),
    )  # fmt: skip
    seen.take(begin("/esearch where is the port read", "command"))
    assert (now(seen).asked, now(seen).wants_change) == ("where is the port read", False)
    seen.take(begin("edit the port is wrong"))
    assert (now(seen).asked, now(seen).wants_change) == ("edit the port is wrong", True)
    for other in ("tree src", "esearch", "ls"):
        seen.take(begin(other, "command"))
    assert now(seen).asked == "edit the port is wrong"


def test_tools_and_how_the_last_turn_ended() -> None:
    seen = Surroundings()
    for number in range(20):
        seen.take(ran(f"tool{number}"))
    assert now(seen).recent[:2] == ("tool19", "tool18") and len(now(seen).recent) < 20
    seen.take(end(hits=[{"path": "a"}, {"path": "b"}]))
    assert (now(seen).failed, now(seen).cited, seen.turns) == (False, 2, 1)
    seen.take(end(exit=1))
    assert (now(seen).failed, now(seen).cited, seen.turns) == (True, 0, 2)
    seen.take(end(error="model"))
    assert now(seen).failed


@pytest.mark.parametrize(
    ("events", "errors", "new"),
    [
        ((), 0, 0),
        ((("rare", "error"), ("trace", ""), ("new", "fatal"), ("new", "info")), 3, 2),
    ],
)
def test_the_logs(events: tuple[tuple[EventKind, LevelName], ...], errors: int, new: int) -> None:
    seen = Surroundings()
    told = [
        KeyEvent(id=str(number), kind=kind, level=level, source="app.log", first=1, last=1, text="")
        for number, (kind, level) in enumerate(events)
    ]
    seen.see_logs(Digest(events=tuple(told)))
    assert (now(seen).log_errors, now(seen).log_new) == (errors, new)


async def test_what_git_says_is_asked_for_now_and_then(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "new.py").touch()
    seen = Surroundings()
    await seen.look_at_git(Workspace.open(tmp_path))
    assert now(seen).changed == 1
    (tmp_path / "newer.py").touch()
    await seen.look_at_git(Workspace.open(tmp_path))
    assert now(seen).changed == 1, "asked just before"


async def test_without_a_repository_nothing_is_known_of_changes(tmp_path: Path) -> None:
    seen = Surroundings()
    await seen.look_at_git(Workspace.open(tmp_path))
    assert now(seen).changed is None
