"""What undoing does not cover of a command, said before it runs: only what the command seems to be about."""

from __future__ import annotations

import os
import re
from pathlib import Path

from agent_core.ignore import IgnoreRules
from agent_core.shellwords import pieces
from agent_core.text import one_line

_RECORDING = re.compile(
    r"git (?:-\S+ |\S+=\S+ )*(?:commit|merge|rebase|reset|checkout|switch|branch|tag|stash|push|pull|fetch"
    r"|add|rm|mv|am|cherry-pick|revert|restore|gc|init|worktree|submodule|update-ref|filter-branch|clean)\b"
)
_CLEANING = re.compile(r"git (?:-\S+ )*clean\b.*-\w*[xX]")
_ELSEWHERE = re.compile(
    r"(?:docker|podman|kubectl|helm|terraform|aws|gcloud|az|ssh|scp|rsync|psql|mysql|redis-cli|curl|wget|apt"
    r"|apt-get|brew|systemctl|crontab)\b|(?:npm|pip|cargo|twine|gem|yarn|pnpm) (?:publish|upload|push)\b"
)
_WORD = re.compile(r"[^\s'\"=<>|&;()]+")
_HARMLESS = ("/dev/", "/proc/self/")
_MOST_WORDS = 200


def coverage(command: str, root: Path) -> str:
    """What `undo` will not take back of a shell command, as a clause; "" where nothing stands out.

    Looks at the disk, briefly. It is a guess at what the command is about: what is covered does not depend
    on it.
    """
    parts = pieces(command)
    found: list[str] = []
    if any(_CLEANING.match(part) for part in parts):
        found.append("ignored files, and the snapshots themselves if they are cleaned away")
    if any(_RECORDING.match(part) for part in parts):
        found.append("what git records (commits, branches, the index)")
    if any(_ELSEWHERE.match(part) for part in parts):
        found.append("what happens on other machines and services")
    outside, ignored = _named(command, root)
    if outside:
        found.append(f"{one_line(outside)}, outside this folder")
    if ignored:
        found.append(f"{one_line(ignored)}, which is ignored")
    return "; ".join(found)


def _named(command: str, root: Path) -> tuple[str, str]:
    """The first path outside the root, and the first ignored one, that the command names."""
    outside = ignored = ""
    rules = IgnoreRules(root)
    for index, word in enumerate(_WORD.findall(command)[:_MOST_WORDS]):
        if word.startswith("-") or "://" in word or "\0" in word:
            continue
        given = os.path.expanduser(word)  # noqa: PTH111 - a text, which need not be a path
        path = os.path.normpath(os.path.join(root, given))  # noqa: PTH118 - links are not followed
        if path != str(root) and not path.startswith(f"{root}/"):
            is_program = index == 0 and os.access(path, os.X_OK)
            if not is_program and not path.startswith(_HARMLESS):
                outside = outside or word
        elif not ignored and os.path.lexists(path):
            relative = os.path.relpath(path, root)
            if rules.ignored(relative, os.path.isdir(path)):  # noqa: PTH112 - as above
                ignored = word
    return outside, ignored
