"""The tasks of a newcomer, played on the real program: each is done, with the keys that are told of."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.record.__main__ import run, source
from scripts.record.player import ends_with
from scripts.record.tasks import TASKS, Recording

pytestmark = pytest.mark.terminal
SMALL = Path(__file__).parent.parent / "fixtures" / "redirects"
MOST_KEYS = 12


def done(task: Recording, where: Path) -> None:
    """The script goes through to its end, and its recording shows that when it is played again."""
    played = run(task, where)
    assert played.keys == [press.spelt for press in task.script.presses]
    assert len(played.keys) <= MOST_KEYS
    assert ends_with(played.tape, task.ending)


@pytest.mark.parametrize(
    "task", [each for each in TASKS if each.needs != "engine"], ids=lambda x: x.script.name
)
def test_a_newcomer_does_it(task: Recording) -> None:
    done(task, SMALL)


@pytest.mark.parametrize(
    "task", [each for each in TASKS if each.needs != "engine"], ids=lambda x: x.script.name
)
def test_a_newcomer_does_it_in_a_repository_of_others(task: Recording) -> None:
    where = source()
    if where is None:
        pytest.skip("the source of httpx is not there (DSPY_TUI_CORPORA)")
    done(task, where)
