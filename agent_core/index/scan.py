"""What lies in a workspace: every file that is not ignored, with what tells whether it changed."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from agent_core.walking import walk_folders

MOST_BYTES = 1_000_000
"""Larger files are not indexed; `grep` still finds what is in them."""


class FileState(NamedTuple):
    """What the system says of a file; content that changes changes `ctime_ns`, whatever is set back."""

    size: int
    mtime_ns: int
    ctime_ns: int


def scan(root: Path) -> dict[str, FileState]:
    """Every regular file below the root that the ignore rules leave, by posix path.

    Links are not followed, so it ends; what cannot be read or vanishes meanwhile is passed over, and so is
    what has a name that is not text.
    """
    found: dict[str, FileState] = {}
    for listing in walk_folders(root):
        prefix, ignored = listing.prefix, listing.rules.ignored
        if not prefix.isascii() and not _is_text(prefix):
            continue
        for entry in listing.others:
            name = entry.name
            if not name.isascii() and not _is_text(name):
                continue
            try:
                if entry.is_file(follow_symlinks=False) and not ignored(name, False):
                    status = entry.stat(follow_symlinks=False)
                    found[prefix + name] = FileState(status.st_size, status.st_mtime_ns, status.st_ctime_ns)
            except OSError:
                continue
    return found


def _is_text(name: str) -> bool:
    """Whether a name can be written down; one whose bytes are not UTF-8 cannot."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def state_of(root: Path, path: str) -> FileState | None:
    """The state of one path now; None when it is no regular file (any more)."""
    try:
        status = Path(root, path).stat(follow_symlinks=False)
    except (OSError, ValueError):
        return None
    if (status.st_mode & 0o170000) != 0o100000:
        return None
    return FileState(status.st_size, status.st_mtime_ns, status.st_ctime_ns)
