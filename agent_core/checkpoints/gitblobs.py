"""The bytes that git already has: files that are as in the last commit need not be read to be kept.

A file's id in the tree is then that of git's blob, and its bytes are fetched only if the turn changed it.
That a command may take the repository away (`rm -rf .git`, `git gc`) is met by hard links to git's objects
(`Pins`), which cost nothing and stay until the session ends.

Where git converts what it writes (line ends, filters, encodings), the bytes on disk are not the blob's. Line
ends and large-file pointers change the size, so the size must agree; where other conversions are set up, git
vouches for nothing.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from agent_core.capture import capture
from agent_core.checkpoints.states import GIT_ID_BYTES, git_id_of
from agent_core.files import read_bounded
from agent_core.gitstate import git_environment, safe_git
from agent_core.ignore import git_folder, repository_root

_LIMIT = 512 * 1024 * 1024
_TIMEOUT_S = 60.0
_HARMLESS = re.compile(r"filter\.lfs\.")
_DIRTY = (
    "diff-index", "--relative", "--name-only", "-z", "--no-ext-diff", "--no-renames",
    "--ignore-submodules=all", "HEAD", "--", ".",
)  # fmt: skip
_ENCODES = b"working-tree-encoding"


async def clean_blobs(root: Path, sizes: Mapping[str, int], attributes: Collection[str]) -> dict[str, bytes]:
    """The id of git's blob of each file that has its bytes; {} where git cannot say.

    Args:
        root: The workspace.
        sizes: The size of each file, seen before the call. One that changes after that is not looked at.
        attributes: The paths of its `.gitattributes` files.
    """
    top = repository_root(root)
    if top is None or _encodes(root, top, attributes):
        return {}
    try:
        git = [*await safe_git(root), "-c", "core.trustctime=true", "-c", "core.checkStat=default"]
        filters = await _ask(root, [*git, "config", "--get-regexp", "--name-only", r"^filter\."])
        if any(not _HARMLESS.match(name) for name in os.fsdecode(filters or b"").split("\n") if name):
            return {}
        listed, tags, dirty = await asyncio.gather(
            _ask(root, [*git, "ls-tree", "-r", "-l", "-z", "HEAD"]),
            _ask(root, [*git, "ls-files", "-v", "-z"]),
            _ask(root, [*git, *_DIRTY]),
        )
    except (OSError, TimeoutError):
        return {}
    if listed is None or tags is None or dirty is None:
        return {}
    return await asyncio.to_thread(_agreeing, listed, tags, dirty, sizes)


async def tracked_files(root: Path) -> list[str]:
    """The paths that git's index has below a folder; none where git cannot say."""
    if repository_root(root) is None:
        return []
    try:
        listed = await _ask(root, [*await safe_git(root), "ls-files", "-z"])
    except (OSError, TimeoutError):
        return []
    return [os.fsdecode(name) for name in (listed or b"").split(b"\0") if name]


async def _ask(root: Path, argv: list[str]) -> bytes | None:
    asked = await capture(argv, cwd=root, env=git_environment(), timeout=_TIMEOUT_S, limit=_LIMIT)
    return None if asked.code != 0 or asked.cut else asked.out


def _encodes(root: Path, top: Path, attributes: Collection[str]) -> bool:
    """Whether any attributes may say that files are written in another encoding than they are kept in."""
    for path in (*(root / name for name in attributes), git_folder(top) / "info/attributes"):
        try:
            if _ENCODES in read_bounded(path):
                return True
        except FileNotFoundError:
            continue
        except OSError:
            return True
    return False


def _agreeing(listed: bytes, tags: bytes, dirty: bytes, sizes: Mapping[str, int]) -> dict[str, bytes]:
    trusted = {row[2:] for row in tags.split(b"\0") if row[:2] == b"H "}
    trusted.difference_update(dirty.split(b"\0"))
    found: dict[str, bytes] = {}
    for row in listed.split(b"\0"):
        about, _, name = row.partition(b"\t")
        words = about.split()
        if name not in trusted or len(words) != 4 or words[1] != b"blob" or not words[3].isdigit():
            continue
        path, blob = os.fsdecode(name), bytes.fromhex(words[2].decode())
        if len(blob) == GIT_ID_BYTES and sizes.get(path) == int(words[3]):
            found[path] = blob
    return found


class Pins:
    """Hard links to git's objects, in a repository of their own; and reading blobs from it.

    Used as a context it keeps one git process for as long as the block runs.
    """

    def __init__(self, folder: Path, root: Path) -> None:
        self._folder, self._root = folder, root
        self._linked: set[bytes] = set()
        self._git: subprocess.Popen[bytes] | None = None

    @property
    def _source(self) -> Path | None:
        top = repository_root(self._root)
        return None if top is None else git_folder(top) / "objects"

    def refresh(self, wanted: Collection[bytes]) -> None:
        """Link what holds the blobs; where that cannot be done, git's own objects must do."""
        source = self._source
        if source is None:
            return
        if not (self._folder / "HEAD").exists():
            self._linked.clear()
        needed = set(wanted) - self._linked
        if needed:
            self._link(source, needed)
            self._linked |= needed

    def _link(self, source: Path, needed: set[bytes]) -> None:
        objects = self._folder / "objects"
        for folder in (objects / "pack", self._folder / "refs"):
            folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "HEAD").write_text("ref: refs/heads/none\n")
        with suppress(OSError):
            for pack in _names(source / "pack"):
                if pack.endswith((".pack", ".idx")):
                    _link(source / "pack" / pack, objects / "pack" / pack)
            wanted: dict[str, set[str]] = {}
            for blob in needed:
                name = blob.hex()
                wanted.setdefault(name[:2], set()).add(name[2:])
            for start, rests in wanted.items():
                for rest in rests & _names(source / start):
                    (objects / start).mkdir(exist_ok=True)
                    _link(source / start / rest, objects / start / rest)

    def drop(self) -> None:
        """Take the links away."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Pins:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._git is not None:
            self._git.kill()
            self._git.communicate()
            self._git = None

    def read(self, blob: bytes) -> bytes | None:
        """The bytes of a blob; None when they are gone."""
        with suppress(OSError, ValueError, subprocess.SubprocessError):
            content = self._read(blob)
            if content is not None and git_id_of(content) == blob:
                return content
        return None

    def _read(self, blob: bytes) -> bytes | None:
        git = self._git or self._start()
        assert git.stdin is not None and git.stdout is not None
        git.stdin.write(blob.hex().encode() + b"\n")
        git.stdin.flush()
        words = git.stdout.readline().split()
        if len(words) != 3 or words[1] != b"blob":
            return None
        content = git.stdout.read(int(words[2]))
        git.stdout.read(1)
        return content

    def _start(self) -> subprocess.Popen[bytes]:
        environment = git_environment()
        source = self._source
        if source is not None:
            environment["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = str(source)
        self._git = subprocess.Popen(
            ["git", f"--git-dir={self._folder}", "cat-file", "--batch"],
            cwd=self._folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return self._git


def _names(folder: Path) -> set[str]:
    try:
        return set(os.listdir(folder))  # noqa: PTH208 - names are all that is needed
    except OSError:
        return set()


def _link(source: Path, target: Path) -> None:
    with suppress(FileExistsError):
        os.link(source, target)
