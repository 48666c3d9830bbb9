"""Measures of a module of the workspace, which is code that nobody here wrote."""

from __future__ import annotations

import asyncio
import time

import pytest

from agent_core.errors import LearningFault
from agent_core.rl.offline.module import Measures, measures_of
from agent_core.rl.offline.mutations import Mutation
from agent_core.rl.offline.outcomes import Outcome
from agent_core.rl.offline.planting import Bug
from agent_core.workspace import Workspace
from tests.agent_core.rl.offline.conftest import Make

BUG = Bug(path="a.py", source="x = 1\n", mutation=Mutation(4, 5, "2", "constant", 1), id="1")
ROWS = ((Outcome(key="1", found=True, seconds=2.0, passed=3), Outcome(key="2", found=False, seconds=0.5)),)
GOOD = """
class Passed:
    kind = "passed"

    def __call__(self, result):
        return result.metrics["passed"] / 2

class Odd:
    kind = "odd"

    def __call__(self, result):
        return float("nan") if result.info["action"] == "lint" else 1

def get_verifiers():
    return [Passed(), Odd()]
"""


async def measured(space: Workspace, module: str = "tools.verifiers", *, timeout: float = 60.0) -> Measures:
    return await measures_of(
        module,
        workspace=space,
        actions=("run_tests", "lint"),
        bugs=(BUG,),
        rows=ROWS,
        timeout=timeout,
        sandbox=None,
    )


async def test_it_is_asked_about_each_outcome(workspace: Make) -> None:
    told = await measured(workspace({"tools/verifiers.py": GOOD}))
    assert told == (({"passed": 1.5, "odd": 1.0}, {"passed": 0.0}),), "what is no number is left out"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import nowhere\n", "No module named 'nowhere'"),
        ("def other(): ...\n", "get_verifiers"),
        (GOOD.replace('result.metrics["passed"] / 2', '"many"'), "could not convert"),
        ("import os\nos._exit(7)\n", "failed: 7"),
        ("import sys\nsys.exit(0)\n", "what cannot be read"),
    ],
    ids=["import", "nothing", "text", "exit", "silent"],
)
async def test_what_is_wrong_with_it_is_said(workspace: Make, text: str, said: str) -> None:
    with pytest.raises(LearningFault) as fault:
        await measured(workspace({"tools/verifiers.py": text}))
    assert said in fault.value.message and "verifiers_module" in fault.value.hint


async def test_one_that_hangs_is_ended(workspace: Make) -> None:
    space = workspace({"tools/verifiers.py": "import time\ntime.sleep(600)\n"})
    with pytest.raises(LearningFault, match="longer than 2 s"):
        await measured(space, timeout=2.0)


async def test_cancelled_it_leaves_nothing(workspace: Make) -> None:
    space = workspace({"tools/verifiers.py": "open('began', 'w').close()\nimport time\ntime.sleep(600)\n"})
    task = asyncio.create_task(measured(space))
    end = time.monotonic() + 60
    while not (space.root / "began").exists():
        assert time.monotonic() < end
        await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
