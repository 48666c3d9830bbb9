"""Which bugs a policy is compared by."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from agent_core.rl.offline.gathering import held_out
from agent_core.rl.offline.mutations import KINDS, Mutation, MutationKind
from agent_core.rl.offline.planting import Bug


def dealt(kinds: Sequence[MutationKind], count: int) -> list[Bug]:
    """Bugs of these kinds in turn, as they are planted."""
    return [
        Bug(
            path="a.py",
            source="",
            mutation=Mutation(0, 0, "", kinds[number % len(kinds)], 1),
            id=f"{number:x}",
        )
        for number in range(count)
    ]


@pytest.mark.parametrize("kinds", range(1, len(KINDS) + 1))
def test_every_kind_is_on_both_sides(kinds: int) -> None:
    bugs = dealt(KINDS[:kinds], 3 * kinds + 5)
    held = held_out(bugs)
    assert int(held.sum()) == len(bugs) // 3
    for kind in KINDS[:kinds]:
        own = [bool(out) for bug, out in zip(bugs, held, strict=True) if bug.mutation.kind == kind]
        assert 0 < sum(own) <= len(own) - 2, kind


def test_a_bug_is_chosen_by_what_it_is_and_not_by_its_place() -> None:
    bugs = dealt(KINDS, 40)
    chosen = {bug.id for bug, out in zip(bugs, held_out(bugs), strict=True) if out}
    random.Random(1).shuffle(bugs)
    assert chosen == {bug.id for bug, out in zip(bugs, held_out(bugs), strict=True) if out}
    assert {number % 3 for number, bug in enumerate(dealt(KINDS, 40)) if bug.id in chosen} == {0, 1, 2}


@pytest.mark.parametrize("count", [0, 1, 2])
def test_of_too_few_none_is_held_out(count: int) -> None:
    assert not held_out(dealt(KINDS, count)).any()
