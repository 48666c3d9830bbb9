"""How a task that changed files shows in the conversation, from its proposal to its end."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from agent_core.changes.hunks import unified
from agent_core.changes.model import FileChange
from agent_core.checkpoints.api import ChangedFile
from agent_core.events import (
    ApprovalNeeded,
    Event,
    Outcome,
    ToolFinished,
    ToolStarted,
    TurnFinished,
    TurnStarted,
    Usage,
    WorkspaceChanged,
)
from tests.fakes.changes import MENDED, SERVER, TEST
from tests.fakes.screen import FakeRuntime
from tests.tui.conftest import app_of, screen_text, settled, tell, text_of, until
from tui.screens.approve import ApproveScreen, rules_of

Compare = Callable[..., bool]
PATCH = "".join(
    unified(FileChange(path=path, before=before, after=after.encode()))
    for path, before, after in (
        ("src/server.py", SERVER.encode(), MENDED),
        ("tests/test_client.py", None, TEST),
    )
)
BEGIN: list[Event] = [
    TurnStarted(turn_id="t1", text="/edit wait between two attempts", kind="task"),
    ToolStarted(
        turn_id="t1", call_id="c1", name="edit", command="edit src/server.py, tests/test_client.py",
        action="read",
    ),
    ToolFinished(
        turn_id="t1", call_id="c1", name="edit", summary="proposes +17 -3 in 2 files", text=PATCH, data={},
        seconds=0.02,
    ),
    WorkspaceChanged(
        turn_id="t1", number=4, total=2, added=17, removed=3,
        files=(
            ChangedFile(path="src/server.py", how="changed"),
            ChangedFile(path="tests/test_client.py", how="created"),
        ),
    ),
]  # fmt: skip
CHECKS = "ruff check .\npython -m pytest -q tests/test_client.py\npython -m pytest -q"
RUN = ApprovalNeeded(
    turn_id="t1",
    call_id="c9",
    action="run",
    command=CHECKS,
    reason="They check what the model wrote, in a copy of the workspace, without network (bubblewrap).",
    rule=", ".join(f"run:{line}" for line in CHECKS.splitlines()),
)


def end(outcome: Outcome, reason: str, **data: object) -> TurnFinished:
    return TurnFinished(
        turn_id="t1", outcome=outcome, reason=reason, text="", exit=0, seconds=14.2, usage=Usage(), data=data
    )


@pytest.mark.parametrize(
    ("finished", "said"),
    [
        (
            end("verified", "pytest passed (13 tests)", verified=["pytest -q"], undo=4),
            "✓ verified: pytest passed (13 tests) · Alt+Z takes it back · 14 s",
        ),
        (
            end("changed", "pytest failed (1 new finding)", verified=[], undo=4),
            "✎ changed, not verified: pytest failed (1 new finding) · Alt+Z takes it back · 14 s",
        ),
        (end("changed", "", verified=[], undo=0), "✎ changed, not verified · 14 s"),
        (end("changed", "2 files moved", undo=5), "✎ changed: 2 files moved · Alt+Z takes it back · 14 s"),
        (end("answered", ""), "✓ answered · 14 s"),
    ],
)
async def test_the_end_says_what_is_known_and_what_takes_it_back(
    runtime: FakeRuntime, finished: TurnFinished, said: str
) -> None:
    async with app_of(runtime).run_test(size=(160, 50)) as pilot:
        app = await settled(pilot)
        await tell(pilot, runtime, *BEGIN, finished)
        assert text_of(app).rstrip().endswith(said)
        assert "src/server.py\n" in text_of(app).replace("  │ ", "")
        assert "+import logging" in text_of(app) and "more lines" in text_of(app)
        assert "diff --git" not in text_of(app)


async def test_each_program_and_each_rule_has_its_line(runtime: FakeRuntime) -> None:
    assert rules_of("write:a, b.py, write:c.py") == ["write:a, b.py", "write:c.py"]
    async with app_of(runtime).run_test(size=(100, 30)) as pilot:
        app = await settled(pilot)
        await tell(pilot, runtime, RUN)
        await until(pilot, lambda: isinstance(app.screen, ApproveScreen))
        assert "Run these commands?" in screen_text(app)
        rows = [
            row.partition("run:")[2].split("  ")[0] for row in screen_text(app).split("\n") if "run:" in row
        ]
        assert rows == CHECKS.splitlines()


def test_changed(snap_compare: Compare, runtime: FakeRuntime) -> None:
    async def look(pilot: Pilot[None]) -> None:
        app = await settled(pilot)
        finished = end("verified", "pytest passed (13 tests); ruff passed", verified=["pytest -q"], undo=4)
        await tell(pilot, runtime, *BEGIN, finished)
        await until(pilot, lambda: not app.work.transcript._bar_late)

    assert snap_compare(app_of(runtime), terminal_size=(120, 36), run_before=look)
