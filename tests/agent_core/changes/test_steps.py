"""The steps from old lines to new ones lead there, of many lines too."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.changes import steps as module
from agent_core.changes.steps import steps

LINES = st.lists(st.integers(0, 30), max_size=60)


def lead(old: list[int], new: list[int]) -> None:
    found = steps(old, new)
    made: list[int] = []
    at = (0, 0)
    previous = ""
    for tag, i1, i2, j1, j2 in found:
        assert (i1, j1) == at and (i2 > i1 or j2 > j1)
        assert not (tag == previous == "equal"), "equal lines are one step"
        assert tag != "equal" or old[i1:i2] == new[j1:j2]
        made += old[i1:i2] if tag == "equal" else new[j1:j2]
        at, previous = (i2, j2), tag
    assert made == new and at == (len(old), len(new))


@given(LINES, LINES)
def test_steps_lead_from_old_to_new(old: list[int], new: list[int]) -> None:
    lead(old, new)


@given(LINES, LINES)
def test_so_they_do_by_lines_that_are_there_once(old: list[int], new: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_MANY", 2)
        lead(old, new)


def test_a_change_of_every_third_of_many_lines_keeps_the_others() -> None:
    old = list(range(12_000))
    new = [-line if line % 3 == 0 else line for line in old]
    kept = sum(step[2] - step[1] for step in steps(old, new) if step[0] == "equal")
    assert kept == 8_001
    lead(old, new)
