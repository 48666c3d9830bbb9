"""A repository in which what the documents show can be typed."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT
from tests.e2e.conftest import environment

_FILES = {
    "app.py": "def add(a, b):\n    return a - b\n\n\ndef total(prices):\n    return sum(prices)\n\n\n"
    "def main() -> None:\n    print(add(1, 2))\n",
    "tests/test_app.py": "from app import add\n\n\ndef test_add():\n    assert add(2, 2) == 4\n",
    "pyproject.toml": "[tool.pytest.ini_options]\npythonpath = ['.']\n[tool.ruff.lint]\nselect = ['F']\n",
    "docs/use.md": "# Use\n\nRun it.\n",
    "src/parser.py": "def parse_header(line):\n    return line.split(':')\n",
    "checks.txt": "tree\ngrep total\n",
    "Makefile": "format:\n\t@printf '\\n# end\\n' >> app.py\n",
    "logs/app.log": "".join(f"2026-11-24 08:00:{second:02} INFO served {second}\n" for second in range(50))
    + "2026-11-24 08:01:00 ERROR order 7 could not be loaded\n",
}


def program(folder: Path, name: str, script: str) -> None:
    """A program of this name on the path."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with two projects in it, one of which is worked on, and the program on its path."""
    home = tmp_path / "home"
    programs = home / "bin"
    programs.mkdir(parents=True)
    call = "import sys; from tui.cli import main; sys.exit(main())"
    program(programs, "dspy-tui", f'exec {shlex.quote(sys.executable)} -c {shlex.quote(call)} "$@"')
    program(programs, "journalctl", "cat logs/app.log")
    for name in ("project", "other"):
        root = home / "src" / name
        for path, text in _FILES.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        (root / ".venv").symlink_to(Path(sys.executable).parent.parent)
        (root / ".gitignore").write_text(".venv\n__pycache__\n.pytest_cache\n.ruff_cache\n")
        for words in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "begin")):
            git = ("git", "-c", "user.name=me", "-c", "user.email=me@example.com", *words)
            subprocess.run(git, cwd=root, check=True)
        (root / "src" / "parser.py").write_text("def parse_header(line):\n    return line.split(': ')\n")
    return home


@pytest.fixture
def typed(home: Path) -> dict[str, str]:
    """The environment of a shell in which it is typed; no model answers."""
    given = environment(HOME=str(home), DSPY_TUI_PROVIDER="none", PYTHONPATH=str(ROOT))
    own = {name: value for name, value in given.items() if not name.startswith(("XDG_", "KAFKA_", "OPENAI_"))}
    return own | {"PATH": f"{home / 'bin'}:{own['PATH']}"}
