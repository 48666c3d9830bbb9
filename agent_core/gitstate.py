"""What git says about a workspace, asked so that nothing the repository configures runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

from agent_core.capture import capture
from agent_core.files import read_bounded
from agent_core.ignore import is_own, repository_root
from agent_core.workspace import Workspace

Code = Literal["M", "A", "D", "?", "R", "U"]

_SAFE = (
    *("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.untrackedCache=false"),
    *("-c", "core.pager=cat", "-c", "status.submoduleSummary=false"),
)
# A partial clone would fetch what it lacks, through whatever program its configuration names.
_OFFLINE = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none"}
_ENVIRONMENT = {
    "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", "GIT_PAGER": "cat",
    "GIT_LITERAL_PATHSPECS": "1", **_OFFLINE,
}  # fmt: skip


class GitState(msgspec.Struct, frozen=True):
    """The branch (None without a repository) and the files that differ from the last commit.

    Paths are relative to the workspace; a folder that is untracked as a whole stands for what is in it.
    Codes: modified, added, deleted, untracked, renamed, unmerged. `note` says why the state is not known.
    """

    branch: str | None = None
    files: dict[str, Code] = {}
    note: str = ""


def git_environment() -> dict[str, str]:
    """The environment for calls of git: no prompts, no locks, no network, no patterns in paths, and no other
    repository than the folder's.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | _ENVIRONMENT


async def safe_git(root: Path) -> list[str]:
    """The beginning of a git command line that runs nothing the repository itself configures.

    Its files are those beside its `.git`, whatever place it configures for them. Monitors, hooks and pagers
    are switched off, and so is every filter that the repository's own configuration (not the user's) defines,
    since a repository may come from anybody. `git diff` needs `--no-ext-diff --no-textconv` besides.

    Raises OSError when there is no git, TimeoutError when it does not answer.
    """
    listed = await capture(
        ["git", "config", "--list", "--show-scope", "--name-only", "-z"], cwd=root, env=git_environment()
    )
    argv = ["git", "--no-pager", f"--work-tree={repository_root(root) or root}", *_SAFE]
    words = listed.out.decode("utf-8", "surrogateescape").split("\0")
    for scope, name in zip(words[::2], words[1::2], strict=False):
        section, _, rest = name.partition(".")
        key = rest.rpartition(".")[2]
        if scope not in ("local", "worktree"):
            continue
        if section == "filter" and key in ("clean", "smudge", "process"):
            argv += ["-c", f"{name}=", "-c", f"filter.{rest.rpartition('.')[0]}.required=false"]
    return argv


async def status(workspace: Workspace) -> GitState:
    """The state now; without git or a repository it is empty."""
    root = workspace.root
    top = repository_root(root)
    if top is None:
        return GitState()
    try:
        git = await safe_git(root)
        asked = await capture(
            [*git, "status", "--porcelain=v2", "-z", "--branch", "--ignore-submodules=dirty", "--", "."],
            cwd=root,
            env=git_environment(),
        )
    except TimeoutError:
        return GitState(note="git did not answer in time")
    except OSError:
        return GitState(note="git cannot be run")
    if asked.code != 0 and not asked.cut:
        return GitState(note=asked.err.strip()[:500])
    prefix = "" if root == top else root.relative_to(top).as_posix() + "/"
    return _parsed(asked.out.decode("utf-8", "surrogateescape"), prefix)


def _parsed(text: str, prefix: str) -> GitState:
    branch = commit = ""
    files: dict[str, Code] = {}
    records = iter(text.split("\0")[:-1])
    for record in records:
        if record.startswith("# branch.oid "):
            commit = record.removeprefix("# branch.oid ")
        elif record.startswith("# branch.head "):
            branch = record.removeprefix("# branch.head ")
        elif found := _file(record, records):
            path, code = found
            if path.startswith(prefix) and not is_own(path.rpartition("/")[2]):
                files[path[len(prefix) :].rstrip("/")] = code
    if branch == "(detached)":
        branch = f"{commit[:7]} (detached)"
    return GitState(branch=branch or None, files=files)


def _file(record: str, following: Iterator[str]) -> tuple[str, Code] | None:
    """The path and code of one record of `git status --porcelain=v2`."""
    kind = record[:1]
    if kind == "?":
        return record[2:], "?"
    if kind == "u":
        return record.split(" ", 10)[-1], "U"
    if kind == "1":
        return record.split(" ", 8)[-1], _code(record[2:4])
    if kind == "2":
        next(following, None)  # where it came from
        return record.split(" ", 9)[-1], "R" if "R" in record[2:4] else "A"
    return None


def _code(xy: str) -> Code:
    if "D" in xy:
        return "D"
    return "A" if "A" in xy else "M"


def branch_now(root: Path) -> str:
    """The branch that is checked out, as git's own file says; a commit's short hash, or "" without git."""
    top = repository_root(root)
    if top is None:
        return ""
    folder = top / ".git"
    with suppress(OSError, ValueError):
        if not folder.is_dir():
            pointer = os.fsdecode(read_bounded(folder, 4096)).strip()
            folder = top / pointer.removeprefix("gitdir:").strip()
        head = os.fsdecode(read_bounded(folder / "HEAD", 4096)).strip()
        return head.removeprefix("ref: refs/heads/") if head.startswith("ref: ") else head[:10]
    return ""
