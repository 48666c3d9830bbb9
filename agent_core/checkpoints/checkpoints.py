"""Undo for one session: the state before each turn that changes anything, and the way back.

    await checkpoints.before(turn_id, title)   # before the first thing in a turn that may change files
    ...
    changed = await checkpoints.after(turn_id) # at its end
    await checkpoints.undo(); await checkpoints.redo()

What is covered: every file, link and folder that is not ignored, or that git has, with its permissions. What
is not: other ignored files, files larger than `scanning.MOST_FILE`, special files, and the `.git` folders.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, nullcontext, suppress

from agent_core.changes.model import FileChange
from agent_core.checkpoints.api import Changed, Listing, Restored, Snapshot, Undone
from agent_core.checkpoints.gitblobs import clean_blobs, tracked_files
from agent_core.checkpoints.keeping import Keeper
from agent_core.checkpoints.liveness import Liveness
from agent_core.checkpoints.records import Header, Record
from agent_core.checkpoints.scanning import Watch, left_out
from agent_core.checkpoints.shelf import MOST_SHOWN, Shelf
from agent_core.checkpoints.states import Tree, kind_of
from agent_core.checkpoints.steps import Obstacle, Step
from agent_core.checkpoints.store import Store
from agent_core.checkpoints.threads import Teller, threaded, whole
from agent_core.checkpoints.undoing import Direction, Journal, Undoer
from agent_core.errors import AgentError, NothingDone, ToolError, UsageError
from agent_core.files import BusyError
from agent_core.text import encodable, one_line, shorten
from agent_core.workspace import Workspace

LIMIT_BYTES = 512 * 1024 * 1024
_TITLE = 200
_LOCK_S = 10.0
_log = logging.getLogger(__name__)


class Checkpoints:
    """The turns of one session, and those that others left in the workspace.

    Args:
        workspace: Which.
        limit_bytes: What the store may take on the disk; the oldest turns go first.
        session: The session's name; a new one by default.
    """

    def __init__(
        self, *, workspace: Workspace, limit_bytes: int = LIMIT_BYTES, session: str | None = None
    ) -> None:
        self._root = workspace.root
        self._limit = limit_bytes
        self._session = session or f"{time.time_ns():x}-{os.getpid()}"
        self._store = Store(workspace=workspace)
        self._shelf = Shelf(store=self._store, session=self._session)
        self._keeper = Keeper(root=self._root, store=self._store, limit=limit_bytes)
        self._live = Liveness(self._store.folder / "live")
        self._undoer = Undoer(
            root=self._root, store=self._store, session=self._session, is_live=self._live.runs
        )
        self._open: tuple[Header, Tree] | None = None
        self._tried = ""
        self.told_left_out: set[str] = set()
        """Files that are not covered and that the user was told of."""

    async def before(
        self, turn_id: str, title: str, *, progress: Callable[[str], None] | None = None
    ) -> Snapshot | None:
        """Keep the state of the workspace before the turn changes anything.

        The second call of a turn does nothing and gives back None. Where nothing can be kept the turn may
        go on: what is given back says why, and `after` has nothing to say.

        Args:
            turn_id: The turn.
            title: What was typed, for the list.
            progress: Told how far it is once it takes longer than a second.
        """
        if self._tried == turn_id:
            return None
        self._tried = turn_id
        turn = Header(
            session=self._session, turn_id=turn_id, title=shorten(one_line(title), _TITLE), began=time.time()
        )
        try:
            return await self._begin(turn, Teller(progress))
        except (AgentError, OSError) as error:
            _log.warning("no snapshot before turn %s: %s", turn_id, error)
            return Snapshot(kept=False, why=self._reason(error))

    async def _begin(self, turn: Header, teller: Teller) -> Snapshot:
        await threaded(lambda _: self._prepare(), teller)
        async with self._looking():
            tracked = await tracked_files(self._root)
            found = await threaded(lambda watch: self._keeper.first_look(tracked, watch), teller)
            blobs: dict[str, bytes] = {}
            if self._keeper.asks_git(found):
                attributes = [path for path in found.tree.entries if path.endswith(".gitattributes")]
                blobs = await clean_blobs(self._root, self._keeper.sizes(found), attributes)
            tree = await threaded(lambda watch: self._keeper.begin(turn, found, blobs, watch), teller)
        self._open = turn, tree
        missing = left_out(self._root, tree)
        return Snapshot(
            kept=True,
            left_out=tuple((encodable(path), why) for path, why in sorted(missing.items())[:MOST_SHOWN]),
            warnings=self._warnings(),
        )

    @asynccontextmanager
    async def _looking(self) -> AsyncGenerator[None]:
        """Share the store's lock; never blocks the loop."""
        until = time.monotonic() + _LOCK_S
        with ExitStack() as stack:
            while True:
                try:
                    stack.enter_context(self._store.lock(shared=True, timeout=0))
                    break
                except BusyError:
                    if time.monotonic() > until:
                        raise
                    await asyncio.sleep(0.05)
            yield

    def _prepare(self) -> Journal | None:
        """Make the folders, and finish what killed sessions left: an undo is given back."""
        self._store.prepare()
        self._live.begin(self._session)
        dead = [name for name in self._store.open_names() if not self._live.runs(name)]
        if not dead and not self._store.has_journal():
            return None
        with self._store.lock():
            finished = self._undoer.recover()
            for turn, tree in self._store.open_turns():
                if turn.session in dead:
                    self._keeper.finish(turn, tree, Watch(), interrupted=True)
        return finished

    def _others_run(self) -> bool:
        """Whether a turn of another session is running."""
        return any(name != self._session and self._live.runs(name) for name in self._store.open_names())

    async def after(self, turn_id: str) -> Changed | None:
        """See what the turn changed, at its end; None where it changed nothing, or `before` kept nothing.

        Once begun it goes on to its end, also when its caller is cancelled.

        Raises:
            AgentError, OSError: It cannot be found out; the turn cannot be undone.
        """
        if self._open is None or self._open[0].turn_id != turn_id:
            return None
        (turn, tree), self._open = self._open, None
        return await whole(asyncio.to_thread(self._finish, turn, tree))

    def _finish(self, turn: Header, tree: Tree) -> Changed | None:
        if not self._store.exists():
            raise ToolError(
                "The turn's snapshot is gone: .dspy_tui/checkpoints was removed meanwhile",
                hint="What the turn did cannot be undone.",
            )
        with self._store.lock(shared=True):
            record = self._keeper.finish(turn, tree, Watch(), beside=self._others_run())
            if record is None:
                return None
            if record.changes:
                self._keeper.forget_undone(self._stays_redoable)
            changed = self._shelf.changed(record)
        self._keeper.tidy()
        return changed

    def _stays_redoable(self, record: Record) -> bool:
        return record.undone_by != self._session and self._live.runs(record.undone_by)

    async def undo(self, turn: str = "", *, skip_changed: bool = False) -> Undone:
        """Put back what a turn changed: this session's last one, or the one that is named.

        Without a turn of its own, a session undoes the last one of a session that has ended.

        Args:
            turn: A number of `list`, or the id of a turn of this session.
            skip_changed: Leave files alone that are not as the turn left them, instead of refusing.

        Raises:
            UndoRefused: Files are not as the turn left them. Nothing was changed.
            NothingDone: There is no turn to undo.
            UsageError: There is none of this name.
            ToolError: The system refused. Nothing was changed.
        """
        return await self._restore("undo", turn, skip_changed)

    async def redo(self, turn: str = "", *, skip_changed: bool = False) -> Undone:
        """Do again what was undone last, or the turn that is named; as `undo`."""
        return await self._restore("redo", turn, skip_changed)

    async def _restore(self, direction: Direction, turn: str, skip_changed: bool) -> Undone:
        if self._open is not None:
            raise UsageError("A turn that changes files is running", hint="Wait for its end.")
        return await whole(asyncio.to_thread(self._restored, direction, turn, skip_changed))

    def _restored(self, direction: Direction, turn: str, skip_changed: bool) -> Undone:
        try:
            finished = self._prepare() if self._store.exists() else None
            if finished is not None and finished.is_meant_by(direction, turn):
                return self._told(finished.record, finished.steps, ())
            with self._lock_if_any():
                record = self._undoer.choose(direction, turn)
                steps, skipped = self._undoer.run(record, direction, skip_changed=skip_changed)
        except OSError as error:
            raise ToolError(
                f"The files cannot be written ({self._reason(error)}); nothing was changed",
                hint="Make room or check the permissions, and try again.",
            ) from None
        except NothingDone as nothing:
            broken = " ".join(f"{warning}." for warning in self._warnings())
            raise NothingDone(nothing.message, hint=f"{broken} {nothing.hint}".strip()) from None
        return self._told(record, steps, skipped)

    def _lock_if_any(self) -> AbstractContextManager[None]:
        """The store's lock, alone; nothing where there is no store."""
        return self._store.lock() if self._store.exists() else nullcontext()

    def _told(self, record: Record, steps: Sequence[Step], skipped: Sequence[Obstacle]) -> Undone:
        files = [
            Restored(
                encodable(step.name),
                "removed" if step.then is None else "brought back" if step.now is None else "restored",
            )
            for step in steps
            if not _only_makes_way(step)
        ]
        return Undone(
            turn=self._shelf.row(record),
            files=tuple(files),
            skipped=tuple((encodable(row.path), row.what) for row in skipped),
            warnings=self._warnings(),
        )

    async def list(self) -> Listing:
        """Every turn that can be undone or done again, oldest first."""
        return await asyncio.to_thread(self._list)

    def _list(self) -> Listing:
        if self._store.exists():
            with suppress(AgentError, OSError):
                self._prepare()
        rows = tuple(self._shelf.row(record) for record in self._store.records())
        return Listing(rows=rows, bytes=self._store.total(), limit=self._limit, warnings=self._warnings())

    async def changes(self, turn: str = "") -> tuple[FileChange, ...]:
        """What a turn changed, whole files; "" stands for all turns of this session together.

        Raises:
            UsageError: There is no such turn.
        """
        return await asyncio.to_thread(
            lambda: self._shelf.of_turn(self._undoer.find(turn)) if turn else self._shelf.of_session()
        )

    def _reason(self, error: AgentError | OSError) -> str:
        if isinstance(error, AgentError):
            return error.message
        name = error.filename if isinstance(error.filename, str) else ""
        where = f": {one_line(name.removeprefix(f'{self._root}/'))}" if name else ""
        return f"{error.strerror or error}{where}"

    def _warnings(self) -> tuple[str, ...]:
        warnings, self._store.warnings = tuple(self._store.warnings), []
        return warnings

    def close(self) -> None:
        """The session ends: its turns may be undone by the next one."""
        self._live.close()
        if not self._live.others():
            self._keeper.pins.drop()


def _only_makes_way(step: Step) -> bool:
    """Whether a folder comes or goes."""
    return (step.now is None or step.then is None) and "folder" in (kind_of(step.now), kind_of(step.then))
