"""Choosing the turn, undoing it or doing it again, and finishing what a kill interrupted. Runs in threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from agent_core.checkpoints.places import look
from agent_core.checkpoints.records import SCHEMA, Record
from agent_core.checkpoints.restoring import Restorer
from agent_core.checkpoints.states import State, is_folder
from agent_core.checkpoints.steps import Blocked, Obstacle, Step, obstacles, opened
from agent_core.checkpoints.store import Store
from agent_core.errors import NothingDone, UndoRefused, UsageError
from agent_core.migrations import UPDATE
from agent_core.text import one_line, plural, shorten

Direction = Literal["undo", "redo"]
_NAMED = 8


class Journal(msgspec.Struct, frozen=True, kw_only=True):
    """An undo that is under way: its steps, and the record as it will be."""

    direction: Direction
    steps: tuple[Step, ...]
    record: Record
    schema: int = SCHEMA

    def is_meant_by(self, direction: Direction, named: str) -> bool:
        """Whether it is what is asked for, which is then done by having been finished."""
        return self.direction == direction and named.lstrip("#") in ("", str(self.record.number))


class Undoer:
    """Undoes the turns of a workspace.

    Args:
        root: The workspace's root.
        store: Where the turns are.
        session: Whose turns are undone when none is named.
        is_live: Whether another session runs.
    """

    def __init__(self, *, root: Path, store: Store, session: str, is_live: Callable[[str], bool]) -> None:
        self._root, self._store, self._session, self._is_live = root, store, session, is_live

    def choose(self, direction: Direction, named: str) -> Record:
        """The turn that is meant.

        Raises:
            NothingDone: There is none.
            UsageError: There is none of this name.
            UndoRefused: It is undone already, or not undone; or only a person can say whether it is meant.
        """
        if named:
            found = self.find(named)
            if (found.status == "done") != (direction == "undo"):
                state = "not undone" if found.status == "done" else "undone already"
                raise UndoRefused(f"Turn {label(found)} is {state}", hint="`undo --list` shows every turn.")
            return found
        records = self._store.records()
        chosen = self._last(records) if direction == "undo" else self._last_undone(records)
        if chosen is None:
            raise self._nothing(records, direction)
        if (chosen.interrupted or chosen.beside) and direction == "undo":
            why = (
                "was interrupted when the program ended; what differs since may be somebody else's too"
                if chosen.interrupted
                else "ran while a turn of another session did; some of it may be that one's work"
            )
            raise UndoRefused(
                f"Turn {label(chosen)} {why}: {_named(chosen)}",
                hint=f"`undo {chosen.number}` takes all of it back; `diff --turn {chosen.number}` shows it.",
            )
        return chosen

    def find(self, named: str) -> Record:
        """The turn of a number, or of an id of this session; raises `UsageError`."""
        for record in reversed(self._store.records()):
            mine = record.turn.session == self._session and record.turn.turn_id == named
            if mine or str(record.number) == named.lstrip("#"):
                return record
        raise UsageError(f"There is no turn {one_line(named)!r}", hint="`undo --list` shows every turn.")

    def _last(self, records: Sequence[Record]) -> Record | None:
        """This session's last turn; without any, the last one of a session that has ended."""
        own = [record for record in records if record.turn.session == self._session]
        if own:
            return next((record for record in reversed(own) if record.status == "done"), None)
        done = (record for record in reversed(records) if record.status == "done")
        return next((record for record in done if not self._is_live(record.turn.session)), None)

    def _last_undone(self, records: Sequence[Record]) -> Record | None:
        undone = sorted((record for record in records if record.status == "undone"), key=lambda r: -r.order)
        own = (record for record in undone if record.undone_by == self._session)
        return next(own, next((record for record in undone if not self._is_live(record.undone_by)), None))

    def _nothing(self, records: Sequence[Record], direction: Direction) -> NothingDone:
        what = "undo" if direction == "undo" else "do again"
        wanted = "done" if direction == "undo" else "undone"
        others = [record for record in records if record.status == wanted]
        hint = (
            f"Of other sessions there is {label(others[-1])}: `{direction} {others[-1].number}`."
            if others
            else ""
        )
        return NothingDone(f"There is nothing to {what}", hint=hint)

    def run(
        self, record: Record, direction: Direction, *, skip_changed: bool
    ) -> tuple[list[Step], list[Obstacle]]:
        """Undo the turn, or do it again; gives back what was done and what was left alone.

        Raises:
            UndoRefused: Files are not as the turn left them; nothing was done.
            OSError: The system refused; nothing was done.
        """
        steps = self._steps(record, direction)
        skipped: list[Obstacle] = []
        if skip_changed:
            skipped, _ = obstacles(self._root, steps)
            names = {obstacle.path for obstacle in skipped}
            steps = [step for step in steps if step.name not in names]
            if not steps:
                message, hint = self._why(record, direction, skipped)
                raise UndoRefused(message, hint=hint)
        then = self._afterwards(record, direction, skipped)
        if self._store.has_journal():  # what this version left was finished before
            raise UndoRefused("An undo by a newer version of dspy-tui was interrupted here", hint=UPDATE)
        journal = Journal(direction=direction, steps=tuple(steps), record=then)
        try:
            self._restorer().run(steps, begin=lambda: self._store.write_journal(journal))
            self._store.write(then)
        except Blocked as blocked:
            message, hint = self._why(record, direction, blocked.obstacles)
            raise UndoRefused(message, hint=hint) from None
        finally:
            self._store.clear_journal()
        return steps, skipped

    def _restorer(self) -> Restorer:
        return Restorer(root=self._root, staging=self._store.folder / "staging", get=self._store.get)

    def _steps(self, record: Record, direction: Direction) -> list[Step]:
        if direction == "undo":
            return [Step(change.path, change.after, change.before) for change in record.changes]
        skipped = set(record.skipped)
        return [
            Step(change.path, change.before, change.after)
            for change in record.changes
            if change.path not in skipped
        ]

    def _afterwards(self, record: Record, direction: Direction, skipped: Sequence[Obstacle]) -> Record:
        if direction == "redo":
            return msgspec.structs.replace(record, status="done", undone_by="", order=0.0, skipped=())
        names = {obstacle.path for obstacle in skipped}
        return msgspec.structs.replace(
            record,
            status="undone",
            undone_by=self._session,
            order=time.time(),
            skipped=tuple(change.path for change in record.changes if change.name in names),
        )

    def _why(self, record: Record, direction: Direction, found: Sequence[Obstacle]) -> tuple[str, str]:
        later = {
            change.name: other
            for other in self._store.records()
            if other.number > record.number and other.status == "done"
            for change in other.changes
        }
        rows = [
            f"{one_line(row.path)} {row.what}"
            + (f", by turn {later[row.path].number}" if row.path in later and "since" in row.what else "")
            for row in found[:_NAMED]
        ]
        more = [f"and {plural(len(found) - _NAMED, 'more path')}"] if len(found) > _NAMED else []
        verb = "undone" if direction == "undo" else "done again"
        message = f"Turn {label(record)} cannot be {verb}: {'; '.join([*rows, *more])}. Nothing was changed"
        hint = f"`{direction} {record.number} --skip-changed` leaves "
        hint += "this file as it is" if len(found) == 1 else "these files as they are"
        return message, f"{hint}, and does the others."

    def recover(self) -> Journal | None:
        """Finish an undo that a kill interrupted, which it gives back. Needs the lock, alone.

        The store's `warnings` say what was done.
        """
        journal = self._store.load_journal(Journal)
        if journal is None:
            return None
        self._restorer().clean_up(journal.steps)
        left, odd = self._left(journal.steps)
        name = f"The {journal.direction} of turn {label(journal.record)} that was interrupted"
        try:
            self._restorer().run(left, begin=lambda: None)
            self._store.write(journal.record)
        except (OSError, Blocked) as error:
            odd += [step.name for step in left]
            self._store.warnings.append(
                f"{name} could not be finished ({error}): {_few(odd)} may be old or new"
            )
            return None
        finally:
            self._store.clear_journal()
        rest = f"; {_few(odd)} had been changed since and stayed" if odd else ""
        self._store.warnings.append(f"{name} has been finished{rest}")
        return journal

    def _left(self, steps: Sequence[Step]) -> tuple[list[Step], list[str]]:
        """The steps that are still to do, and the paths that are neither old nor new."""
        left: list[Step] = []
        odd: list[str] = []
        for step in steps:
            try:
                here = look(self._root, step.name).state
            except OSError:
                odd.append(step.name)
                continue
            if here == step.then:
                continue
            if here in (step.now, None) or _is_under_way(step, here):
                left.append(Step(step.path, here, step.then))
            else:
                odd.append(step.name)
        return left, odd


def _is_under_way(step: Step, here: State) -> bool:
    """Whether a folder is as it is in the middle of an undo."""
    if not is_folder(here):
        return False
    return step.now is None or (is_folder(step.now) and here.mode == opened(step.now.mode))


def label(record: Record) -> str:
    """A turn as it is named in a sentence: its number and what was typed."""
    return f"{record.number} ({shorten(one_line(record.turn.title), 60)})"


def _named(record: Record) -> str:
    return _few([change.name for change in record.changes])


def _few(paths: Sequence[str]) -> str:
    shown = ", ".join(one_line(path) for path in paths[:_NAMED])
    return f"{shown} and {len(paths) - _NAMED:,} more" if len(paths) > _NAMED else shown
