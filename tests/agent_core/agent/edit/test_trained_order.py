"""The order of the checks that was learnt, in a task that changes files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest

from agent_core.agent.edit.flow import change
from agent_core.events import ChecksFinished, Notice
from agent_core.llm.scripted import Reply, ScriptedModel
from agent_core.rl.offline.network import Header, Network
from agent_core.rl.offline.registry import Registry
from agent_core.rl.offline.replay import observed
from tests.agent_core.agent.edit import test_flow as flow
from tests.agent_core.agent.test_loop import call
from tests.agent_core.rl.offline.test_registry import about
from tests.fakes.turn import RecordedTurn

root = flow.root
ACTIONS = ("run_tests", "lint", "build")
RUFF = "[lint]\nselect = ['F']\n"
UNUSED = flow.block("    return a - b", "    import os\n    return a * b")


def use(folder: Path, scores: tuple[float, float, float], *, lint_on_errors: float = 0.0) -> Registry:
    """Have a policy in use that takes the actions by these scores; more for the linter the more errors the
    logs tell of."""
    names = observed(ACTIONS)
    weights = np.zeros((3, len(names)), dtype=np.float32)
    weights[1, names.index("log_errors")] = lint_on_errors
    header = Header(observed=names, actions=ACTIONS, sizes=(len(names), 3))
    path = folder / "new.npz"
    Network(header, ((weights, np.array(scores, dtype=np.float32)),)).save(path)
    registry = Registry(folder / ".dspy_tui/rl/policies")
    whole = msgspec.structs.replace(about(), logs_seen={"log_errors": (0.0, 1.0)})
    registry.promote(registry.add(path, whole).version)
    path.unlink()
    return registry


async def rounds(
    folder: Path, logs: Callable[[], Awaitable[dict[str, float] | None]] | None = None
) -> tuple[list[list[tuple[str, str]]], RecordedTurn]:
    """The checks of each round and how they ended, of a model that is wrong at first."""
    (folder / "ruff.toml").write_text(RUFF)
    model = ScriptedModel([Reply.of(call("cat", path="app.py")), UNUSED, flow.RIGHT])
    turn = RecordedTurn(folder)
    turn.logs_now = logs
    await change(model, flow.TASK, turn)
    events = [event for event in turn.events if isinstance(event, ChecksFinished)]
    return [[(report.kind, report.state) for report in event.reports] for event in events], turn


@pytest.mark.parametrize(
    ("scores", "first"),
    [((2.0, 1.0, 0.0), "run_tests"), ((0.0, 2.0, 1.0), "lint")],
    ids=["tests-first", "lint-first"],
)
async def test_the_order_is_the_policy_s_and_ends_early(
    root: Path, scores: tuple[float, float, float], first: str
) -> None:
    use(root, scores)
    wrong, right = (await rounds(root))[0]
    assert wrong == [(first, "failed")], "what comes after a failure waits"
    assert {kind for kind, _ in right} == {"run_tests", "lint"}, "a change that is made has passed them all"
    assert {state for _, state in right} == {"passed"} and right[0][0] == first


@pytest.mark.parametrize(("errors", "first"), [(0.2, "run_tests"), (0.9, "lint")])
async def test_the_order_is_of_what_the_logs_say_now(root: Path, errors: float, first: str) -> None:
    use(root, (2.0, 1.0, 0.0), lint_on_errors=2.0)

    async def now() -> dict[str, float]:
        return {"log_errors": errors}

    assert (await rounds(root, now))[0][0] == [(first, "failed")]


async def test_without_a_policy_all_run_in_their_usual_order(root: Path) -> None:
    wrong, _ = (await rounds(root))[0]
    assert [kind for kind, _ in wrong] == ["lint", "run_tests"]


async def test_a_policy_that_cannot_be_read_is_told_of_once(root: Path) -> None:
    use(root, (2.0, 1.0, 0.0))
    (root / ".dspy_tui/rl/policies/1/policy.npz").write_bytes(b"nothing")
    told, turn = await rounds(root)
    notices = [event for event in turn.events if isinstance(event, Notice)]
    assert [kind for kind, _ in told[0]] == ["lint", "run_tests"]
    assert len(notices) == 1 and "cannot be used" in notices[0].message and notices[0].hint
