"""Where tests import the workspace's packages from, asked of a real interpreter."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec
import pytest

from agent_core.verify.api import Verifier
from agent_core.verify.imported import asking, foreign
from agent_core.verify.running import run_verifier
from agent_core.workspace import Workspace

PYTEST = Verifier(
    name="pytest", kind="run_tests", argv=(sys.executable, "-m", "pytest"), tool="pytest", ecosystem="python"
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    package = tmp_path / "src" / "_pytest" / "mark"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").write_text("")
    (package / "expression.py").write_text("x = 1\n")
    (tmp_path / "plain.py").write_text("x = 1\n")
    return tmp_path


async def told(root: Path, *paths: str) -> dict[str, str]:
    question = asking(PYTEST, paths, Workspace.open(root))
    assert question is not None
    return foreign(await run_verifier(question, root=root, timeout=60), (root,))


async def test_an_installed_package_of_the_same_name_is_told(root: Path) -> None:
    found = await told(root, "src/_pytest/mark/expression.py", "plain.py")
    assert list(found) == ["_pytest"] and "site-packages" in found["_pytest"]


async def test_what_is_imported_from_the_workspace_is_fine(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.fspath(root / "src"))
    assert await told(root, "src/_pytest/mark/expression.py", "plain.py") == {}


@pytest.mark.parametrize("paths", [(), ("README.md",), ("tests/test_x.py",), ("conftest.py",)])
def test_nothing_is_asked_where_no_package_changed(root: Path, paths: tuple[str, ...]) -> None:
    assert asking(PYTEST, paths, Workspace.open(root)) is None


def test_what_pytest_is_told_itself_is_believed(root: Path) -> None:
    (root / "pytest.ini").write_text("[pytest]\npythonpath = src\n")
    assert asking(PYTEST, ("src/_pytest/mark/expression.py",), Workspace.open(root)) is None
    other = msgspec.structs.replace(PYTEST, tool="go-test")
    assert asking(other, ("plain.py",), Workspace.open(root)) is None
