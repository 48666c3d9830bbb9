"""What undoing does not cover of a command, said before it runs: only what the command seems to be about."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from glob import iglob
from itertools import islice
from pathlib import Path

from agent_core.gitstate import git_environment
from agent_core.ignore import FolderRules, IgnoreRules, is_own
from agent_core.shellwords import pieces, segments
from agent_core.text import one_line

_RECORDING = re.compile(
    r"git (?:-[cC] \S+ |-\S+ |\S+=\S+ )*(?:commit|merge|rebase|reset|checkout|switch|push|pull|fetch|add|rm"
    r"|mv|am|init|gc|cherry-pick|revert|update-ref|filter-branch|restore(?= .*(?:--staged|-S)\b)"
    r"|(?:branch|tag)(?= +[^-\s]| +-[dDmMcCfsa]| +--(?:delete|move|copy|force))"
    r"|(?:stash|worktree|submodule)(?! +(?:list|show|status|summary)))(?![\w-])"
)
_CLEANING = re.compile(r"git (?:-\S+ )*clean\b.*-\w*[xX]")
_ELSEWHERE = re.compile(
    r"(?:(?:docker|podman|kubectl|helm|systemctl|apt|brew)(?! (?:ps|images|logs|inspect|version|info|get"
    r"|describe|top|stats|list|ls|search|show|status|template)\b)|terraform|aws|gcloud|az|ssh|scp|rsync|psql|mysql"
    r"|redis-cli|apt-get|crontab)\b|(?:npm|pip|cargo|twine|gem|yarn|pnpm) (?:publish|upload|push)\b"
    r"|curl .*(?:-X|-d|-F|-T|--request|--data|--form|--upload)"
)
_INSTALLING = re.compile(
    r"(?:(?:npm|pnpm|yarn|bun) (?:-\S+ )*(?:i|ci|install|add|remove|rm|uninstall|update|upgrade|link)"
    r"|(?:uv )?pip3? (?:install|uninstall)|(?:uv|poetry|pdm) (?:add|remove|sync|install|update)|yarn$)"
    r"(?![\w-])"
)
_READERS = (
    "cat head tail less more grep egrep fgrep rg ag ls tree wc diff cmp stat file du df echo printf pwd which"
    " type test [ [[ uniq cut source . jq md5sum sha256sum realpath readlink basename dirname sleep true git"
    " cd pushd"
)
"""What they are given they only read; git has its own rules."""
_COPIERS = "cp ln install scp rsync"
_REMOVERS = "rm mv rmdir unlink shred"
_PREFIXES = "command builtin exec nohup time env sudo then do else !"
_REDIRECTED = re.compile(r"(?<![<>])>{1,2}\|?\s*([^\s<>&|;()]+)")
_REDIRECTION = re.compile(r"\d?(?:[<>]+\|?\s*[^\s<>&|;()]+|>&\d)")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
_HARMLESS = ("/dev/", "/proc/self/")
_GIT_S = 2.0
_MOST_PARTS = 50
_MOST_WORDS = 200
_MOST_ENTRIES = 20_000


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
    if any(_INSTALLING.match(part) for part in parts):
        found.append("packages that are installed")
    if any(_ELSEWHERE.match(part) for part in parts):
        found.append("what happens outside this folder (services, other machines, the system)")
    return "; ".join([*found, *_Named(root).of(command)])


class _Named:
    """The first path outside the root that a command changes, and the first that is ignored."""

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._rules = IgnoreRules(root)
        self._outside = self._ignored = ""
        self._looked = 0

    def of(self, command: str) -> list[str]:
        """What to say of it."""
        base = self._root
        for segment in segments(command)[:_MOST_PARTS]:
            program, words = _words(segment)
            for word in _REDIRECTED.findall(segment):
                self._judge(base, word, deep=False)
            if program == "cd" and len(words) == 1:
                base = _place(base, words[0])
            if program in _COPIERS.split():
                words = words[-1:]
            if program not in _READERS.split():
                for word in words:
                    self._judge(base, word, deep=program in _REMOVERS.split())
        ignored = self._ignored
        says = [f"{one_line(self._outside)}, outside this folder"] if self._outside else []
        if ignored:
            is_git = ignored.rpartition("/")[2] == ".git"
            says.append(
                f"{one_line(ignored)}, {'where git keeps its history' if is_git else 'which is ignored'}"
            )
        return says

    def _judge(self, base: str, word: str, *, deep: bool) -> None:
        if word.startswith("-") or "://" in word or "\0" in word:
            return
        for path in _meant(_place(base, word)):
            if path != self._root and not path.startswith(f"{self._root}/"):
                if not path.startswith(_HARMLESS):
                    self._outside = self._outside or word
            elif not self._ignored and os.path.lexists(path):
                self._ignored = self._hidden(os.path.relpath(path, self._root), path, deep)

    def _hidden(self, relative: str, path: str, deep: bool) -> str:
        """The path, or the first one in it, that is ignored."""
        is_folder = os.path.isdir(path) and not os.path.islink(path)  # noqa: PTH112, PTH114 - a text
        if self._rules.ignored(relative, is_folder):
            return relative if is_folder or not _is_tracked(self._root, relative) else ""
        if deep and is_folder and relative != ".":
            return self._inside(relative, self._rules.for_folder(relative)[0])
        return ""

    def _inside(self, relative: str, rules: FolderRules) -> str:
        folders: list[str] = []
        for name, is_folder in _entries(f"{self._root}/{relative}"):
            self._looked += 1
            if self._looked > _MOST_ENTRIES:
                return ""
            if is_own(name) or rules.ignored(name, is_folder):
                return f"{relative}/{name}"
            if is_folder:
                folders.append(name)
        inner = (self._inside(f"{relative}/{name}", rules.enter(name)) for name in folders)
        return next((path for path in inner if path), "")


def _is_tracked(root: str, path: str) -> bool:
    """Whether git has an ignored file, which is then covered."""
    try:
        argv = ["git", "-c", "core.fsmonitor=false", "ls-files", "--error-unmatch", "--", path]
        asked = subprocess.run(
            argv, cwd=root, env=git_environment(), capture_output=True, timeout=_GIT_S, check=False
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return False
    return asked.returncode == 0


def _entries(folder: str) -> Iterator[tuple[str, bool]]:
    try:
        with os.scandir(folder) as listing:
            for entry in listing:
                yield entry.name, entry.is_dir(follow_symlinks=False)
    except OSError:
        return


def _words(segment: str) -> tuple[str, list[str]]:
    """The program's name, and what it is given beside redirections."""
    plain = _REDIRECTION.sub(" ", segment)
    try:
        words = shlex.split(plain)
    except ValueError:
        words = plain.replace("'", " ").replace('"', " ").split()
    while words and (words[0] in _PREFIXES.split() or _ASSIGNMENT.match(words[0])):
        words = words[1:]
    return (words[0].rpartition("/")[2], words[1:_MOST_WORDS]) if words else ("", [])


def _place(base: str, word: str) -> str:
    """Where a word leads as a path; links are not followed."""
    given = os.path.expanduser(word)  # noqa: PTH111 - a text, which need not be a path
    return os.path.normpath(os.path.join(base, given))  # noqa: PTH118 - as above


def _meant(path: str) -> list[str]:
    """The path, or what a pattern stands for."""
    if not any(mark in path for mark in "*?[") or os.path.lexists(path):
        return [path]
    return list(islice(iglob(path), _MOST_WORDS)) or [path]  # noqa: PTH207 - as the shell has it
