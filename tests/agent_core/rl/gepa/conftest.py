"""The repository that examples are made of, once for all tests of a file; each gets a copy to write to."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from agent_core.workspace import Workspace
from tests.agent_core.rl.gepa.made import repository
from tests.fixtures_models import ollama

__all__ = ["made", "ollama", "workspace"]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Not to be written to."""
    return repository(tmp_path_factory.mktemp("made") / "workspace")


@pytest.fixture
def workspace(made: Path, tmp_path: Path) -> Workspace:
    return Workspace.open(shutil.copytree(made, tmp_path / "workspace"))
