"""docs/ci.md: each of its blocks, run or held beside the schema of those who read it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT
from tests.e2e.conftest import PROGRAM, environment

BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", (ROOT / "docs" / "ci.md").read_text(), re.MULTILINE | re.DOTALL)
BIN = Path(sys.executable).parent
GIT = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@b",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@b",
}


@pytest.fixture
def env(repo: Path, tmp_path: Path) -> dict[str, str]:
    """A git repository with a linter and tests, and a `dspy-tui` on PATH."""
    (repo / "pyproject.toml").write_text("[tool.ruff]\nline-length = 60\n[tool.pytest.ini_options]\n")
    (repo / "tests").mkdir()
    (repo / "tests" / "test_it.py").write_text("def test_good():\n    assert 1\n")
    (repo / ".gitignore").write_text(".dspy_tui/\n.ruff_cache/\n.pytest_cache/\n__pycache__/\n")
    programs = tmp_path / "programs"
    programs.mkdir()
    own = programs / "dspy-tui"
    own.write_text(f'#!/bin/sh\nexec "{PROGRAM[0]}" {PROGRAM[1]} "{PROGRAM[2]}" "$@"\n')
    own.chmod(0o755)
    env = environment(
        PATH=f"{programs}{os.pathsep}{BIN}{os.pathsep}{os.environ['PATH']}", DSPY_TUI_PROVIDER="none", **GIT
    )
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "first")):
        subprocess.run(["git", *words], cwd=repo, env=env, check=True)
    return env


def test_there_is_nothing_that_is_not_looked_at() -> None:
    assert [kind for kind, _ in BLOCKS] == ["sh", "yaml", "yaml"]


def test_the_commands_run(repo: Path, env: dict[str, str]) -> None:
    for line in filter(None, BLOCKS[0][1].splitlines()):
        done = subprocess.run(
            ["bash", "-c", line], cwd=repo, env=env, capture_output=True, timeout=180, check=False
        )
        missing = b"No build" in done.stderr  # this repository has nothing to build
        assert done.returncode == 0 or missing, f"{line}: {done.stderr.decode()}"
    assert (repo / "lint.sarif").stat().st_size and (repo / "checks.xml").stat().st_size


def test_the_workflow_is_one_of_github(tmp_path: Path) -> None:
    (tmp_path / "checks.yml").write_text(BLOCKS[1][1])
    checked = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.github-workflows",
        "checks.yml",
    ]
    done = subprocess.run(checked, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    (tmp_path / "checks.yml").write_text(BLOCKS[1][1].replace("runs-on", "run-on"))
    assert subprocess.run(checked, cwd=tmp_path, capture_output=True, check=False).returncode == 1


def test_the_workflow_uploads_what_there_is_where_it_may() -> None:
    workflow = yaml.safe_load(BLOCKS[1][1])
    assert workflow["permissions"]["actions"] == "read", "private repositories ask for it"
    steps = workflow["jobs"]["checks"]["steps"]
    (upload,) = (step for step in steps if "upload-sarif" in step.get("uses", ""))
    assert (
        any(step.get("id") == "lint" for step in steps) and "steps.lint.outcome != 'skipped'" in upload["if"]
    )
    assert "head.repo.full_name == github.repository" in upload["if"] and "always()" not in upload["if"]
    assert len([step for step in steps if "install" in step.get("run", "")]) == 2, (
        "the project's tools, and ours"
    )


def test_the_workflows_own_command_runs(repo: Path, env: dict[str, str]) -> None:
    (line,) = re.findall(r"^ +run: (dspy-tui .*)", BLOCKS[1][1], re.MULTILINE)
    subprocess.run(["bash", "-ec", line], cwd=repo, env=env, timeout=180, check=True)


def test_the_hook_runs_before_a_commit(repo: Path, env: dict[str, str]) -> None:
    (repo / ".pre-commit-config.yaml").write_text(BLOCKS[2][1])
    hook = [sys.executable, "-m", "pre_commit"]
    subprocess.run([*hook, "validate-config"], cwd=repo, env=env, check=True)
    subprocess.run([*hook, "install"], cwd=repo, env=env, check=True, capture_output=True)
    subprocess.run(["git", "add", "-A"], cwd=repo, env=env, check=True)
    good = subprocess.run(
        ["git", "commit", "-q", "-m", "hook"], cwd=repo, env=env, capture_output=True, check=False
    )
    assert good.returncode == 0, good.stderr
    (repo / "bad.py").write_text("import os\n")
    subprocess.run(["git", "add", "-A"], cwd=repo, env=env, check=True)
    bad = subprocess.run(
        ["git", "commit", "-q", "-m", "bad"], cwd=repo, env=env, capture_output=True, check=False
    )
    assert bad.returncode != 0 and b"F401" in bad.stdout + bad.stderr
