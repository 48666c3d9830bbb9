"""Learning from what was recorded: what is learnt, and that it is the same each time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent_core.errors import TrainingFault
from agent_core.rl.offline import baselines
from agent_core.rl.offline.config import TrainingConfig
from agent_core.rl.offline.judging import cost_of_network
from agent_core.rl.offline.network import Header, Network
from agent_core.rl.offline.replay import Replay, observed, viewed
from tests.fixtures_rl import ACTIONS, told_changes, trainer

pytestmark = pytest.mark.rl
ppo = trainer("agent_core.rl.offline.ppo", "torch")
NAMES = observed(ACTIONS)


def learner(seed: int = 0, *, count: int = 32, changes: Any = None, **settings: Any) -> Any:
    changes = changes or told_changes(400, seed=1)
    own = ppo.Settings(**settings)
    header = Header(observed=NAMES, actions=ACTIONS, sizes=(len(NAMES), *own.units, len(ACTIONS)))
    world = Replay(changes, TrainingConfig(), count=count, seed=seed)
    return ppo.Ppo(world, header=header, settings=own, seed=seed)


@pytest.mark.parametrize("seed", [1, 2])
def test_it_beats_every_fixed_order_where_what_is_seen_tells_more(seed: int) -> None:
    own, others = told_changes(600, seed=10 + seed), told_changes(600, seed=20 + seed)
    learning = learner(seed, changes=own, lr=3e-3)
    for update in range(20):
        learning.update(16, lr=3e-3 * (1 - update / 20))
    fixed = baselines.cost_of_order(others, baselines.best_order(others)).mean()
    best = baselines.oracle_cost(others).mean()
    trained = cost_of_network(learning.network(), others, past=own).mean()
    assert trained < fixed - 0.6 * (fixed - best), (trained, fixed, best)


def test_where_what_is_seen_tells_nothing_it_finds_the_best_order() -> None:
    blind = told_changes(500, seed=3, noise=1.0)
    learning = learner(changes=blind, lr=3e-3)
    for update in range(20):
        learning.update(16, lr=3e-3 * (1 - update / 20))
    costs = [
        float(baselines.cost_of_order(blind, order).mean()) for order in ((0, 1, 2), (2, 1, 0), (1, 0, 2))
    ]
    assert cost_of_network(learning.network(), blind, past=blind).mean() < min(costs) * 1.05 < max(costs)


def test_numpy_and_torch_say_the_same() -> None:
    torch = ppo.torch
    learning = learner()
    learning.update(16, lr=1e-2)
    changes = told_changes(300, seed=5)
    seen = viewed(changes, past=changes)
    seen[:100, NAMES.index("lint.tried")] = 1
    with torch.no_grad():
        scores = learning.policy.scores(torch.from_numpy(seen)).numpy()
    ours = learning.network().scores(seen)
    assert (scores.argmax(axis=1) == ours.argmax(axis=1)).all() and (scores.argmax(axis=1)[:100] != 1).all()
    open_to = scores > -1e8
    assert ours[open_to] == pytest.approx(scores[open_to], abs=1e-5)


def test_what_has_run_is_never_chosen() -> None:
    class Watched(Replay):
        def step(self, actions: Any) -> Any:
            assert not self.tried[np.arange(len(actions)), actions].any()
            return super().step(actions)

    header = Header(observed=NAMES, actions=ACTIONS, sizes=(len(NAMES), 64, 64, len(ACTIONS)))
    world = Watched(told_changes(100, seed=1), TrainingConfig(), count=64)
    learning = ppo.Ppo(world, header=header, settings=ppo.Settings(), seed=0)
    for _ in range(3):
        learned = learning.update(32, lr=1e-2)
        assert 0 < learned.entropy < np.log(3) and learned.kl >= 0


def test_the_same_seed_gives_the_same_and_another_does_not() -> None:
    def weights(seed: int) -> Any:
        learning = learner(seed)
        said = [learning.update(16, lr=1e-3) for _ in range(3)]
        return said, learning.network().layers

    one, same, other = weights(4), weights(4), weights(5)
    assert one[0] == same[0] != other[0]
    pairs = zip(one[1], same[1], strict=True)
    assert all(np.array_equal(a, b) for left, right in pairs for a, b in zip(left, right, strict=True))


@pytest.mark.parametrize("horizon", [1, 2, 33])
@pytest.mark.parametrize("count", [1, 3])
def test_it_works_with_next_to_nothing(horizon: int, count: int) -> None:
    learning = learner(count=count, changes=told_changes(1, seed=2))
    learned = learning.update(horizon, lr=1e-3)
    assert np.isfinite([learned.cost, learned.reward, learned.entropy, learned.value_loss, learned.kl]).all()


def test_advantages_are_those_of_the_definition() -> None:
    random = np.random.default_rng(0)
    rewards, values = random.normal(size=(9, 2)), random.normal(size=(10, 2))
    ended = (random.random((9, 2)) < 0.3).astype(np.float64)
    own = learner(discount=0.9, smoothing=0.8)
    found = own._advantages(rewards, values, ended)
    for env in range(2):
        for step in range(9):
            expected, weight = 0.0, 1.0
            for later in range(step, 9):
                on = 0.9 * (1 - ended[later, env])
                expected += weight * (rewards[later, env] + on * values[later + 1, env] - values[later, env])
                weight *= on * 0.8
            assert found[step, env] == pytest.approx(expected)


def _broken_weights(learning: Any) -> None:
    next(learning.policy.critic.parameters()).data[0, 0] = float("nan")


def _broken_steps(learning: Any) -> None:
    learning.update(16, lr=1e38)


@pytest.mark.parametrize("breaks", [_broken_weights, _broken_steps])
def test_numbers_that_are_none_end_it(breaks: Callable[[Any], None], tmp_path: Path) -> None:
    learning = learner()
    learning.update(16, lr=1e-3)
    with pytest.raises(TrainingFault, match="not finite"):
        for _ in range(3):
            breaks(learning)
            learning.update(16, lr=1e-3)


def test_a_policy_that_was_learnt_is_saved_and_read(tmp_path: Path) -> None:
    own = learner().network()
    own.save(tmp_path / "policy.npz")
    read = Network.load(tmp_path / "policy.npz", observed=NAMES, actions=ACTIONS)
    changes = told_changes(20, seed=1)
    seen = viewed(changes, past=changes)
    assert np.array_equal(read.orders(seen), own.orders(seen))
