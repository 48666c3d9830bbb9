"""What of a workspace goes into its copy, and how.

Copied is every file that is not ignored, committed or not, and what ignore rules hide as long as it is small:
generated code, compiled extensions, metadata of packages, `.env`. The caches of builds that are written to
(`target`, `.mypy_cache`) come along up to a bound.

Shared, which means read-only in a sandbox and linked to without one, are the folders of dependencies
(node_modules, virtual environments, an ignored `vendor`), whatever else is ignored and large, and `.git`.

Left out are caches that make themselves (`__pycache__`, `.pytest_cache`) and the program's own folder.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field

from agent_core.ignore import FolderRules, is_own
from agent_core.workspace import Workspace

_SHARED = frozenset({"node_modules", "bower_components", ".tox", ".nox", ".direnv", "Pods", ".yarn", ".eggs"})
_SHARED_IF_IGNORED = frozenset({"vendor", "third_party", "deps", "packages"})
_MARKED = ("pyvenv.cfg", "conda-meta")
_LEFT_OUT = frozenset(
    {
        *("__pycache__", ".pytest_cache", ".ruff_cache", ".hypothesis", "htmlcov", ".coverage", ".DS_Store"),
        *(".hg", ".svn"),
    }
)
_WARM = frozenset({"target", ".mypy_cache", ".gradle", ".next", ".turbo", ".parcel-cache"})
_WARM_BYTES, _WARM_FILES = 1 << 30, 60_000
_SMALL_BYTES, _SMALL_FILES = 200 << 20, 20_000
_SMALL_FILE = 64 << 20


@dataclass(slots=True)
class Layout:
    """The entries of a copy, relative to the root, posix."""

    files: list[tuple[str, os.stat_result]] = field(default_factory=list[tuple[str, os.stat_result]])
    links: list[str] = field(default_factory=list[str])
    folders: list[str] = field(default_factory=list[str])
    shared: list[str] = field(default_factory=list[str])
    left_out: list[str] = field(default_factory=list[str])
    size: int = 0

    def add(self, path: str, status: os.stat_result) -> None:
        """Take in a file."""
        self.files.append((path, status))
        self.size += status.st_size


def layout_of(workspace: Workspace) -> Layout:
    """Look at the workspace as it is now; takes a second for a hundred thousand files."""
    found = Layout()
    rules, _ = workspace.rules().for_folder(".")
    waiting: list[tuple[str, FolderRules]] = [("", rules)]
    root = str(workspace.root)
    while waiting:
        prefix, rules = waiting.pop()
        for entry in _entries(f"{root}/{prefix}"):
            path = prefix + entry.name
            if entry.name == ".git":
                if not prefix and entry.is_dir(follow_symlinks=False):
                    found.shared.append(path)
                continue
            if entry.name in _LEFT_OUT or is_own(entry.name):
                continue
            if entry.is_symlink():
                _link(entry, path, found)
                continue
            is_dir = entry.is_dir(follow_symlinks=False)
            ignored = rules.ignored(entry.name, is_dir)
            if not is_dir:
                _file(entry, path, ignored, found)
            elif _is_shared(entry, ignored):
                found.shared.append(path)
            elif ignored or entry.name in _WARM:
                _hidden(entry, path, ignored, found)
            else:
                found.folders.append(path)
                waiting.append((f"{path}/", rules.enter(entry.name)))
    return found


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _link(entry: os.DirEntry[str], path: str, found: Layout) -> None:
    """A link; one that stands for a folder of dependencies is shared like the folder."""
    if entry.is_dir() and _is_shared(entry, False):
        found.shared.append(path)
    else:
        found.links.append(path)


def _file(entry: os.DirEntry[str], path: str, ignored: bool, found: Layout) -> None:
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError:
        return
    if not stat.S_ISREG(status.st_mode):
        return
    if ignored and status.st_size > _SMALL_FILE:
        found.shared.append(path)
    else:
        found.add(path, status)


def _is_shared(entry: os.DirEntry[str], ignored: bool) -> bool:
    if entry.name in _SHARED or (ignored and entry.name in _SHARED_IF_IGNORED):
        return True
    return any(os.path.lexists(f"{entry.path}/{mark}") for mark in _MARKED)


def _hidden(entry: os.DirEntry[str], path: str, ignored: bool, found: Layout) -> None:
    """An ignored folder, or the cache of a build: as a whole copied, shared, or made anew."""
    warm = entry.name in _WARM
    if warm and not ignored and not _is_cache(entry):
        most = (1 << 62, 1 << 62)  # a folder of the project that only has such a name
    else:
        most = (_WARM_BYTES, _WARM_FILES) if warm else (_SMALL_BYTES, _SMALL_FILES)
    inner = _whole(entry.path, path, *most)
    if inner is not None:
        found.files += inner.files
        found.links += inner.links
        found.folders += [path, *inner.folders]
        found.shared += inner.shared
        found.size += inner.size
    elif warm:
        found.left_out.append(path)
        found.folders.append(path)
    else:
        found.shared.append(path)


def _is_cache(entry: os.DirEntry[str]) -> bool:
    return any(os.path.lexists(f"{entry.path}/{mark}") for mark in ("CACHEDIR.TAG", ".rustc_info.json"))


def _whole(folder: str, path: str, most_bytes: int, most_files: int) -> Layout | None:
    """Everything below a folder; None when it is too much."""
    found = Layout()
    waiting = [(folder, path)]
    while waiting:
        folder, path = waiting.pop()
        for entry in _entries(folder):
            inner = f"{path}/{entry.name}"
            if entry.name in _LEFT_OUT or is_own(entry.name):
                continue
            if entry.is_symlink():
                found.links.append(inner)
            elif entry.is_dir(follow_symlinks=False):
                if _is_shared(entry, False):
                    found.shared.append(inner)
                else:
                    found.folders.append(inner)
                    waiting.append((entry.path, inner))
            else:
                _file(entry, inner, False, found)
        if found.size > most_bytes or len(found.files) > most_files:
            return None
    return found


def stamps(layout: Layout) -> Iterator[str]:
    """What tells two states of a workspace apart without reading it: each file's size and time."""
    for path, status in sorted(layout.files, key=lambda item: item[0]):
        yield f"{path}\0{status.st_size}\0{status.st_mtime_ns}\0{status.st_ino}"
    yield from sorted(layout.shared)
