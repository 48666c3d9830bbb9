"""Running the program as people do: as a process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PROGRAM = (sys.executable, "-c", "import sys; from tui.cli import main; sys.exit(main())")
ROOT = Path(__file__).resolve().parent.parent.parent

Run = Callable[..., subprocess.CompletedProcess[bytes]]


def environment(**more: str) -> dict[str, str]:
    """This test's environment, with the checkout importable from anywhere."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A small repository."""
    folder = tmp_path / "repo"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "parser.py").write_text(
        "def parse_header(line):\n    return line.split(':')\n\n\ndef main():\n    pass\n"
    )
    (folder / "README.md").write_text("# A parser\n\nIt parses headers.\n")
    return folder


@pytest.fixture
def run(repo: Path) -> Run:
    """Run the program in the repository; its output as bytes."""

    def call(*arguments: str | bytes, **more: Any) -> subprocess.CompletedProcess[bytes]:
        settings: dict[str, Any] = {"cwd": repo, "stdin": subprocess.DEVNULL, "env": environment()} | more
        if "input" in settings:
            del settings["stdin"]
        settings.setdefault("stdout", subprocess.PIPE)
        settings.setdefault("stderr", subprocess.PIPE)
        return subprocess.run([*PROGRAM, *arguments], timeout=180, **settings)

    return call
