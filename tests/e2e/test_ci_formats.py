"""Checks in CI: what they find, as the documents that services read, beside the linter's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from junitparser import JUnitXml

from tests.e2e.conftest import Run, environment

BIN = str(Path(sys.executable).parent)
TESTED = (
    "def test_good():\n    assert 1\n\n\ndef test_bad():\n    left, right = 1, 2\n    assert left == right\n"
)


@pytest.fixture
def checked(repo: Path) -> Path:
    """The repository with a linter and tests, both of which find something."""
    (repo / "pyproject.toml").write_text("[tool.ruff]\nline-length = 60\n[tool.pytest.ini_options]\n")
    (repo / "src" / "bad one.py").write_text("import os\nimport sys\n\nx = undefined\n")
    (repo / "tests").mkdir()
    (repo / "tests" / "test_it.py").write_text(TESTED)
    return repo


def path(**more: str) -> dict[str, str]:
    return environment(PATH=f"{BIN}{os.pathsep}{os.environ['PATH']}", **more)


def places(document: Any) -> set[tuple[str, str, int, int]]:
    """Rule, file, line and column of each result."""
    found = set[tuple[str, str, int, int]]()
    for result in (result for run in document["runs"] for result in run["results"]):
        place = result["locations"][0]["physicalLocation"]
        name = Path(place["artifactLocation"]["uri"]).name
        found.add((result["ruleId"], name, place["region"]["startLine"], place["region"]["startColumn"]))
    return found


def test_sarif_says_what_the_linters_own_says(run: Run, checked: Path) -> None:
    done = run("--batch", "--allow", "run:*", "-c", "lint", "--format", "sarif", env=path())
    own = subprocess.run(
        [f"{BIN}/ruff", "check", "--output-format", "sarif"], cwd=checked, capture_output=True, check=False
    )
    ours = json.loads(done.stdout)
    assert done.returncode == 1
    assert len(places(ours)) == 3 and places(ours) == places(json.loads(own.stdout))
    assert ours["runs"][0]["tool"]["driver"]["name"] == "ruff"
    assert ours["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == (
        "src/bad%20one.py"
    )


def test_junit_has_the_failing_test_and_the_number_of_those_that_passed(run: Run, checked: Path) -> None:
    done = run("--batch", "--allow", "run:*", "-c", "run_tests", "--format", "junit", env=path())
    found: Any = JUnitXml.fromstring(done.stdout)
    assert done.returncode == 1, done.stderr
    assert (found.tests, found.failures, found.errors) == (1, 1, 0)
    suite = next(iter(found))
    assert [(each.name, each.value) for each in suite.properties()] == [("passed", "1")]
    (case,) = suite
    assert "test_bad" in case.name and case.result[0].type == "failure"


def test_without_a_check_it_is_an_error_and_a_document(run: Run) -> None:
    done = run("--batch", "--allow", "run:*", "-c", "build", "--format", "junit")
    found: Any = JUnitXml.fromstring(done.stdout)
    assert done.returncode == 1 and found.errors == 1
