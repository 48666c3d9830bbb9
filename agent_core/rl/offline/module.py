"""Measures of a module of the workspace: `verifiers_module` names it, and its `get_verifiers()` judge.

Each verifier has a `kind` and is called with a result, whose `metrics` and `info` are dictionaries; it
returns a number. The module runs in a process of its own, with the project's interpreter, in the sandbox
where there is one.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp

import msgspec

from agent_core.capture import capture
from agent_core.errors import LearningFault
from agent_core.files import read_bounded
from agent_core.rl.offline.outcomes import Outcome
from agent_core.rl.offline.planting import Bug
from agent_core.text import one_line
from agent_core.verify.copying import remove_tree
from agent_core.verify.environment import without_own_secrets
from agent_core.verify.interpreters import interpreters
from agent_core.verify.project import Project
from agent_core.verify.sandbox import Sandbox
from agent_core.workspace import Workspace

_SCRIPT = """
import importlib, json, math, sys, types
name, given, told = sys.argv[1:]
sys.path.insert(0, "")
verifiers = list(importlib.import_module(name).get_verifiers())
with open(given, encoding="utf-8") as file:
    results = json.load(file)
answers = []
for each in results:
    result = types.SimpleNamespace(metrics=each["metrics"], info=each["info"])
    values = {str(verifier.kind): float(verifier(result)) for verifier in verifiers}
    answers.append({kind: value if math.isfinite(value) else None for kind, value in values.items()})
with open(told, "w", encoding="utf-8") as file:
    json.dump(answers, file)
"""
_LIMIT = 64 * 1024 * 1024
_SAID = 400
_MOST_KINDS = 100
_HINT = "Mend it, or take verifiers_module out of .dspy_rl.json."
Measures = tuple[tuple[dict[str, float], ...], ...]
"""By kind; a row of actions for each change."""


async def measures_of(
    module: str,
    *,
    workspace: Workspace,
    actions: Sequence[str],
    bugs: Sequence[Bug],
    rows: Sequence[Sequence[Outcome]],
    timeout: float,  # noqa: ASYNC109 - a bound of the module's time, which ends as an error
    sandbox: Sandbox | None,
) -> Measures:
    """What the module tells of each outcome. A value that is no finite number is left out.

    Raises:
        LearningFault: It cannot be imported or run, takes too long, or returns what is no number.
    """
    results = [
        {
            "metrics": {
                "found": float(outcome.found), "seconds": outcome.seconds, "passed": outcome.passed,
                "failed": outcome.failed, "findings": outcome.findings,
            },
            "info": {"action": action, "state": outcome.state, "path": bug.path, "kind": bug.mutation.kind},
        }
        for bug, row in zip(bugs, rows, strict=True)
        for action, outcome in zip(actions, row, strict=True)
    ]  # fmt: skip
    scratch = Path(await asyncio.to_thread(mkdtemp, prefix="dspy-tui-measures-"))
    try:
        answers = await _run(module, results, workspace, scratch, timeout, sandbox)
    finally:
        await asyncio.shield(asyncio.to_thread(remove_tree, scratch))
    count = len(actions)
    return tuple(tuple(answers[row * count : (row + 1) * count]) for row in range(len(bugs)))


async def _run(
    module: str,
    results: Sequence[object],
    workspace: Workspace,
    scratch: Path,
    timeout: float,  # noqa: ASYNC109
    sandbox: Sandbox | None,
) -> list[dict[str, float]]:
    given, told, home = scratch / "given", scratch / "told", scratch / "home"
    await asyncio.to_thread(given.write_bytes, msgspec.json.encode(results))
    await asyncio.to_thread(home.mkdir)
    argv, env = _call(module, workspace, given, told), without_own_secrets(os.environ)
    if sandbox is not None:
        argv, env = sandbox.wrap(
            argv,
            env=env,
            root=workspace.root,
            stands_for=workspace.root,
            cwd=".",
            scratch=scratch,
            home=home,
        )
    try:
        answer = await capture(argv, cwd=workspace.root, env=env, timeout=timeout, limit=_LIMIT)
    except TimeoutError:
        raise LearningFault(f"{module} took longer than {timeout:g} s and was ended", hint=_HINT) from None
    except OSError as error:
        raise LearningFault(f"{module} cannot be run: {error.strerror or error}", hint=_HINT) from error
    if answer.code != 0:
        last = answer.err.strip().rpartition("\n")[2]
        raise LearningFault(f"{module} failed: {one_line(last)[:_SAID] or answer.code}", hint=_HINT)
    try:
        answers = msgspec.json.decode(
            await asyncio.to_thread(read_bounded, told, _LIMIT), type=list[dict[str, float | None]]
        )
    except (OSError, ValueError, RecursionError) as error:
        raise LearningFault(f"{module} told what cannot be read: {error}", hint=_HINT) from error
    if len(answers) != len(results) or any(len(each) > _MOST_KINDS for each in answers):
        raise LearningFault(f"{module} did not answer for each result", hint=_HINT)
    return [{kind: value for kind, value in each.items() if value is not None} for each in answers]


def _call(module: str, workspace: Workspace, given: Path, told: Path) -> tuple[str, ...]:
    found = interpreters(Project(workspace.root, ".", path=os.environ.get("PATH", os.defpath)), os.environ)
    python = found[0].word if found else "python3"
    return (python, "-c", _SCRIPT, module, str(given), str(told))
