"""Finding the log files of a workspace: by their names, and by the globs of the settings."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterable

import msgspec

from agent_core.errors import PathRefused
from agent_core.workspace import Workspace

_NAME = re.compile(r"\.(?:log|out|err)(?:\.\d{1,3})?$|^(?:syslog|messages|nohup\.out)$", re.IGNORECASE)
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


def discover(workspace: Workspace, *, globs: Iterable[str] = (), limit: int = 20) -> list[LogFile]:
    """The log files of the workspace, the latest changed first; blocks for some milliseconds.

    Ignored files count, since logs mostly are; folders of dependencies and caches are passed over, links are
    not followed, and both depth and number of folders are bounded. A glob that leads out of the workspace
    finds nothing.
    """
    found = {file.path: file for file in _walk(str(workspace.root))}
    for glob in globs:
        found.update({file.path: file for file in _globbed(workspace, glob)})
    return sorted(found.values(), key=lambda file: (-file.mtime_ns, file.path))[:limit]


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
                    status = entry.stat(follow_symlinks=False)
                    yield LogFile(prefix + entry.name, status.st_size, status.st_mtime_ns)
            except OSError:
                continue


def _is_log(name: str, in_logs: bool) -> bool:
    return _NAME.search(name) is not None or (in_logs and _TEXT.search(name) is not None)


def _globbed(workspace: Workspace, glob: str) -> Iterable[LogFile]:
    if glob.startswith("/"):
        return
    try:
        for number, path in enumerate(workspace.root.glob(glob)):
            if number >= _MAX_GLOBBED:
                return
            resolved = workspace.resolve(str(path))
            if resolved.is_file():
                status = resolved.stat()
                yield LogFile(workspace.relative(path), status.st_size, status.st_mtime_ns)
    except (PathRefused, OSError, ValueError, NotImplementedError):
        return
