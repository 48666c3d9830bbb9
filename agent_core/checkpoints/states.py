"""What lies at a path (a file, a link, a folder), and a whole tree of it, as values that can be written down.

Paths are as Python has them, with surrogates where a name is not UTF-8; on disk they are bytes.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from typing import Any, NamedTuple

import msgspec

from agent_core.migrations import NewerState

ROOT = "."
"""The path of the workspace's own folder."""
ID_BYTES = 32
GIT_ID_BYTES = 20
_SETTLE_NS = 50_000_000
_COARSE_NS = 2_000_000_000
_SCHEMA = 1


class State(NamedTuple):
    """What lies at a path, as far as undoing goes.

    `mode` is the kind, and of a file or folder its permissions. `id` is the hash of a file's bytes (b"" where
    they are not kept), the target of a link, and b"" of a folder.
    """

    mode: int
    id: bytes


class Seen(NamedTuple):
    """A `State` with what tells whether it still holds.

    A file whose stamps are the same has the same bytes if it was `settled`: last changed so long before it
    was read that a later change cannot have the same stamp.
    """

    mode: int
    id: bytes
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    settled: bool

    @property
    def state(self) -> State:
        """Without the stamps."""
        return State(self.mode, self.id)


class Tree(NamedTuple):
    """Everything in a workspace that is not ignored, and the places (`hidden`) that nothing is known of.

    `tracked` are files that git has although they are ignored: they are among the entries, too.
    """

    entries: dict[str, Seen]
    hidden: set[str]
    tracked: frozenset[str] = frozenset()


def kind_of(state: State | None) -> str:
    """A state's kind in a word."""
    if state is None:
        return "missing"
    if stat.S_ISREG(state.mode):
        return "file"
    return "link" if stat.S_ISLNK(state.mode) else "folder"


def is_file(state: State | None) -> bool:
    """Whether it is a regular file."""
    return state is not None and stat.S_ISREG(state.mode)


def is_folder(state: State | None) -> bool:
    """Whether it is a folder."""
    return state is not None and stat.S_ISDIR(state.mode)


def plain_mode(mode: int) -> int:
    """The part of a mode that is kept: of a link its kind alone, since its permissions mean nothing."""
    return stat.S_IFMT(mode) if stat.S_ISLNK(mode) else mode & (0o170000 | 0o7777)


def id_of(content: bytes) -> bytes:
    """The name of a file's content in the store."""
    return hashlib.blake2b(content, digest_size=ID_BYTES).digest()


def git_id_of(content: bytes) -> bytes:
    """The name that git gives to the same content."""
    digest = hashlib.sha1(b"blob %d\0" % len(content), usedforsecurity=False)
    digest.update(content)
    return digest.digest()


def seen(status: os.stat_result, content_id: bytes, *, read_at: int | None = None) -> Seen:
    """A path as it is now. `read_at` is when its bytes began to be read, by `time.time_ns`."""
    moment = time.time_ns() if read_at is None else read_at
    changed = max(status.st_mtime_ns, status.st_ctime_ns)
    coarse = status.st_ctime_ns % 1_000_000_000 == 0
    return Seen(
        mode=plain_mode(status.st_mode),
        id=content_id,
        size=status.st_size,
        mtime_ns=status.st_mtime_ns,
        ctime_ns=status.st_ctime_ns,
        inode=status.st_ino,
        settled=changed < moment - (_COARSE_NS if coarse else _SETTLE_NS),
    )


def unchanged(known: Seen, status: os.stat_result) -> bool:
    """Whether a file that was seen before certainly has the same bytes."""
    return (
        known.settled
        and known.mtime_ns == status.st_mtime_ns
        and known.ctime_ns == status.st_ctime_ns
        and known.size == status.st_size
        and known.inode == status.st_ino
        and stat.S_IFMT(known.mode) == stat.S_IFMT(status.st_mode)
    )


def encode_tree(tree: Tree) -> bytes:
    """A tree as bytes."""
    entries = [(os.fsencode(path), *entry) for path, entry in tree.entries.items()]
    hidden = [os.fsencode(path) for path in tree.hidden]
    tracked = [os.fsencode(path) for path in tree.tracked]
    return msgspec.msgpack.encode((_SCHEMA, entries, hidden, tracked))


def decode_tree(data: bytes) -> Tree:
    """The tree of some bytes; raises `DecodeError` when they are none, `NewerState` for a newer one."""
    kind: Any = tuple[int, list[tuple[bytes, int, bytes, int, int, int, int, bool]], list[bytes], list[bytes]]
    try:
        schema, entries, hidden, tracked = msgspec.msgpack.decode(data, type=kind)
    except RecursionError as error:
        raise msgspec.DecodeError(str(error)) from None
    if schema > _SCHEMA:
        raise NewerState("what lay in the workspace", schema)
    return Tree(
        {os.fsdecode(path): Seen(*entry) for path, *entry in entries},
        {os.fsdecode(path) for path in hidden},
        frozenset(os.fsdecode(path) for path in tracked),
    )
