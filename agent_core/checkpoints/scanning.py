"""Seeing a whole workspace: by what the system says of each file, and by reading what is new.

Only `scan` and `fill` look at the disk. Reading is what costs; so a file is read when its stamps have changed
since it was read last, and not even then where git vouches for its bytes (`gitblobs`).
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import NamedTuple

from agent_core.checkpoints.places import folder_of
from agent_core.checkpoints.states import ROOT, Seen, Tree, plain_mode, seen, unchanged
from agent_core.ignore import is_own
from agent_core.walking import Listing, walk_folders

MOST_FILE = 16 * 1024 * 1024
"""Larger files are not kept, so that what happens to them cannot be undone."""
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY | os.O_NOFOLLOW
_TELL_EVERY = 500

Put = Callable[[str, bytes], bytes]
"""Keeps the content of a path and gives back its id."""


class Stopped(Exception):
    """Whoever waited for it was cancelled."""


class Watch:
    """A piece of work in a thread: whether it is to stop, and how far it is."""

    def __init__(self, tell: Callable[[str], None] | None = None) -> None:
        self.stop = Event()
        self._tell = tell
        self._count = 0

    def step(self, doing: str) -> None:
        """One more; raises `Stopped` when it is to stop."""
        self._count += 1
        if self.stop.is_set():
            raise Stopped
        if self._tell is not None and self._count % _TELL_EVERY == 0:
            self._tell(f"{doing}: {self._count:,} files")


class Scan(NamedTuple):
    """A tree, and those of its files whose bytes are not known yet (their `id` is b"")."""

    tree: Tree
    unknown: list[str]


def scan(root: Path, known: Mapping[str, Seen], watch: Watch, tracked: Iterable[str] = ()) -> Scan:
    """Everything that is not ignored; what has not changed since it was `known` keeps its id.

    `tracked` are paths that git has: of those that are ignored, files and links are taken in, too.
    """
    entries: dict[str, Seen] = {}
    hidden: set[str] = set()
    unknown: list[str] = []
    with suppress(OSError):
        entries[ROOT] = seen(root.stat(), b"")
    for listing in walk_folders(root):
        if not listing.readable and listing.prefix:
            hidden.add(listing.prefix.rstrip("/"))
        hidden.update(listing.prefix + entry.name for entry in listing.hidden)
        for entry in listing.folders:
            try:
                entries[listing.prefix + entry.name] = seen(entry.stat(follow_symlinks=False), b"")
            except FileNotFoundError:
                continue
            except OSError:
                hidden.add(listing.prefix + entry.name)
        _take(listing, known, entries, hidden, unknown, watch)
    beside = frozenset(
        path for path in tracked if path not in entries and not any(map(is_own, path.split("/")))
    )
    for path in beside:
        with suppress(OSError), folder_of(root, path) as (fd, name):
            status = os.stat(name, dir_fd=fd, follow_symlinks=False)
            _see(path, status, f"{root}/{path}", known, entries, unknown)
    _leave_out_shells(entries, hidden)
    return Scan(Tree(entries, hidden, beside), unknown)


def _leave_out_shells(entries: dict[str, Seen], hidden: set[str]) -> None:
    """Take folders that hold nothing but what is ignored for ignored themselves, as git does.

    Such as a cache that brings rules along by which all of it is ignored.
    """
    shells = _above(hidden) - _above(path for path, entry in entries.items() if not stat.S_ISDIR(entry.mode))
    for path in [path for path in entries if path in shells or not shells.isdisjoint(_above([path]))]:
        del entries[path]
        hidden.add(path)


def _above(paths: Iterable[str]) -> set[str]:
    """The folders that the paths lie in, but for the root."""
    found: set[str] = set()
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder and folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return found


def _take(
    listing: Listing,
    known: Mapping[str, Seen],
    entries: dict[str, Seen],
    hidden: set[str],
    unknown: list[str],
    watch: Watch,
) -> None:
    """Add what lies in one folder beside its folders."""
    prefix, ignored = listing.prefix, listing.rules.ignored
    for entry in listing.others:
        path = prefix + entry.name
        watch.step("Looking at the workspace")
        try:
            if ignored(entry.name, False):
                hidden.add(path)
                continue
            if not _see(path, entry.stat(follow_symlinks=False), entry.path, known, entries, unknown):
                hidden.add(path)
        except OSError:
            hidden.add(path)


def _see(
    path: str,
    status: os.stat_result,
    place: str,
    known: Mapping[str, Seen],
    entries: dict[str, Seen],
    unknown: list[str],
) -> bool:
    """Add a file or a link; False where it is neither."""
    if stat.S_ISLNK(status.st_mode):
        entries[path] = seen(status, os.fsencode(os.readlink(place)))  # noqa: PTH115 - one of many
    elif not stat.S_ISREG(status.st_mode):
        return False
    elif (old := known.get(path)) is not None and unchanged(old, status):
        mode = plain_mode(status.st_mode)
        entries[path] = old if old.mode == mode else old._replace(mode=mode)
    else:
        entries[path] = seen(status, b"")
        unknown.append(path)
    return True


def read_file(path: str, limit: int = MOST_FILE) -> tuple[Seen, bytes | None]:
    """A regular file now: its stamps without an id, and its bytes (None above the limit).

    Raises OSError when it is none or cannot be read.
    """
    moment = time.time_ns()
    fd = os.open(path, _READ)
    try:
        before = os.fstat(fd)
        if not stat.S_ISREG(before.st_mode):
            raise OSError(0, "not a regular file")
        if before.st_size > limit:
            return seen(before, b"", read_at=moment), None
        chunks: list[bytes] = []
        size = 0
        while size <= limit and (chunk := os.read(fd, 1 << 20)):
            chunks.append(chunk)
            size += len(chunk)
        after = os.fstat(fd)
    finally:
        os.close(fd)
    found = seen(after, b"", read_at=moment)
    if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
        found = found._replace(settled=False)
    return found, b"".join(chunks) if size <= limit else None


def fill(root: Path, tree: Tree, unknown: list[str], *, put: Put, budget: int, watch: Watch) -> None:
    """Read and keep the files that are not known, smallest first where they are too many.

    `budget` is how many bytes may be read in all. What is not kept stays without an id.
    """
    if sum(tree.entries[path].size for path in unknown) > budget:
        unknown = sorted(unknown, key=lambda path: (tree.entries[path].size, path))
    for path in unknown:
        watch.step("Keeping what is there")
        if tree.entries[path].size > min(budget, MOST_FILE):
            continue
        try:
            found, content = read_file(f"{root}/{path}")
        except FileNotFoundError:
            del tree.entries[path]
            continue
        except OSError:
            continue
        budget -= found.size
        tree.entries[path] = found if content is None else found._replace(id=put(path, content))


def left_out(root: Path, tree: Tree) -> dict[str, str]:
    """Why a file's bytes are not kept, by path."""
    return {
        path: "too large"
        if entry.size > MOST_FILE
        else "more than undo_limit_mb keeps"
        if os.access(root / path, os.R_OK)
        else "unreadable"
        for path, entry in tree.entries.items()
        if not entry.id and stat.S_ISREG(entry.mode)
    }
