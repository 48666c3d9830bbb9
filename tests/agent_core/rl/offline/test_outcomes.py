"""What is kept of checks, and for how long it is what they would say."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from agent_core.rl.offline.actions import Action
from agent_core.rl.offline.outcomes import Outcomes, Usual, fingerprint_of
from agent_core.verify.api import Verifier
from agent_core.workspace import Workspace

LINT = Action(
    name="lint",
    verifiers=(Verifier(name="ruff", kind="lint", argv=("ruff", "check"), tool="ruff", ecosystem="python"),),
)
WORKS = Usual(action=LINT, reports=(), seconds=1.0)
UNUSABLE = Usual(action=msgspec.structs.replace(LINT, verifiers=()), reports=(), seconds=0.0)
IN_PART = msgspec.structs.replace(WORKS, faults=("lint: mypy: it is not installed",))


@pytest.mark.parametrize("usual", [UNUSABLE, IN_PART], ids=["unusable", "in-part"])
def test_a_check_that_could_not_be_used_is_asked_again(tmp_path: Path, usual: Usual) -> None:
    Outcomes(tmp_path).put_usual("1", WORKS)
    assert Outcomes(tmp_path).usual("1") == WORKS
    Outcomes(tmp_path).put_usual("2", usual)
    assert Outcomes(tmp_path).usual("2") is None
    (tmp_path / "usual-3.json").write_bytes(msgspec.json.encode(usual))
    assert Outcomes(tmp_path).usual("3") is None, "an earlier version kept it"


@pytest.mark.parametrize(
    ("path", "same"),
    [
        ("app.log", True),
        ("deploy/worker.err.1", True),
        ("logs/events.jsonl", True),
        (".dspy_rl_events.jsonl", True),
        ("sub/.mypy_cache/3.11/app.data.json", True),
        ("logs/reader.py", False),
        ("tests/data/sample.log", False),
        ("notes.txt", False),
    ],
)
def test_what_running_leaves_does_not_change_the_project(tmp_path: Path, path: str, same: bool) -> None:
    (tmp_path / "app.py").write_text("x = 1\n")
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("begun\n")
    before = fingerprint_of(Workspace.open(tmp_path))
    file.write_text("begun\none line more\n")
    assert (fingerprint_of(Workspace.open(tmp_path)) == before) is same
    file.unlink()
    assert (fingerprint_of(Workspace.open(tmp_path)) == before) is same, "rotated away"
