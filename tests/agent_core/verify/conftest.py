"""A small project with this interpreter in an environment of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from agent_core.verify.sandbox import Sandbox, find_sandbox
from agent_core.workspace import Workspace

Make = Callable[[Mapping[str, str]], Workspace]


@pytest.fixture
def workspace(tmp_path: Path) -> Make:
    """Makes a workspace with these files; its `.venv` leads to the environment that the tests run in."""

    def make(files: Mapping[str, str]) -> Workspace:
        root = tmp_path / "work"
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (root / ".venv").symlink_to(sys.prefix)
        return Workspace.open(root)

    return make


@pytest.fixture
async def sandbox() -> Sandbox:
    """A working sandbox; skips the test where there is none."""
    found, why_not = await find_sandbox()
    if found is None:
        pytest.skip(why_not)
    return found


def left_in(folder: Path) -> list[str]:
    """What lies in a folder, if it exists."""
    return sorted(os.listdir(folder)) if folder.exists() else []
