"""What a language server says, at the question about a change."""

from __future__ import annotations

import pytest

from agent_core.verify.api import Finding, Report
from tests.fakes.changes import FILES, asked
from tests.fakes.screen import FakeRuntime
from tests.tui.conftest import screen_text, until
from tests.tui.test_review import asking
from tui.widgets.diff.view import DiffView

PATH = FILES[0].path
REPORT = Report(
    verifier="pyright-langserver",
    kind="lint",
    command=".venv/bin/pyright-langserver --stdio",
    state="failed",
    findings=(
        Finding(path="else/where.py", line=5, column=15, code="reportOperatorIssue", message="no [b]sense"),
        Finding(path=PATH, line=1, column=2, code="reportX", message="doubtful", severity="warning"),
    ),
    sandboxed=True,
    advisory=True,
)


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_places_have_columns_and_those_beside_the_change_are_said(
    runtime: FakeRuntime, size: tuple[int, int]
) -> None:
    async with asking(runtime, asked(reports=(REPORT,)), size) as (pilot, app, screen):
        text = screen_text(app)
        assert "▲ pyright-langserver fails with it" in text and "2 new findings" in text
        if size[1] >= 32:
            assert "else/where.py:5:15  reportOperatorIssue  no [b]sense" in text
            assert f"{PATH}:1:2  warning  reportX  doubtful" in text
        await pilot.press("c")
        await until(pilot, lambda: "That place is not in the change" in screen_text(app))
        assert "else/where.py:5" in screen_text(app)
        await pilot.press("c")
        assert screen.query_one(DiffView).spot[0] in range(len(FILES))
