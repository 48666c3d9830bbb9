"""How often files changed lately, by git's log; nothing that the repository configures runs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import msgspec

from agent_core.capture import Captured, capture
from agent_core.gitstate import git_environment, safe_git
from agent_core.ignore import repository_root
from agent_core.text import one_line, shorten
from agent_core.workspace import Workspace

MOST_COMMITS = 1000
_MOST_FILES = 100
"""Files of a commit above which it says nothing about any of them: a move, a new format, a new licence."""
_MOST_BYTES = 8 * 1024 * 1024
_TIMEOUT_S = 10.0
_MARK = "\x01"
"""Begins a commit. A file whose name is this and a date is taken for one, and does no other harm."""
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_OPTIONS = (
    "--no-show-signature", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", "--no-notes",
    "--no-mailmap", "--relative", "--name-only", "-z", f"--format={_MARK}%cs",
)  # fmt: skip
# A partial clone would fetch what it lacks, through whatever program its configuration names.
_OFFLINE = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none", "GIT_LITERAL_PATHSPECS": "1"}


class Commit(msgspec.Struct, frozen=True):
    """A commit's date (2026-11-25) and the files of the workspace that it changed."""

    date: str
    files: tuple[str, ...]


class Churn(msgspec.Struct, frozen=True, kw_only=True):
    """The last commits that changed something in the workspace, newest first.

    Files are relative to the workspace and need not exist any more. `note` says why there are no commits.
    """

    commits: tuple[Commit, ...] = ()
    note: str = ""

    def counts(self) -> Counter[str]:
        """How many of the commits changed each file; those that changed very many files do not count."""
        return Counter(path for commit in self.telling() for path in commit.files)

    def last(self, path: str) -> str:
        """The date of the last commit that changed the file; "" when none of them did."""
        return next((commit.date for commit in self.commits if path in commit.files), "")

    def together(self, path: str) -> Counter[str]:
        """How many commits changed the file and another one."""
        return Counter(
            other
            for commit in self.telling()
            if path in commit.files
            for other in commit.files
            if other != path
        )

    def telling(self) -> Iterator[Commit]:
        """The commits that say something about each of their files: not moves, new formats, new licences."""
        return (commit for commit in self.commits if len(commit.files) <= _MOST_FILES)


async def churn(workspace: Workspace) -> Churn:
    """Read the log, once; without git or a repository there are no commits."""
    root = workspace.root
    if repository_root(root) is None:
        return Churn(note="no git repository")
    try:
        asked = await capture(
            [*await safe_git(root), "log", f"-n{MOST_COMMITS}", *_OPTIONS, "--", "."],
            cwd=root,
            env=git_environment() | _OFFLINE,
            timeout=_TIMEOUT_S,
            limit=_MOST_BYTES,
        )
    except TimeoutError:
        return Churn(note="git did not answer in time")
    except OSError:
        return Churn(note="git cannot be run")
    return _read(asked)


def _read(asked: Captured) -> Churn:
    if asked.code != 0 and not asked.cut:
        said = shorten(one_line(asked.err), 200)
        return Churn(note="no commits yet" if "does not have any commits" in said else f"git: {said}")
    found: list[tuple[str, list[str]]] = []
    words = asked.out.decode("utf-8", "surrogateescape").split("\0")
    for word in words[:-1]:  # after the last NUL stands nothing, or a name that was cut off
        if word.startswith(_MARK) and _DATE.fullmatch(word[1:]):
            found.append((word[1:], []))
        elif found:
            files = found[-1][1]
            files.append(word if files else word.removeprefix("\n"))
    return Churn(commits=tuple(Commit(date, tuple(files)) for date, files in found))
