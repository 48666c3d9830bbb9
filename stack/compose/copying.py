"""Copies that an image is built from: the packages of the checkout, and a folder of wheels."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec

from agent_core.files import read_bounded, write_atomic

_PACKAGES = ("agent_core", "stack", "tui")
_FILES = ("pyproject.toml", "README.md", "LICENSE")
_LEFT_OUT = ("__pycache__", "node_modules")
_LARGE = (".whl", ".jar")
_SECRET = (".pem", ".key", ".p12", ".pfx", ".pyc")
_MARK = ".made-by-dspy-tui"
_MOST = 64 * 1024 * 1024


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """A folder that is to be as its origin is.

    `stale` are files that differ or are missing, `gone` those that are no longer in the origin; all relative.
    """

    origin: Path
    target: Path
    stale: tuple[str, ...]
    gone: tuple[str, ...]
    total: int

    @property
    def fresh(self) -> bool:
        """Whether there is nothing to do."""
        return not self.stale and not self.gone


def copy_of_checkout(root: Path, target: Path) -> Copy:
    """Only our packages and what is needed to install them: no history, no environment, nothing hidden."""
    wanted = [name for name in _FILES if _is_file(root / name)]
    wanted += [
        f"{package}/{path}"
        for package in _PACKAGES
        for path in _walk(root / package)
        if not path.endswith(_SECRET)
    ]
    stale = tuple(path for path in wanted if not _same_content(root / path, target / path))
    return _copy(root, target, wanted, stale)


def copy_of_wheels(folder: Path, target: Path) -> Copy:
    """The wheels of a folder, and jars for Spark; told apart by size and time, as they are large."""
    wanted = sorted(path.name for path in folder.iterdir() if path.suffix in _LARGE and _is_file(path))
    stale = tuple(name for name in wanted if not _same_stamp(folder / name, target / name))
    return _copy(folder, target, wanted, stale)


def is_foreign(target: Path) -> bool:
    """Whether a folder is there that no copy was ever made in, so that nothing in it may be removed."""
    return target.is_dir() and any(target.iterdir()) and not (target / _MARK).is_file()


def make(copy: Copy) -> None:
    """Bring the target to what the origin is; raises OSError."""
    (copy.target / _MARK).touch()
    for path in copy.gone:
        (copy.target / path).unlink(missing_ok=True)
    for path in copy.stale:
        target = copy.target / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.endswith(_LARGE):
            _copy_large(copy.origin / path, target)
        else:
            write_atomic(target, read_bounded(copy.origin / path, _MOST), durable=False)


def _copy_large(origin: Path, target: Path) -> None:
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        shutil.copy2(origin, temporary)
        temporary.chmod(0o644)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _copy(origin: Path, target: Path, wanted: list[str], stale: tuple[str, ...]) -> Copy:
    named = {*wanted, _MARK}
    gone = tuple(path for path in _walk(target, hidden=True) if path not in named)
    return Copy(origin=origin, target=target, stale=stale, gone=gone, total=len(wanted))


def _walk(folder: Path, *, hidden: bool = False) -> Iterator[str]:
    """Regular files below the folder, relative; links are not followed. `hidden`: with what begins with a dot
    and what is otherwise left out."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(
            name for name in folders if hidden or (not name.startswith(".") and name not in _LEFT_OUT)
        )
        for name in sorted(files):
            path = Path(place, name)
            if hidden or (not name.startswith(".") and _is_file(path)):
                yield path.relative_to(folder).as_posix()


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _same_content(one: Path, other: Path) -> bool:
    if not _is_file(other) or one.stat().st_size != other.stat().st_size:
        return False
    return one.read_bytes() == other.read_bytes()


def _same_stamp(one: Path, other: Path) -> bool:
    if not _is_file(other):
        return False
    first, second = one.stat(), other.stat()
    return (first.st_size, first.st_mtime_ns) == (second.st_size, second.st_mtime_ns)
