"""`run_tests`, `lint` and `build`, as they are typed and as the agent calls them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agent_core.config import Settings
from agent_core.errors import ToolError, UsageError
from agent_core.events import ApprovalNeeded, Event, ToolFinished, TurnFinished
from agent_core.runtime import open_runtime
from agent_core.tools.asking import PlansCommands
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.tools.verifiers import BuildTool, CheckArgs, CheckTool, LintTool, RunTestsTool
from agent_core.workspace import Workspace

SHOP = {
    "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '-p no:randomly'\n",
    "shop.py": "def total(prices):\n    return sum(prices) + 1\n",
    "tests/test_shop.py": "from shop import total\n\n\ndef test_total():\n    assert total([1, 2]) == 3\n",
    "tests/test_fine.py": "def test_fine():\n    pass\n",
    "Makefile": "lint:\n\t@echo 'shop.py:2:5: error: too clever'; exit 1\nbuild:\n\t@echo built\n",
}


def make(root: Path, files: Mapping[str, str] = SHOP) -> Workspace:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / ".venv").symlink_to(sys.prefix)
    return Workspace.open(root)


async def call(
    tool: CheckTool,
    space: Workspace,
    *words: str,
    shown: list[str] | None = None,
    turn: Any = "somebody typed it",
    **args: Any,
) -> ToolResult:
    progress = (shown if shown is not None else []).append
    context = ToolContext(workspace=space, settings=Settings(), progress=progress, turn=turn)
    return await tool.run(CheckArgs(words=words, **args), context)


async def test_failing_tests_are_places_and_an_error(tmp_path: Path) -> None:
    shown: list[str] = []
    result = await call(RunTestsTool(), make(tmp_path), shown=shown)
    assert [(hit.path, hit.start, hit.text) for hit in result.hits] == [
        ("tests/test_shop.py", 5, "assert 4 == 3 + where 4 = total([1, 2])")
    ]
    assert result.error is not None and result.error.code == "checks-failed"
    assert "1 failed, 1 passed" in result.error.message
    assert (
        "tests/test_shop.py:5  assert 4 == 3" in result.text and "$ .venv/bin/python -m pytest" in result.text
    )
    (report,) = result.data["reports"]
    assert (report["state"], report["passed"], report["failed"], report["sandboxed"]) == (
        "failed",
        1,
        1,
        False,
    )
    assert "test session starts" in "".join(shown)


async def test_a_path_and_words_for_the_program(tmp_path: Path) -> None:
    space = make(tmp_path)
    fine = await call(RunTestsTool(), space, "tests/test_fine.py")
    assert fine.error is None and fine.data["reports"][0]["passed"] == 1
    one = await call(RunTestsTool(), space, "-k", "test_fine")
    assert (
        one.error is None and one.data["reports"][0]["command"] == ".venv/bin/python -m pytest -k test_fine"
    )
    by_id = await call(RunTestsTool(), space, "tests/test_fine.py::test_fine")
    assert by_id.error is None and by_id.data["reports"][0]["passed"] == 1


async def test_linter_and_build_by_make(tmp_path: Path) -> None:
    space = make(tmp_path)
    lint = await call(LintTool(), space)
    assert [(hit.path, hit.start, hit.text) for hit in lint.hits] == [("shop.py", 2, "too clever")]
    build = await call(BuildTool(), space)
    assert (build.error, build.hits) == (None, ())
    assert build.summary.startswith("make-build passed after")


async def test_what_is_detected_is_listed_and_nothing_runs(tmp_path: Path) -> None:
    space = make(tmp_path)
    result = await call(RunTestsTool(), space, detected=True)
    assert result.text.startswith(
        "* pytest         .venv/bin/python -m pytest\n    pyproject.toml [tool.pytest]; .venv"
    )
    assert [each["name"] for each in result.data["verifiers"]] == ["pytest"]
    tool = RunTestsTool()
    assert isinstance(tool, PlansCommands)
    assert await tool.plan(CheckArgs(detected=True), workspace=space, settings=Settings(), typed=True) is None


async def test_what_would_run_is_what_is_asked_about(tmp_path: Path) -> None:
    space = make(tmp_path)
    typed = await RunTestsTool().plan(
        CheckArgs(words=("-x",)), workspace=space, settings=Settings(), typed=True
    )
    assert typed is not None
    assert (typed.lines, typed.reason) == (
        (".venv/bin/python -m pytest -x",),
        "It runs a program of the project.",
    )
    called = await RunTestsTool().plan(
        CheckArgs(), workspace=space, settings=Settings(test_cmd="a | b"), typed=False
    )
    assert called is not None and called.lines == ("a | b",)
    assert "without network" in called.reason or "with your rights" in called.reason


async def test_nothing_to_run(tmp_path: Path) -> None:
    space = make(tmp_path, {"README": ""})
    with pytest.raises(ToolError, match="No linter of this project was detected") as caught:
        await call(LintTool(), space)
    assert "lint_cmd" in caught.value.hint
    with pytest.raises(ToolError, match="No tests of this project were detected"):
        await call(RunTestsTool(), space)
    missing = make(tmp_path / "sub", {"go.mod": ""})
    with pytest.raises(ToolError, match="No check of this project is called 'x'") as caught:
        await call(RunTestsTool(), missing, check="x")
    assert caught.value.hint == "There are: go-test."
    with pytest.raises(UsageError):
        await call(BuildTool(), missing, "fails")


async def test_a_program_that_is_not_installed(tmp_path: Path) -> None:
    space = make(tmp_path, {"README": ""})
    context = ToolContext(workspace=space, settings=Settings(test_cmd="no-such-program-here"), turn=object())  # pyright: ignore[reportArgumentType]
    with pytest.raises(ToolError, match="test_cmd missing"):
        await RunTestsTool().run(CheckArgs(), context)


async def turn(root: Path, text: str, *, allow: tuple[str, ...] = (), answer: str = "") -> list[Event]:
    runtime = open_runtime(root, flags={"provider": "none"}, interactive=bool(answer), allow=allow)
    events: list[Event] = []
    try:
        with runtime.bus.subscribe() as subscription:
            runtime.session.submit(text)
            async for event in subscription:
                events.append(event)
                if isinstance(event, ApprovalNeeded):
                    runtime.session.answer(event.call_id, answer)  # pyright: ignore[reportArgumentType]
                if isinstance(event, TurnFinished):
                    break
    finally:
        await runtime.aclose()
    return events


async def test_the_rules_look_at_the_real_command_line(tmp_path: Path) -> None:
    make(tmp_path)
    refused = (await turn(tmp_path, "build"))[-1]
    assert isinstance(refused, TurnFinished) and refused.error is not None
    assert (refused.exit, refused.error.hint) == (3, "Grant it with --allow 'run:make build'.")
    granted = await turn(tmp_path, "build", allow=("run:make *",))
    assert isinstance(granted[-1], TurnFinished) and granted[-1].exit == 0
    denied = (await turn(tmp_path, "run_tests", allow=("run:make *",)))[-1]
    assert isinstance(denied, TurnFinished) and denied.exit == 3
    failed = await turn(tmp_path, "lint", allow=("run",))
    assert isinstance(failed[-1], TurnFinished) and failed[-1].exit == 1
    (finished,) = [event for event in failed if isinstance(event, ToolFinished)]
    assert finished.error is not None and finished.error.code == "checks-failed"


async def test_a_person_is_asked_with_the_real_command_line(tmp_path: Path) -> None:
    make(tmp_path)
    events = await turn(tmp_path, "build", answer="once")
    (asked,) = [event for event in events if isinstance(event, ApprovalNeeded)]
    assert (asked.action, asked.command, asked.rule) == ("run", "make build", "run:make build")
    assert isinstance(events[-1], TurnFinished) and events[-1].exit == 0
    assert not [
        event
        for event in await turn(tmp_path, "build --list", answer="no")
        if isinstance(event, ApprovalNeeded)
    ]
