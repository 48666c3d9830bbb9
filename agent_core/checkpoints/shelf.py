"""The kept turns as they are told: rows of a list, what a turn changed, whole files for a diff."""

from __future__ import annotations

import os

from agent_core.changes.model import FileChange
from agent_core.checkpoints.api import Changed, TurnRow
from agent_core.checkpoints.comparing import count, is_of_folder, told
from agent_core.checkpoints.records import Change, Record
from agent_core.checkpoints.states import State, is_file, is_folder
from agent_core.checkpoints.store import Store
from agent_core.text import encodable

MOST_SHOWN = 500


class Shelf:
    """The turns of a store as one session sees them."""

    def __init__(self, *, store: Store, session: str) -> None:
        self._store, self._session = store, session

    def row(self, record: Record) -> TurnRow:
        """A turn in the list."""
        return TurnRow(
            number=record.number,
            turn_id=record.turn.turn_id,
            session=record.turn.session,
            title=record.turn.title,
            began=record.turn.began,
            ended=record.ended,
            status=record.status,
            interrupted=record.interrupted,
            own=record.turn.session == self._session,
            beside=record.beside,
            files=count(record.changes) + len(record.lost),
            bytes=self._store.size(record.ids()),
        )

    def changed(self, record: Record) -> Changed:
        """What a turn changed, in short."""
        files = told(record.changes, self._store.get)
        return Changed(
            turn_id=record.turn.turn_id,
            number=record.number,
            files=tuple(files[:MOST_SHOWN]),
            total=len(files) + len(record.lost),
            added=sum(row.added or 0 for row in files),
            removed=sum(row.removed or 0 for row in files),
            beside=record.beside,
            lost=tuple(encodable(os.fsdecode(path)) for path in record.lost[:MOST_SHOWN]),
        )

    def of_turn(self, record: Record) -> tuple[FileChange, ...]:
        """The files that a turn changed, whole."""
        return tuple(self._whole(change) for change in record.changes if not is_of_folder(change))

    def of_session(self) -> tuple[FileChange, ...]:
        """What this session's turns changed together, whole files; what was undone is left out."""
        ends: dict[bytes, Change] = {}
        for record in self._store.records():
            if record.turn.session == self._session and record.status == "done":
                for change in record.changes:
                    first = ends.get(change.path, change)
                    ends[change.path] = Change(change.path, first.before, change.after)
        rows = [ends[path] for path in sorted(ends)]
        return tuple(self._whole(row) for row in rows if row.before != row.after and not is_of_folder(row))

    def _whole(self, change: Change) -> FileChange:
        return FileChange(
            path=change.name,
            before=self._content(change.before),
            after=self._content(change.after),
            executable=is_file(change.after) and change.after is not None and bool(change.after.mode & 0o100),
        )

    def _content(self, state: State | None) -> bytes | None:
        if state is None or is_folder(state):
            return None
        return (self._store.get(state.id) or b"") if is_file(state) else state.id
