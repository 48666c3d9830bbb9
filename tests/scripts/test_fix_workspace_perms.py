"""scripts/fix_workspace_perms.sh: what it changes, what it says, and what it refuses."""

from __future__ import annotations

import os
import re
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from stack.compose.model import Stack
from stack.compose.render import compose_file
from tests.conftest import ROOT

SCRIPT = ROOT / "scripts" / "fix_workspace_perms.sh"
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files to another group")


def run(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SCRIPT, *words], capture_output=True, text=True, cwd=cwd)


def states(folder: Path) -> dict[str, tuple[int, int]]:
    found = [folder, *folder.rglob("*")]
    return {str(path): (path.lstat().st_gid, stat.S_IMODE(path.lstat().st_mode)) for path in found}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A workspace with odd names, a program, and links that lead out of it."""
    root = tmp_path / "work"
    (root / "a b\nc" / "-d").mkdir(parents=True)
    (root / "file").write_text("x")
    (root / "a b\nc" / "-d" / "run.sh").write_text("x")
    (root / "a b\nc" / "-d" / "run.sh").chmod(0o700)
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o755)
    (outside / "kept").write_text("x")
    (root / "link").symlink_to(outside)
    os.link(outside / "kept", root / "hard")
    return root


@root_only
def test_the_group_gets_its_rights_and_nothing_outside_is_touched(tree: Path) -> None:
    outside = states(tree.parent / "outside")
    os.mkfifo(tree / "pipe", 0o600)
    before = states(tree)
    dry = run("--dry-run", str(tree))
    assert dry.returncode == 0 and states(tree) == before
    assert "program" in dry.stdout and "to change below" in dry.stdout and "hard" not in dry.stdout
    named = {line.split(maxsplit=1)[1] for line in dry.stdout.splitlines()[:-1]}
    assert run(str(tree)).returncode == 0
    changed = {path for path, state in states(tree).items() if state != before[path]}
    shown = {shlex.quote(path) if path.isprintable() else f"${path!r}" for path in changed}
    assert named == shown, "a dry run names what a run changes"
    for path, (group, mode) in states(tree).items():
        if Path(path).is_symlink() or path.endswith(("/hard", "/pipe")):
            continue
        assert group == 10001, path
        assert mode & 0o2070 == 0o2070 if Path(path).is_dir() else mode & 0o060 == 0o060, path
    assert stat.S_IMODE((tree / "a b\nc" / "-d" / "run.sh").stat().st_mode) == 0o770
    assert states(tree.parent / "outside") == outside
    assert run("--dry-run", str(tree)).stdout.startswith("0 to change")
    after = states(tree)
    assert run(str(tree)).returncode == 0 and states(tree) == after


@root_only
def test_what_is_mounted_below_is_not_entered(tree: Path) -> None:
    outside, place = tree.parent / "outside", tree / "mounted"
    place.mkdir()
    (tree / "one").write_text("x")
    before = states(outside)
    for what, where in ((outside, place), (outside / "kept", tree / "one")):
        if subprocess.run(["mount", "--bind", what, where], capture_output=True).returncode != 0:
            pytest.skip("nothing can be mounted here")
    try:
        assert not re.search(r"work/(mounted|one)\b", run("--dry-run", str(tree)).stdout)
        assert run(str(tree)).returncode == 0
        assert states(outside) == before
    finally:
        for where in (place, tree / "one"):
            subprocess.run(["umount", where], check=True)


@root_only
def test_the_folder_of_a_stack_stays_as_it_is(tree: Path) -> None:
    stack = tree / "docker" / "lightweight"
    stack.mkdir(parents=True)
    (stack / ".env").touch(mode=0o600)
    compose = stack / "docker-compose.yml"
    compose.write_text(compose_file(Stack(name="x", services=(), volumes=())))
    before = states(stack)
    assert run(str(tree)).returncode == 0
    assert states(stack) == before and tree.stat().st_gid == 10001
    compose.write_text("services: {}\n")
    assert run(str(tree)).returncode == 0 and (stack / ".env").stat().st_gid == 10001


@root_only
def test_only_the_owner_in_the_group_may_and_what_cannot_be_changed_is_told(tree: Path) -> None:
    def run_as(user: int, group: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [SCRIPT, tree], capture_output=True, text=True, user=user, group=group, extra_groups=[]
        )

    for folder in tree.parents:
        if folder.stat().st_mode & 0o005 != 0o005:
            folder.chmod(0o755)  # those that pytest makes are its user's alone
    os.chown(tree, 10002, 10002)
    before = states(tree)
    assert run_as(10002, 10002).returncode == run_as(10003, 10001).returncode == 4
    assert states(tree) == before
    done = run_as(10002, 10001)
    assert (
        done.returncode == 1
        and "not everything" in done.stderr
        and "/file: Operation not permitted" in done.stderr
    )
    assert tree.stat().st_gid == 10001 and (tree / "file").stat().st_gid == 0


@root_only
def test_thousands_of_folders_in_each_other_end_in_a_word(tree: Path) -> None:
    here = os.open(tree, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    done = run(str(tree))
    subprocess.run(["rm", "-rf", tree], check=True)
    assert done.returncode == 1 and "Traceback" not in done.stderr and "not everything" in done.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], 2),
        (["a", "b"], 2),
        (["--odd", "."], 2),
        ([""], 3),
        (["/"], 3),
        (["//"], 3),
        (["/."], 3),
        ([".."], 3),
        (["x/../work"], 3),
        (["missing"], 3),
        (["work/file"], 3),
        (["work/link"], 3),
        (["work/link/"], 3),
    ],
)
def test_refusals(words: list[str], code: int, tree: Path) -> None:
    before = states(tree)
    done = run(*words, cwd=tree.parent)
    assert done.returncode == code and done.stderr.startswith("fix_workspace_perms.sh: ")
    assert states(tree) == before


def test_help_documents_the_exit_codes() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert all(word in done.stdout for word in ("Exit codes", "--dry-run", "1 something", "4 only root"))


def test_shellcheck_finds_nothing() -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run([shellcheck, SCRIPT], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
