"""Checks in the order of the policy in use, and policies that make no sense: a repository can bring one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from agent_core.changes.model import FileChange
from agent_core.rl.offline.network import Network
from agent_core.rl.offline.ordering import is_used, observation, trained_order
from agent_core.rl.offline.replay import observed
from agent_core.rl.offline.running import registry_of
from agent_core.verify.api import Kind, Verifier
from agent_core.workspace import Workspace
from tests.agent_core.rl.offline.test_registry import about, network

KINDS: tuple[Kind, ...] = ("run_tests", "lint", "build")
CHECKS = tuple(Verifier(name=kind, kind=kind, argv=(kind,)) for kind in KINDS)
CHANGES = (FileChange(path="a.py", before=b"x = 1\n", after=b"x = 2\n"),)

pytestmark = pytest.mark.filterwarnings("error")


def brought(root: Path, policy: Network, **told: object) -> Workspace:
    """A workspace with such a policy in use, of which its file tells so."""
    workspace = Workspace.open(root)
    registry = registry_of(workspace)
    policy.save(root / "new.npz")
    registry.promote(registry.add(root / "new.npz", about()).version)
    file = root / ".dspy_tui/rl/policies/1/about.json"
    plain: dict[str, Any] = json.loads(file.read_bytes())
    file.write_text(json.dumps({**plain, **told}))
    return workspace


def order_in(workspace: Workspace) -> tuple[str, ...] | None:
    order = trained_order(workspace, CHECKS, CHANGES)
    return tuple(each.name for each in order) if order else None


def test_checks_run_in_the_order_of_the_policy(tmp_path: Path) -> None:
    workspace = brought(tmp_path, network(2, linting=0.0))
    assert order_in(workspace) == ("build", "run_tests", "lint") and is_used(workspace)


def test_without_a_policy_nobody_has_to_ask_the_logs(tmp_path: Path) -> None:
    assert not is_used(Workspace.open(tmp_path))


@pytest.mark.parametrize(
    ("now", "seen"),
    [
        ({"log_errors": 0.6, "log_new": 0.2}, (0.6, 0.3)),
        ({"log_errors": 1.0}, (0.8, 0.3)),
        ({}, (0.1, 0.3)),
        (None, (0.5, 0.3)),
    ],
    ids=["now", "more-than-in-training", "nothing", "nobody-knows"],
)
def test_the_logs_are_seen_as_they_are_now(now: dict[str, float] | None, seen: tuple[float, float]) -> None:
    trained = msgspec.structs.replace(
        about(),
        logs={"log_errors": 0.5, "log_new": 0.3},
        logs_seen={"log_errors": (0.1, 0.8), "log_new": (0.3, 0.3)},
    )
    row = dict(zip(observed(trained.actions), observation(trained, CHANGES, now)[0], strict=True))
    assert np.allclose((row["log_errors"], row["log_new"]), seen)


@pytest.mark.parametrize(
    "told",
    [
        {"usual": [1.0, 2.0]},
        {"rates": [0.5] * 4},
        {"usual": []},
        {"actions": ["run_tests", "lint"]},
        {"usual": [1e300, 1.0, 1.0]},
        {"usual": [-1.0, 1.0, 1.0]},
        {"rates": [1e300, 0.5, 0.5]},
        {"logs": {"log_new": -1e300}},
        {"logs_seen": {"log_new": [0.0, 1e300]}},
        {"usual": [float("nan"), 1.0, 1.0]},
        {"rates": [0.5, 0.5, float("inf")]},
    ],
    ids=str,
)
def test_a_policy_of_which_nonsense_is_told_is_not_used(tmp_path: Path, told: dict[str, object]) -> None:
    assert order_in(brought(tmp_path, network(2), **told)) is None


def test_a_policy_whose_weights_come_to_no_numbers_is_not_used(tmp_path: Path) -> None:
    plain = network(2)
    (weights, biases) = plain.layers[0]
    huge = Network(plain.header, ((np.full_like(weights, 3e38), biases),))
    assert order_in(brought(tmp_path, huge)) is None
