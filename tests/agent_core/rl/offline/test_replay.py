"""Recorded changes as environments, and what the simple policies make of them."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from agent_core.rl.offline import baselines
from agent_core.rl.offline.config import TrainingConfig
from agent_core.rl.offline.episodes import Episodes
from agent_core.rl.offline.replay import ACTION_FEATURES, LOG_FEATURES, Replay, observed

ACTIONS = ("run_tests", "lint", "build")
FIXED = len(observed(ACTIONS)) - len(ACTION_FEATURES) * len(ACTIONS)


def episodes(count: int = 300, *, seed: int = 1) -> Episodes:
    """Two projects; the first feature says that lint finds it, else tests do, dear in the second."""
    random = np.random.default_rng(seed)
    linted = random.random(count) < 0.5
    project = np.arange(count) % 2
    found = np.stack([~linted, linted, np.zeros(count, dtype=bool)], axis=1)
    seconds = np.tile(np.array([4.0, 2.0, 1.0], dtype=np.float32), (count, 1))
    seconds[project == 1, 0] = 20.0
    features = np.zeros((count, FIXED), dtype=np.float32)
    features[:, 0] = linted
    return Episodes(ACTIONS, features, found, seconds, project.astype(np.int64), ("one", "two"))


def test_what_is_seen_has_a_name_each() -> None:
    replay = Replay(episodes(), TrainingConfig(), count=4)
    names = observed(ACTIONS)
    assert replay.reset().shape == (4, len(names)) and len(set(names)) == len(names)
    assert names[-9:] == tuple(f"{action}.{name}" for name in ACTION_FEATURES for action in ACTIONS)
    assert names[FIXED - 2 : FIXED] == LOG_FEATURES


def test_an_episode_ends_with_the_first_failure() -> None:
    some = episodes()
    replay = Replay(some, TrainingConfig(), count=64, seed=3)
    seen = replay.reset().copy()
    linted = seen[:, 0] > 0
    stepped = replay.step(np.ones(64, dtype=np.int64))
    assert (stepped.ended == linted).all() and (stepped.seconds == 2.0).all()
    shares = seen[:, FIXED + len(ACTIONS) + 1]
    assert stepped.rewards == pytest.approx(linted - shares, abs=1e-5)
    assert (stepped.seen[~linted, FIXED + 1] == 1).all(), "that it has run is seen"
    assert (stepped.seen[linted, FIXED : FIXED + 3] == 0).all(), "the next change begins"


def test_what_has_run_is_known_and_costs_next_to_nothing() -> None:
    replay = Replay(episodes(), TrainingConfig(), count=8, seed=3)
    replay.reset()
    builds = np.full(8, 2)
    assert not replay.step(builds).ended.any()
    for _ in range(4):
        stepped = replay.step(builds)
        assert not stepped.ended.any() and (stepped.seconds == 0).all() and (stepped.rewards < 0).all()
    assert replay.step(builds).ended.all(), "nobody asks for ever"


def test_measures_of_a_module_count_as_they_are_weighed() -> None:
    some = episodes(20)
    some.measures["coverage"] = np.full((20, 3), 0.5, dtype=np.float32)  # pyright: ignore[reportIndexIssue]
    replay = Replay(some.of(np.arange(10)), TrainingConfig(weights={"coverage": 2.0}), count=4)
    replay.reset()
    assert replay.step(np.zeros(4, dtype=np.int64)).rewards == pytest.approx([1.0] * 4)


def test_it_goes_on_as_if_it_had_not_been_left() -> None:
    some, random = episodes(), np.random.default_rng(0)
    one = Replay(some, TrainingConfig(), count=16, seed=5)
    one.reset()
    one.step(random.integers(3, size=16))
    other = Replay(some, TrainingConfig(), count=16, seed=99)
    other.go_on(one.state())
    for _ in range(50):
        actions = random.integers(3, size=16)
        left, right = one.step(actions), other.step(actions)
        assert all(np.array_equal(a, b) for a, b in zip(left, right, strict=True))


def test_costs_are_those_of_the_definition() -> None:
    some = episodes(60)
    for order in itertools.permutations(range(3)):
        by_hand: list[float] = []
        for task in range(len(some)):
            spent = 0.0
            for action in order:
                spent += float(some.seconds[task, action])
                if some.found[task, action]:
                    break
            by_hand.append(spent)
        assert baselines.cost_of_order(some, order) == pytest.approx(by_hand)
    best = baselines.best_order(some)
    assert best == (1, 0, 2)
    assert (baselines.oracle_cost(some) <= baselines.cost_of_order(some, best) + 1e-9).all()


@pytest.mark.parametrize(
    "chooser",
    [
        lambda: baselines.EpsilonGreedy(3, epsilon=0.1, seed=0),
        lambda: baselines.Ucb1(3, c=0.2),
        lambda: baselines.Thompson(3, seed=0),
    ],
)
def test_those_that_learn_find_a_good_order(chooser: Any) -> None:
    some = episodes(800)
    cost = baselines.cost_of_chooser(some, chooser())
    worst = baselines.cost_of_order(some, (2, 0, 1)).mean()
    best = baselines.cost_of_order(some, (1, 0, 2)).mean()
    assert cost[400:].mean() < best + 0.25 * (worst - best)


def test_projects_are_told_apart() -> None:
    some = episodes(100)
    others, own = some.with_project("two")
    assert (len(others), len(own)) == (50, 50)
    assert own.usual[1] == pytest.approx([20.0, 2.0, 1.0]) and not own.usual[0].any()
    assert len(some.told()) == len(some)
    nothing = Episodes(ACTIONS, some.features, some.found & False, some.seconds, some.project, some.names)
    assert len(nothing.told()) == 0
    with pytest.raises(ValueError, match="nothing to replay"):
        Replay(nothing.told(), TrainingConfig(), count=1)


def test_an_interval_holds_what_it_says() -> None:
    values = np.random.default_rng(0).normal(5.0, 1.0, size=400)
    low, high = baselines.interval(lambda rows: float(values[rows].mean()), 400)
    assert low < values.mean() < high and 0.15 < high - low < 0.25
