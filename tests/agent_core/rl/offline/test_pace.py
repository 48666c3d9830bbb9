"""How steps are cut into updates."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.rl.offline.pace import Pace


@given(st.integers(1, 3_000_000), st.integers(1, 64))
def test_every_step_is_done_once(steps: int, envs: int) -> None:
    pace = Pace(steps, envs)
    done = [pace.horizon_of(update) for update in range(pace.updates)]
    assert sum(done) == pace.rounds and min(done) > 0
    assert steps <= sum(done) * envs < steps + envs
    assert pace.steps_after(0) == 0 and pace.steps_after(pace.updates) == sum(done) * envs
    looks = sum(pace.looks(update) for update in range(1, pace.updates + 1))
    assert 1 <= looks <= 61 and pace.looks(pace.updates)


def test_a_short_training_has_several_updates_and_a_long_one_large_batches() -> None:
    assert (Pace(300, 1).updates, Pace(1000, 4).updates) == (5, 16)
    assert Pace(1_000_000, 64).horizon * 64 == 2048
    assert [Pace(steps, 4).epochs for steps in (300, 10_000, 100_000, 1_000_000)] == [20, 11, 6, 4]


@pytest.mark.parametrize("envs", [1, 4, 16, 64])
def test_more_steps_are_more_training(envs: int) -> None:
    """Parts of batches that are learnt from; how many environments there are rounds a little."""
    steps = [300, 1000, 2048, 5000, 20_000, 60_000, 200_000, 1_000_000]
    learnt = [Pace(each, envs).updates * Pace(each, envs).epochs for each in steps]
    assert all(more > 1.05 * fewer for fewer, more in pairwise(learnt)), learnt
