"""What is said before a command runs: what undoing leaves, and nothing where that does not matter."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_core.checkpoints.coverage import coverage
from tests.fakes.git import git

IGNORED = "which is ignored"
GIT = "what git records (commits, branches, the index)"
ELSEWHERE = "what happens outside this folder (services, other machines, the system)"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "w"
    (root / "pkg/node_modules/x").mkdir(parents=True)
    (root / "src").mkdir()
    (root / "vendored/.git").mkdir(parents=True)
    (root / ".venv/bin").mkdir(parents=True)
    (root / ".venv/bin/python").touch()
    (root / ".gitignore").write_text("*.log\nnode_modules\n.venv\n")
    for name in ("a.log", "kept.log", "src/a.py"):
        (root / name).touch()
    git(root, "init", "-q")
    git(root, "add", "-f", "kept.log")
    return root


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("ls", ""),
        ("cat /etc/passwd a.log", ""),
        ("grep -r x /usr/include > found", ""),
        (".venv/bin/python -m build", ""),
        ("rm -rf src", ""),
        ("rm kept.log", ""),
        ("make > /dev/null 2>&1", ""),
        ("cp /etc/hostname src/", ""),
        ("git status && git stash list && git branch", ""),
        ("docker ps", ""),
        ("cat a > /tmp/x", "/tmp/x, outside this folder"),
        ("cp src/a.py /tmp/x", "/tmp/x, outside this folder"),
        ("echo x >> a.log", f"a.log, {IGNORED}"),
        ("rm -rf pkg", f"pkg/node_modules, {IGNORED}"),
        ("rm *", f"a.log, {IGNORED}"),
        ("cd pkg && rm -rf node_modules", f"pkg/node_modules, {IGNORED}"),
        ("FOO=1 sudo rm -rf 'pkg/node_modules'", f"pkg/node_modules, {IGNORED}"),
        ("rm -rf vendored", "vendored/.git, where git keeps its history"),
        ("rm -rf .git", ".git, where git keeps its history"),
        ("git commit -m 'a b'", GIT),
        ("git -C . branch -D old", GIT),
        ("git restore --staged src", GIT),
        ("npm install", "packages that are installed"),
        ("docker compose up -d", ELSEWHERE),
        ("curl -X POST http://localhost/", ELSEWHERE),
        ("git clean -fdx", "ignored files, and the snapshots themselves if they are cleaned away"),
        ("'", ""),
        ("rm \0", ""),
    ],
)
def test_what_undo_leaves_is_said(root: Path, command: str, said: str) -> None:
    assert coverage(command, root) == said
