"""Where it is kept: `.dspy_tui/checkpoints/`.

    blobs/ab/cdef…     contents by hash, compressed
    turns/000012       one undoable turn: what each path was before and after
    open/SESSION       a turn that runs: the whole tree before it
    tree               the tree when the last turn ended, so that the next one reads only what is new
    live/SESSION       locked while the session runs
    pins/              hard links to git's objects
    journal            an undo that is under way

Everything is written beside its place and renamed. Who changes the workspace or sweeps holds the lock alone;
who looks at the workspace shares it.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import TypeVar

import msgspec

from agent_core.checkpoints.records import SCHEMA, Header, OpenTurn, Record
from agent_core.checkpoints.states import Tree, decode_tree, encode_tree, id_of
from agent_core.files import keep_aside, locked, read_bounded, write_atomic
from agent_core.migrations import NewerState
from agent_core.workspace import Workspace

T = TypeVar("T")

_MOST_RECORD = 1 << 30
_LEVEL = 1


class _Said(msgspec.Struct):
    """What a file says of its version; before they said it, they were of the first."""

    schema: int = 1


class Store:
    """The files. Methods raise OSError where nothing can be written, and WorkspaceError.

    Args:
        workspace: Whose.
    """

    def __init__(self, *, workspace: Workspace) -> None:
        self._workspace = workspace
        self.folder = workspace.state_dir / "checkpoints"
        self.newer: set[Path] = set()
        """Files that a newer version wrote: what they need cannot be told."""
        self.warnings: list[str] = []
        """What was found broken, and where it is kept; whoever shows them takes them out."""

    def prepare(self) -> None:
        """Make the folders."""
        for sub in ("blobs", "turns", "open", "live"):
            self._workspace.ensure_state_dir(f"checkpoints/{sub}")

    def exists(self) -> bool:
        """Whether anything was ever kept."""
        return (self.folder / "turns").is_dir()

    def lock(self, *, shared: bool = False, timeout: float = 10.0) -> AbstractContextManager[None]:
        """Hold the store: alone, or together with others who only look; raises `BusyError`."""
        return locked(self.folder / "store", timeout=timeout, shared=shared)

    # Contents

    def _blob(self, content_id: bytes) -> Path:
        name = content_id.hex()
        return self.folder / "blobs" / name[:2] / name[2:]

    def has(self, content_id: bytes) -> bool:
        """Whether a content is kept."""
        return self._blob(content_id).exists()

    def put(self, content: bytes) -> bytes:
        """Keep a content; gives back its id."""
        content_id = id_of(content)
        path = self._blob(content_id)
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            write_atomic(path, zlib.compress(content, _LEVEL), mode=0o600, durable=False)
        return content_id

    def get(self, content_id: bytes) -> bytes | None:
        """A content; None when it is gone or damaged."""
        try:
            content = zlib.decompress(read_bounded(self._blob(content_id), _MOST_RECORD, follow=False))
        except (OSError, zlib.error):
            return None
        return content if id_of(content) == content_id else None

    def size(self, content_ids: Iterable[bytes]) -> int:
        """The bytes on disk of some contents."""
        total = 0
        for content_id in content_ids:
            with suppress(OSError):
                total += _taken(self._blob(content_id).stat())
        return total

    def total(self) -> int:
        """The bytes on disk of all contents."""
        total = 0
        for folder in _listed(self.folder / "blobs"):
            with suppress(OSError), os.scandir(folder) as entries:
                total += sum(_taken(entry.stat(follow_symlinks=False)) for entry in entries)
        return total

    def sweep(self, needed: set[bytes]) -> None:
        """Remove every content that is not needed; none where a newer version may need others."""
        if self.newer:
            return
        names = {content_id.hex() for content_id in needed}
        for folder in _listed(self.folder / "blobs"):
            for path in _listed(folder):
                if folder.name + path.name not in names:
                    path.unlink(missing_ok=True)

    # Turns

    def records(self) -> list[Record]:
        """Every turn, oldest first."""
        found = [self._load(path, Record) for path in self._turns()]
        return sorted((record for record in found if record), key=lambda record: record.number)

    def add(self, record: Record) -> Record:
        """Keep a turn under the next free number, which is set in what comes back."""
        temporary = self.folder / "turns" / f".{record.turn.session}"
        number = max((int(path.name) for path in self._turns()), default=0) + 1
        try:
            while True:
                record = msgspec.structs.replace(record, number=number)
                write_atomic(temporary, msgspec.msgpack.encode(record), mode=0o600)
                try:
                    os.link(temporary, self._turn(number))
                except FileExistsError:
                    number += 1
                else:
                    return record
        finally:
            temporary.unlink(missing_ok=True)

    def write(self, record: Record) -> None:
        """Replace a turn."""
        write_atomic(self._turn(record.number), msgspec.msgpack.encode(record), mode=0o600)

    def remove(self, record: Record) -> None:
        """Forget a turn; its contents go with the next `sweep`."""
        self._turn(record.number).unlink(missing_ok=True)

    def _turns(self) -> list[Path]:
        return [path for path in _listed(self.folder / "turns") if path.name.isdigit()]

    def _turn(self, number: int) -> Path:
        return self.folder / "turns" / f"{number:06}"

    # The tree, and turns that run

    def tree(self) -> Tree | None:
        """The tree when the last turn ended."""
        path = self.folder / "tree"
        try:
            return decode_tree(read_bounded(path, _MOST_RECORD, follow=False))
        except (OSError, NewerState):  # that one is made anew: it only saves reading
            return None
        except (ValueError, TypeError):
            self._broken(path)
            return None

    def tree_mark(self) -> tuple[int, int] | None:
        """What tells whether `tree` is still the one that was read or written; None where there is none."""
        try:
            status = (self.folder / "tree").stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns

    def keep_tree(self, tree: Tree) -> None:
        """Keep the tree for the next turn, of whichever session."""
        write_atomic(self.folder / "tree", encode_tree(tree), mode=0o600, durable=False)

    def open_turn(self, turn: Header, tree: Tree) -> None:
        """A turn begins."""
        data = msgspec.msgpack.encode(OpenTurn(turn=turn, tree=encode_tree(tree)))
        write_atomic(self.folder / "open" / turn.session, data, mode=0o600, durable=False)

    def close_turn(self, session: str) -> None:
        """It ended."""
        (self.folder / "open" / session).unlink(missing_ok=True)

    def open_turns(self) -> list[tuple[Header, Tree]]:
        """The turns that run, and those of killed sessions."""
        found: list[tuple[Header, Tree]] = []
        for name in self.open_names():
            path = self.folder / "open" / name
            opened = self._load(path, OpenTurn)
            if opened is not None:
                try:
                    found.append((opened.turn, decode_tree(opened.tree)))
                except NewerState:
                    self.newer.add(path)
                except (ValueError, TypeError):
                    self._broken(path)
        return found

    def open_names(self) -> list[str]:
        """The sessions of `open_turns`."""
        return [path.name for path in _listed(self.folder / "open") if not path.name.startswith(".")]

    # Files of state

    def has_journal(self) -> bool:
        """Whether an undo is under way."""
        return (self.folder / "journal").exists()

    def load_journal(self, kind: type[T]) -> T | None:
        """The undo that is under way, of a process that was killed in it."""
        return self._load(self.folder / "journal", kind)

    def write_journal(self, value: msgspec.Struct) -> None:
        """An undo begins to change the workspace."""
        write_atomic(self.folder / "journal", msgspec.msgpack.encode(value), mode=0o600)

    def clear_journal(self) -> None:
        """It has ended."""
        (self.folder / "journal").unlink(missing_ok=True)

    def _load(self, path: Path, kind: type[T]) -> T | None:
        try:
            content = read_bounded(path, _MOST_RECORD, follow=False)
            if (schema := msgspec.msgpack.decode(content, type=_Said).schema) > SCHEMA:
                self._newer(path, schema)
                return None
            return msgspec.msgpack.decode(content, type=kind)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError):
            self._broken(path)
            return None

    def _newer(self, path: Path, schema: int) -> None:
        if path not in self.newer:
            self.newer.add(path)
            self.warnings.append(NewerState(str(path.relative_to(self._workspace.root)), schema).message)

    def _broken(self, path: Path) -> None:
        aside = keep_aside(path)
        kept = f"kept as {aside.name}" if aside else "it stays in its place"
        self.warnings.append(f"{path.relative_to(self._workspace.root)} is broken; {kept}, and is left out")


def _taken(status: os.stat_result) -> int:
    """What a file takes on the disk, where small ones take whole blocks."""
    return status.st_blocks * 512


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []
