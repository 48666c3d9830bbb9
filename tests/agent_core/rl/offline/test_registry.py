"""Policies that are kept: which one is in use, the way back, and files that nobody here wrote."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from agent_core.errors import LearningFault, UsageError
from agent_core.rl.config import RlConfig
from agent_core.rl.offline.comparing import LEAST, Comparison, Verdict, compare
from agent_core.rl.offline.config import TrainingConfig
from agent_core.rl.offline.network import Header, Network
from agent_core.rl.offline.options import Options
from agent_core.rl.offline.registry import About, Registry
from agent_core.rl.offline.replay import observed
from tests.agent_core.rl.offline.test_replay import ACTIONS, episodes

COMPARED = Comparison(
    changes=30,
    policy=1.0,
    fixed=2.0,
    order=ACTIONS,
    oracle=0.5,
    bandits={},
    saved=(1.0, 0.5, 1.5),
    gap_closed=(0.6, 0.4, 0.8),
    verdict="better",
)


def about(verdict: Verdict = "better") -> About:
    return About(
        version=0,
        at=1.0,
        actions=ACTIONS,
        config=TrainingConfig(),
        options=Options(),
        data="d",
        project="p",
        changes=80,
        seconds=1.0,
        curve=(),
        comparison=msgspec.structs.replace(COMPARED, verdict=verdict),
        usual=(4.0, 2.0, 1.0),
        rates=(0.5, 0.5, 0.1),
    )


def network(first: int, *, linting: float = 9.0) -> Network:
    """One that lints where the first number that it sees says so; else it takes the action `first`."""
    names = observed(ACTIONS)
    weights = np.zeros((3, len(names)), dtype=np.float32)
    weights[1, 0] = linting
    biases = np.zeros(3, dtype=np.float32)
    biases[first] = 1.0
    header = Header(observed=names, actions=ACTIONS, sizes=(len(names), 3))
    return Network(header, ((weights, biases),))


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    network(0).save(tmp_path / "new.npz")
    return tmp_path / "new.npz"


def test_versions_are_used_and_left_again(tmp_path: Path, policy: Path) -> None:
    registry = Registry(tmp_path / "policies")
    assert registry.in_use is None and registry.all() == ()
    with pytest.raises(LearningFault, match="No trained policy"):
        registry.roll_back()
    one, two = registry.add(policy, about()), registry.add(policy, about())
    assert [each.version for each in registry.all()] == [2, 1] and registry.in_use is None
    registry.promote(one.version)
    registry.promote(two.version)
    registry.promote(two.version)
    assert registry.in_use == two and registry.load(two).header.actions == ACTIONS
    assert registry.roll_back() == 1 and registry.in_use == one
    assert registry.roll_back() == 0 and registry.in_use is None


def test_the_way_back_leads_past_what_is_gone(tmp_path: Path, policy: Path) -> None:
    registry = Registry(tmp_path / "policies")
    for _ in range(4):
        registry.promote(registry.add(policy, about()).version)
    shutil.rmtree(tmp_path / "policies/3")
    (tmp_path / "policies/1/about.json").write_text("{")
    assert registry.roll_back() == 2 and registry.in_use is not None and registry.in_use.version == 2
    assert registry.roll_back() == 0 and registry.in_use is None


def test_what_is_no_folder_has_no_policies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "policies").write_text("of no matter")
    registry = Registry(tmp_path / "policies")
    assert registry.all() == () and registry.in_use is None
    with pytest.raises(UsageError, match="no policy 1"):
        registry.promote(1)
    with pytest.raises(LearningFault, match="No trained policy"):
        registry.roll_back()

    def closed(path: Path) -> object:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", closed)
    assert registry.all() == ()


@pytest.mark.parametrize("verdict", ["no better", "not enough evidence"])
def test_what_is_not_better_is_not_used(tmp_path: Path, policy: Path, verdict: Verdict) -> None:
    registry = Registry(tmp_path / "policies")
    registry.add(policy, about(verdict))
    with pytest.raises(LearningFault, match="is not used"):
        registry.promote(1)
    with pytest.raises(UsageError, match="no policy 7"):
        registry.promote(7)
    assert registry.in_use is None


def test_files_that_are_broken_are_no_policies(tmp_path: Path, policy: Path) -> None:
    registry = Registry(tmp_path / "policies")
    made = registry.add(policy, about())
    registry.promote(1)
    (tmp_path / "policies/1/policy.npz").write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(LearningFault, match="cannot be used"):
        registry.load(made)
    (tmp_path / "policies/1/about.json").write_text('{"version": "many"}')
    assert registry.all() == () and registry.in_use is None
    (tmp_path / "policies/in-use.json").write_text("{")
    assert registry.in_use is None
    registry.add(policy, about())
    assert registry.promote(2) == registry.in_use


def test_old_versions_go_but_the_one_in_use(tmp_path: Path, policy: Path) -> None:
    registry = Registry(tmp_path / "policies")
    registry.add(policy, about())
    registry.promote(1)
    for _ in range(25):
        registry.add(policy, about())
    versions = [each.version for each in registry.all()]
    assert len(versions) == 21 and versions[-1] == 1
    assert registry.in_use is not None and registry.in_use.version == 1


def test_a_policy_is_compared_on_what_it_did_not_see() -> None:
    held, past = episodes(60, seed=4), episodes(60, seed=5)
    good = compare(network(0), held, config=RlConfig(), past=past)
    assert good.verdict == "better" and good.policy == pytest.approx(good.oracle)
    assert good.gap_closed is not None and good.gap_closed[0] == pytest.approx(1.0)
    assert set(good.bandits) == {"epsilon-greedy", "ucb1", "thompson"}
    bad = compare(network(2, linting=-9.0), held, config=RlConfig(), past=past)
    assert bad.verdict == "no better" and bad.policy > bad.fixed
    few = compare(network(0), held.of(np.arange(LEAST - 1)), config=RlConfig(), past=past)
    assert few.verdict == "not enough evidence" and few.changes == LEAST - 1
    silent: Any = held.of(np.arange(5))
    silent.found[:] = False
    assert compare(network(0), silent, config=RlConfig(), past=past).changes == 0
