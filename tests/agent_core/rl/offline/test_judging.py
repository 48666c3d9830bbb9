"""Judging a policy by changes that it was not trained on."""

from __future__ import annotations

import numpy as np
import pytest

from agent_core.rl.offline import baselines
from agent_core.rl.offline.judging import Judge, cost_of_network, split
from agent_core.rl.offline.network import Header, Network
from agent_core.rl.offline.replay import MOST_PAST, observed, viewed
from tests.fixtures_rl import ACTIONS, WIDTH, told_changes

NAMES = observed(ACTIONS)


def always(order: tuple[int, ...]) -> Network:
    """A policy that looks at nothing."""
    header = Header(observed=NAMES, actions=ACTIONS, sizes=(len(NAMES), len(ACTIONS)))
    scores = np.zeros(len(ACTIONS), dtype=np.float32)
    scores[list(order)] = (2.0, 1.0, 0.0)
    return Network(header, ((np.zeros((len(ACTIONS), len(NAMES)), dtype=np.float32), scores),))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_a_policy_that_looks_at_nothing_is_a_fixed_order(order: tuple[int, ...]) -> None:
    changes = told_changes(200, seed=4)
    costs = baselines.cost_of_order(changes, order)
    assert cost_of_network(always(order), changes, past=changes) == pytest.approx(costs)
    judged = Judge(changes, past=changes).judge(always(order))
    assert judged.cost == pytest.approx(costs.mean())
    assert 0 < judged.share <= 1.2


def test_a_policy_that_knows_costs_what_the_oracle_does() -> None:
    changes = told_changes(300, seed=5, noise=0.0)
    weights = np.zeros((len(ACTIONS), len(NAMES)), dtype=np.float32)
    weights[1, 1], weights[2, 2] = 2.0, 2.0
    header = Header(observed=NAMES, actions=ACTIONS, sizes=(len(NAMES), len(ACTIONS)))
    knowing = Network(header, ((weights, np.array([1.0, 0.0, 0.0], dtype=np.float32)),))
    assert cost_of_network(knowing, changes, past=changes) == pytest.approx(baselines.oracle_cost(changes))


def test_of_a_project_the_last_changes_of_its_past_are_seen_and_no_others() -> None:
    changes, past = told_changes(40, seed=6), told_changes(400, seed=7)
    past = past.of(np.flatnonzero(past.project == 1))
    seen = viewed(changes, past=past)
    rates = seen[:, -len(ACTIONS) :]
    told = past.found[-MOST_PAST:].sum(axis=0)
    assert rates[changes.project == 1] == pytest.approx(
        np.tile((told + 1) / (MOST_PAST + 2), (int((changes.project == 1).sum()), 1))
    )
    assert (rates[changes.project == 0] == 0.5).all(), "of another project nothing is known"
    assert (seen[:, WIDTH : WIDTH + len(ACTIONS)] == 0).all(), "nothing has run"


def test_a_fifth_of_each_project_is_held_out_by_the_seed() -> None:
    changes = told_changes(500, seed=7)
    own, held = split(changes, seed=1)
    assert len(own) + len(held) == 500
    for number in (0, 1):
        there = int((changes.project == number).sum())
        assert int((held.project == number).sum()) == there // 5
    again, other = split(changes, seed=1)[1], split(changes, seed=2)[1]
    assert np.array_equal(held.features, again.features)
    assert not np.array_equal(held.features, other.features)
    both = np.concatenate([own.features, held.features])
    assert len(np.unique(both, axis=0)) == 500, "no change is in both"


def test_where_there_are_few_all_are_for_both() -> None:
    few = told_changes(8, seed=8)
    own, held = split(few, seed=0)
    assert own is few and held is few
