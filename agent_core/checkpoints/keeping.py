"""Keeping the state before a turn, and finding out at its end what it changed. Runs in threads."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec

from agent_core.checkpoints.comparing import Difference, became_hidden, compare
from agent_core.checkpoints.gitblobs import Pins
from agent_core.checkpoints.places import look
from agent_core.checkpoints.records import Change, Header, Record
from agent_core.checkpoints.scanning import Scan, Watch, fill, scan
from agent_core.checkpoints.states import (
    GIT_ID_BYTES,
    ID_BYTES,
    Seen,
    State,
    Tree,
    git_id_of,
    is_file,
)
from agent_core.checkpoints.store import Store
from agent_core.files import BusyError

_ASK_GIT_FROM = 64
"""Fewer unknown files than this are read faster than git is asked."""


class Keeper:
    """The state of one workspace, seen again and again.

    Args:
        root: The workspace's root.
        store: Where contents and turns are kept.
        limit: How many bytes the store may take; a baseline takes half of it at most.
    """

    def __init__(self, *, root: Path, store: Store, limit: int) -> None:
        self._root, self._store, self._limit = root, store, limit
        self.pins = Pins(store.folder / "pins", root)
        """Git's objects, as they are held on to."""
        self._known: Tree | None = None
        self._mark: tuple[int, int] | None = None
        self._grown = limit

    def first_look(self, tracked: Iterable[str], watch: Watch) -> Scan:
        """What lies there, by its stamps alone; `tracked` is what git has."""
        mark = self._store.tree_mark()
        if self._known is None or mark is None or mark != self._mark:
            self._known, self._mark = self._store.tree(), mark
        return scan(self._root, {} if self._known is None else self._known.entries, watch, tracked)

    def asks_git(self, found: Scan) -> bool:
        """Whether there is so much to read that git should be asked first."""
        return len(found.unknown) >= _ASK_GIT_FROM

    def sizes(self, found: Scan) -> dict[str, int]:
        """The sizes of what is not known yet."""
        return {path: found.tree.entries[path].size for path in found.unknown}

    def begin(self, turn: Header, found: Scan, blobs: Mapping[str, bytes], watch: Watch) -> Tree:
        """Keep everything that is not kept yet, and note that the turn runs."""
        tree = found.tree
        unknown: list[str] = []
        for path in found.unknown:
            blob = blobs.get(path)
            if blob is None:
                unknown.append(path)
            else:
                tree.entries[path] = tree.entries[path]._replace(id=blob)
        held = sum(entry.size for entry in tree.entries.values() if len(entry.id) == ID_BYTES)
        fill(
            self._root,
            tree,
            unknown,
            put=lambda _, content: self._put(content),
            budget=self._limit // 2 - held,
            watch=watch,
        )
        needed = {entry.id for entry in tree.entries.values() if len(entry.id) == GIT_ID_BYTES}
        if needed:
            self.pins.refresh(needed)
        self._store.open_turn(turn, tree)
        return tree

    def _put(self, content: bytes) -> bytes:
        self._grown += len(content)
        return self._store.put(content)

    def finish(
        self, turn: Header, before: Tree, watch: Watch, *, interrupted: bool = False, beside: bool = False
    ) -> Record | None:
        """See what the turn changed, and keep it (with the remarks); None where nothing is different."""
        found = scan(self._root, before.entries, watch, before.tracked)
        after = found.tree

        def put(path: str, content: bytes) -> bytes:
            was = before.entries.get(path)
            if was is not None and len(was.id) == GIT_ID_BYTES and git_id_of(content) == was.id:
                return was.id
            return self._put(content)

        fill(self._root, after, found.unknown, put=put, budget=self._limit, watch=watch)
        record = self._record(turn, before, after)
        if record is not None:
            record = msgspec.structs.replace(record, interrupted=interrupted, beside=beside)
            record = self._store.add(record) if record.changes else record
        self._store.keep_tree(after)
        self._store.close_turn(turn.session)
        self._known, self._mark = after, self._store.tree_mark()
        return record

    def _record(self, turn: Header, before: Tree, after: Tree) -> Record | None:
        changes: list[Change] = []
        lost: list[bytes] = []
        with self.pins as pins:
            for path, was, now in (*compare(before, after), *self._behind(before, after)):
                old, new = self._adopted(was, pins), None if now is None else now.state
                name = os.fsencode(path)
                if any(is_file(state) and state and not state.id for state in (old, new)):
                    lost.append(name)
                elif old != new:
                    changes.append(Change(name, old, new))
        ended = time.time()
        if changes:
            changes = self._own(turn, changes)
        if not changes and not lost:
            return None
        return Record(
            number=0,
            turn=turn,
            ended=ended,
            changes=tuple(sorted(changes, key=lambda change: change.path)),
            lost=tuple(sorted(lost)),
        )

    def _behind(self, before: Tree, after: Tree) -> list[Difference]:
        """What became ignored in the turn may have been changed in it, too."""
        found: list[Difference] = []
        for path in became_hidden(before, after):
            was = before.entries[path]
            try:
                state = look(self._root, path).state
            except OSError:
                continue
            if state is not None and len(was.id) == GIT_ID_BYTES and is_file(state):
                content = (self._root / path).read_bytes()
                same = git_id_of(content) == was.id
                state = State(state.mode, was.id if same else self._put(content))
            elif state is not None and is_file(state) and state.id != was.id:
                self._put((self._root / path).read_bytes())
            now = None if state is None else was._replace(mode=state.mode, id=state.id)
            if now is None or now.state != was.state:
                found.append(Difference(path, was, now))
        return found

    def _adopted(self, was: Seen | None, pins: Pins) -> State | None:
        """The state before with its bytes in our own store; without an id where they are gone."""
        if was is None:
            return None
        if is_file(was.state) and len(was.id) == GIT_ID_BYTES:
            content = pins.read(was.id)
            return State(was.mode, b"" if content is None else self._put(content))
        if is_file(was.state) and was.id and not self._store.has(was.id):
            return State(was.mode, b"")
        return was.state

    def _own(self, turn: Header, changes: list[Change]) -> list[Change]:
        """Without what another session's turn did at the same time."""
        theirs = {
            (change.path, change.after)
            for record in self._store.records()
            if record.turn.session != turn.session and record.ended >= turn.began
            for change in record.changes
        }
        return [change for change in changes if (change.path, change.after) not in theirs]

    def forget_undone(self, stays: Callable[[Record], bool]) -> None:
        """A turn changed something: what was undone before it cannot be done again."""
        for record in self._store.records():
            if record.status == "undone" and not stays(record):
                self._store.remove(record)

    def tidy(self) -> None:
        """Keep the store within its limit: the oldest turns go first. Left for later where somebody looks."""
        if self._grown < self._limit // 16:
            return
        try:
            with self._store.lock(timeout=0):
                self._tidy()
        except BusyError:
            return
        self._grown = 0

    def _tidy(self) -> None:
        if self._store.total() <= self._limit:
            return
        base: set[bytes] = set()
        for tree in (self._store.tree(), *(tree for _, tree in self._store.open_turns())):
            if tree is not None:
                base |= {entry.id for entry in tree.entries.values() if len(entry.id) == ID_BYTES}
        used = self._store.size(base)
        newest, *older = reversed(self._store.records()) if self._store.records() else [None]
        needed = set(base)
        if newest is not None:
            needed |= newest.ids()
            used += self._store.size(newest.ids() - base)
        for record in older:
            if record is None:
                continue
            used += self._store.size(record.ids() - needed)
            if used > self._limit:
                self._store.remove(record)
            else:
                needed |= record.ids()
        self._store.sweep(needed)
