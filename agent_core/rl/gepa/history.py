"""The commits of a workspace as far as examples can be made of them; nothing that it configures runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from agent_core.capture import capture
from agent_core.gitstate import git_environment, safe_git
from agent_core.ignore import repository_root
from agent_core.workspace import Workspace

_MOST_COMMITS = 400
_MOST_BYTES = 16 * 1024 * 1024
_MOST_FILE = 100_000
_TIMEOUT_S = 30.0
_OFFLINE = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none", "GIT_LITERAL_PATHSPECS": "1"}
_OPTIONS = (
    "--no-show-signature", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", "--no-notes",
    "--no-mailmap", "--no-merges", "--relative", "-p", "-U3", "--format=%x01%H%x00%s%x00%b%x02",
)  # fmt: skip
_HASH = re.compile(r"[0-9a-f]{40,64}")
_FILE = re.compile(r"^diff --git a/(.+) b/\1$")


class FileDiff(msgspec.Struct, frozen=True):
    """What a commit changed in a file that was there before and after it."""

    path: str
    text: str

    def came(self) -> list[str]:
        """The lines that it added, without white space around them."""
        rows = (line[1:].strip() for line in self.text.split("\n") if line[:1] == "+" and line[:3] != "+++")
        return [row for row in rows if row]


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """A commit: its message, and the files that it changed in place. `touched` are all its files."""

    id: str
    subject: str
    body: str
    files: tuple[FileDiff, ...]
    touched: tuple[str, ...]


async def commits(workspace: Workspace) -> list[Commit]:
    """The last commits, newest first; none without git, a repository, or an answer of git in time."""
    root = workspace.root
    if repository_root(root) is None:
        return []
    try:
        asked = await capture(
            [
                *await safe_git(root),
                "-c",
                "core.quotePath=off",
                "log",
                f"-n{_MOST_COMMITS}",
                *_OPTIONS,
                "--",
                ".",
            ],
            cwd=root,
            env=git_environment() | _OFFLINE,
            timeout=_TIMEOUT_S,
            limit=_MOST_BYTES,
        )
    except (OSError, TimeoutError):
        return []
    text = asked.out.decode("utf-8", "replace")
    # what was cut off in its middle is the last one
    rows = text.split("\x01")[1 : -1 if asked.cut else None]
    return list(_read(rows))


async def contents(workspace: Workspace, commit: str, path: str) -> tuple[str, str] | None:
    """A file before and after a commit; None where either is missing, too large, or no text."""
    found: list[str] = []
    try:
        git = await safe_git(workspace.root)
        for revision in (f"{commit}^", commit):
            asked = await capture(
                [*git, "cat-file", "blob", f"{revision}:./{path}"],
                cwd=workspace.root,
                env=git_environment() | _OFFLINE,
                timeout=_TIMEOUT_S,
                limit=_MOST_FILE,
            )
            if asked.code != 0 or asked.cut:
                return None
            found.append(asked.out.decode("utf-8"))
    except (OSError, TimeoutError, UnicodeDecodeError):
        return None
    return found[0], found[1]


def _read(rows: list[str]) -> Iterator[Commit]:
    for row in rows:
        head, _, patch = row.partition("\x02")
        parts = head.split("\0")
        if len(parts) == 3 and _HASH.fullmatch(parts[0]):
            files, touched = _files(patch)
            yield Commit(id=parts[0], subject=parts[1], body=parts[2].strip(), files=files, touched=touched)


def _files(patch: str) -> tuple[tuple[FileDiff, ...], tuple[str, ...]]:
    found: list[FileDiff] = []
    touched: list[str] = []
    for part in re.split(r"^(?=diff --git )", patch, flags=re.MULTILINE):
        head, _, rest = part.partition("\n")
        match = _FILE.match(head)
        if match is None:
            continue
        touched.append(match[1])
        before_hunks = rest.partition("\n@@")[0]
        in_place = (
            "\n@@" in rest and "new file mode" not in before_hunks and "deleted file" not in before_hunks
        )
        if in_place:
            found.append(FileDiff(match[1], part.rstrip("\n")))
    return tuple(found), tuple(touched)
