"""Keeping files of ours out of git, in the repository's own list that nobody shares: `info/exclude`."""

from __future__ import annotations

import fcntl
import os
import re
import stat
from contextlib import suppress
from pathlib import Path

from agent_core.files import flock, write_all
from agent_core.ignore import git_folder, repository_root

_PATTERNS = (".dspy_rl_*", "..dspy_rl_*")
"""State and events with all their copies, and unfinished ones; the configuration `.dspy_rl.json` is none."""
_LARGEST = 4 * 1024 * 1024
_WAIT = 1.0


def exclude(root: Path) -> bool:
    """See that git takes no notice of the files of what is learnt in a workspace.

    Returns whether the list has what it should have; False where there is no repository, or its list cannot
    be read and written.
    """
    top = repository_root(root)
    if top is None:
        return False
    folder = git_folder(top)
    prefix = "" if root == top else root.relative_to(top).as_posix() + "/"
    if "\n" in prefix or not (folder / "HEAD").is_file() or not (folder / "objects").is_dir():
        return False
    escaped = re.sub(r"([\\*?\[])", r"\\\1", prefix)
    with suppress(OSError):
        return _add(
            folder / "info" / "exclude", [os.fsencode(f"/{escaped}{pattern}") for pattern in _PATTERNS]
        )
    return False


def _add(path: Path, patterns: list[bytes]) -> bool:
    with suppress(FileExistsError):
        path.parent.mkdir()
    if path.parent.is_symlink():
        return False
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    fd = os.open(path, flags, 0o644)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode) or not flock(fd, fcntl.LOCK_EX, timeout=_WAIT):
            return False
        content = os.pread(fd, _LARGEST + 1, 0)
        if len(content) > _LARGEST:
            return False
        known = {line.rstrip(b"\r") for line in content.split(b"\n")}
        missing = [pattern for pattern in patterns if pattern not in known]
        end = b"\r\n" if content.count(b"\r\n") * 2 > content.count(b"\n") else b"\n"
        torn = end if missing and content and not content.endswith(b"\n") else b""
        write_all(fd, torn + b"".join(pattern + end for pattern in missing))
        return True
    finally:
        os.close(fd)
