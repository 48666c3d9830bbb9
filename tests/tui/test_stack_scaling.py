"""What the autoscaler would do, as the Stack screen tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_core.config import Settings
from agent_core.errors import StackFault
from stack.scaling import Decision
from stack.watch import Reading
from tui.screens.stack_asks import autoscale
from tui.screens.stack_said import details
from tui.screens.stack_scaling import Scaling

GROWS = Decision(service="dspy-worker-backend", running=1, wanted=3, why="42 tasks wait", waiting=42)
WAITS = Decision(service="dspy-worker", running=2, wanted=2, why="3 tasks wait", waiting=3)
RESTS = Decision(service="dspy-worker-frontend", running=1, wanted=1, why="nothing waits", waiting=0)


@pytest.fixture
def scaling(tmp_path: Path) -> Scaling:
    """After a look."""
    made = Scaling(root=tmp_path, settings=Settings())
    made.decisions = (GROWS, WAITS, RESTS)
    return made


def shown(action: str) -> str:
    return {"stack.autoscale": "a"}[action]


def test_it_speaks_where_there_is_something_to_say(scaling: Scaling) -> None:
    assert scaling.said() == (
        "dspy-worker-backend: 1 -> 3, 42 tasks wait",
        "dspy-worker: 2 stays, 3 tasks wait",
    )
    assert scaling.said("dspy-worker") == ("dspy-worker: 2 stays, 3 tasks wait",)
    assert scaling.said("dspy-worker-frontend") == ()
    scaling.decisions = (Decision(service="w", running=1, wanted=1, why="not told", fault="not told"),)
    assert scaling.said() == ("w: 1 stays, not told",)


def test_the_screen_shows_it_with_its_key(scaling: Scaling) -> None:
    told = details(None, (), Reading(), 60, place="x", engine="e", shown=shown, scaling=scaling.said())
    text = "\n".join(line.text for line in told)
    assert "autoscaler  dspy-worker-backend: 1 -> 3, 42 tasks wait" in text
    assert "a does it once" in text
    quiet = details(None, (), Reading(), 60, place="x", engine="e", shown=shown)
    assert not any("autoscale" in line.text for line in quiet)


async def test_the_question_says_what_is_done(scaling: Scaling) -> None:
    ask = autoscale(scaling)
    assert "dspy-worker-backend: 1 -> 3" in ask.said and "dspy-tui stack autoscale" in ask.said
    with pytest.raises(StackFault):
        await scaling.operation()  # nothing runs that could do it
