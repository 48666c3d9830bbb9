"""Finding the log files of a workspace: by their names, and by the globs of the settings."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterable
from itertools import islice

import msgspec

from agent_core.errors import PathRefused
from agent_core.workspace import Workspace

_GENERATION = r"(?P<dot>[.-])(?P<generation>\d{1,3}|\d{4}-?\d\d-?\d\d(?:[-_.T]?\d{1,6}){0,3})"
_NAME = re.compile(
    rf"(?P<stem>.*\.(?:log|out|err)|syslog|messages|nohup\.out)(?:{_GENERATION})?(?P<packed>\.gz)?",
    re.IGNORECASE | re.DOTALL,
)
_LOG_FOLDER = re.compile(r"^(?:logs?|var)$", re.IGNORECASE)
_TEXT = re.compile(r"\.(?:txt|jsonl|ndjson)$", re.IGNORECASE)
_NEVER = frozenset(
    {".git", ".dspy_tui", "node_modules", ".venv", "venv", "__pycache__", "site-packages", ".tox", ".nox",
     ".mypy_cache", ".ruff_cache", ".pytest_cache", ".cache", "target", "vendor"}
)  # fmt: skip
_MAX_DEPTH = 5
_MAX_FOLDERS = 2000
_MAX_GLOBBED = 200


class LogFile(msgspec.Struct, frozen=True):
    """A log file: its path from the root (posix), size in bytes, and when it last changed."""

    path: str
    size: int
    mtime_ns: int


class LogFamily(msgspec.Struct, frozen=True):
    """A log and what was rotated away from it: its name, and its files, the oldest first.

    `path` is the name that is written to now (`logs/app.log`); that file need not be there at the moment.
    """

    path: str
    files: tuple[LogFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.size for file in self.files)

    @property
    def mtime_ns(self) -> int:
        """When any of its files last changed."""
        return max(file.mtime_ns for file in self.files)


def discover(workspace: Workspace, *, globs: Iterable[str] = (), limit: int = 20) -> list[LogFile]:
    """The log files of the workspace, the latest changed first; blocks for some milliseconds.

    Ignored files count, since logs mostly are; folders of dependencies and caches are passed over, links are
    not followed, and both depth and number of folders are bounded. A glob that leads out of the workspace
    finds nothing. Packed files (`.gz`) are left out.
    """
    found = (file for file in _all(workspace, globs) if not file.path.lower().endswith(".gz"))
    return sorted(found, key=lambda file: (-file.mtime_ns, file.path))[:limit]


def families(workspace: Workspace, *, globs: Iterable[str] = ()) -> list[LogFamily]:
    """The same with packed ones, rotated ones with the log that they belong to; the latest changed first."""
    return in_families(_all(workspace, globs))


def in_families(files: Iterable[LogFile]) -> list[LogFamily]:
    """The files, each beside the others of its log; the log that changed last comes first."""
    members: dict[str, list[LogFile]] = {}
    for file in files:
        members.setdefault(family_name(file.path), []).append(file)
    found = [LogFamily(name, tuple(sorted(group, key=_age))) for name, group in members.items()]
    return sorted(found, key=lambda family: (-family.mtime_ns, family.path))


def family_name(path: str) -> str:
    """The log that a file belongs to: `logs/app.log` of `logs/app.log.2.gz`; of any other file its own."""
    folder, slash, name = path.rpartition("/")
    match = _NAME.fullmatch(name)
    return f"{folder}{slash}{match['stem']}" if match else path


def family_of(workspace: Workspace, path: str) -> LogFamily | None:
    """The log at a path that exists (or whose rotated files do), with its rotated files; None for none."""
    folder, slash, name = path.rpartition("/")
    siblings: list[LogFile] = []
    try:
        with os.scandir(workspace.root / folder) as entries:
            for entry in entries:
                other = f"{folder}{slash}{entry.name}"
                if (entry.name == name or family_name(other) == path) and entry.is_file(
                    follow_symlinks=False
                ):
                    siblings.append(_stated(other, entry.stat(follow_symlinks=False)))
    except OSError:
        return None
    return LogFamily(path, tuple(sorted(siblings, key=_age))) if siblings else None


def _age(file: LogFile) -> tuple[int, int, str, str]:
    """Sorts the oldest first: `app.log.2.gz`, `app.log.1`, `app.log`; dates in their order."""
    match = _NAME.fullmatch(file.path.rpartition("/")[2])
    generation = (match["generation"] if match else None) or ""
    if not generation:
        return (1, 0, "", file.path)
    is_count = len(generation) <= 3
    return (0, -int(generation) if is_count else 0, "" if is_count else generation, file.path)


def _all(workspace: Workspace, globs: Iterable[str]) -> Iterable[LogFile]:
    found = {file.path: file for file in _walk(str(workspace.root))}
    for glob in globs:
        found.update({file.path: file for file in globbed(workspace, glob)})
    return found.values()


def _walk(root: str) -> Iterable[LogFile]:
    waiting = deque([("", 0, False)])
    seen = 0
    while waiting and seen < _MAX_FOLDERS:
        prefix, depth, in_logs = waiting.popleft()
        seen += 1
        try:
            entries = list(os.scandir(f"{root}/{prefix}"))
        except OSError:
            continue
        for entry in entries:
            try:
                if entry.is_dir(follow_symlinks=False):
                    if depth < _MAX_DEPTH and entry.name not in _NEVER:
                        inside = in_logs or _LOG_FOLDER.match(entry.name) is not None
                        waiting.append((f"{prefix}{entry.name}/", depth + 1, inside))
                elif entry.is_file(follow_symlinks=False) and _is_log(entry.name, in_logs):
                    yield _stated(prefix + entry.name, entry.stat(follow_symlinks=False))
            except OSError:
                continue


def named_like_a_log(path: str) -> bool:
    """Whether a path in the workspace has the name of a log."""
    *folders, name = path.split("/")
    return _is_log(name, any(map(_LOG_FOLDER.match, folders)))


def _is_log(name: str, in_logs: bool) -> bool:
    return _NAME.fullmatch(name) is not None or (in_logs and _TEXT.search(name) is not None)


def _stated(path: str, status: os.stat_result) -> LogFile:
    return LogFile(path, status.st_size, status.st_mtime_ns)


def globbed(workspace: Workspace, glob: str) -> Iterable[LogFile]:
    """The regular files inside the workspace that a glob finds, links by what they lead to; bounded."""
    if glob.startswith("/"):
        return
    try:
        paths = list(islice(workspace.root.glob(glob), _MAX_GLOBBED))
    except (OSError, ValueError, NotImplementedError):
        return
    for path in paths:
        try:
            resolved = workspace.resolve(str(path))
            if resolved.is_file():
                yield _stated(workspace.relative(resolved), resolved.stat())
        except (PathRefused, OSError):
            continue
