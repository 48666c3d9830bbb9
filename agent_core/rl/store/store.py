"""What was learnt in a workspace, shared by all of its sessions: the log, and the state that it adds up to.

The log is the record of truth and its order the order of learning, so every process gets the same state. A
record is written and counted under a lock, after what others wrote was counted; so it counts once, and a
process that is killed loses at most what it was writing, or could not write yet. The state is rewritten late.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TypeVar

from agent_core.checkpoints.liveness import Liveness
from agent_core.errors import AgentError, ToolError
from agent_core.files import BusyError, locked
from agent_core.rl.records import Control, Record, Score, split_id
from agent_core.rl.store.exclude import exclude
from agent_core.rl.store.folding import State, Unscored
from agent_core.rl.store.keeping import Keeping, LeftOut, reason
from agent_core.rl.store.reading import each_once, export
from agent_core.rl.store.rights import is_guest
from agent_core.rl.store.writer import R, Writer
from agent_core.workspace import Workspace

_FOLDER = "learning"
"""In the workspace's state: the lock's name, and the folder of a file for each writer that runs."""
_AT_ONCE = 200
"""How many records from elsewhere are taken under one lock."""
_PATIENCE_S, _LITTLE_PATIENCE_S = 2.0, 0.1
"""How long the lock is waited for; and how long as long as that was in vain, so that nothing hangs on it."""

K = TypeVar("K", bound=Record)


class Store:
    """One program's access to what is learnt in a workspace.

    Every method is short and blocks; call them in a thread, one after the other. Where nothing can be kept,
    everything works in memory and `trouble` says why.

    Args:
        workspace: Whose.
        clock: Seconds since 1970.
        hand_over: Given every record of this program's own, once it is written.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        clock: Callable[[], float] = time.time,
        hand_over: Callable[[Record], None] = lambda _: None,
    ) -> None:
        self._hand_over = hand_over
        self._workspace = workspace.own
        self._mutex = threading.RLock()
        self._place = self._workspace.state_dir / _FOLDER
        self._live = Liveness(self._place)
        self._blocked = False
        self._patience = _PATIENCE_S
        self._news: list[str] = []
        self._told: set[str] = set()
        self._guest = is_guest(workspace)
        self._kept = Keeping(workspace.root, clock=clock, tell=self._tell, guest=self._guest)
        self._writer = Writer(clock)
        self.trouble = ""
        """Why nothing is kept at the moment; "" when all is well."""
        self.left_out = LeftOut()

    @property
    def state(self) -> State:
        """What all records add up to, also unwritten ones; it changes while a method of this runs."""
        return self._kept.state

    @property
    def state_file(self) -> Path:
        """Where the state lies."""
        return self._kept.state_file

    @property
    def events_file(self) -> Path:
        """Where the newest events lie."""
        return self._kept.log.path

    def open(self) -> tuple[str, ...]:
        """Read what is known; returns what is to be said of it, as sentences. Call it once, first."""
        with self._mutex:
            try:
                self._appear()
                with self._locked():
                    pass  # it reads what is there
            except (AgentError, OSError) as error:
                self._blocked = not isinstance(error, BusyError)
                self._in_trouble(error)
                with suppress(OSError):
                    self._kept.peek()
            return self.news()

    def close(self) -> None:
        """Write what is not written yet; nothing is left open."""
        with self._mutex:
            self.save()
            self._live.close()

    def news(self) -> tuple[str, ...]:
        """What is to be said since this was asked last, each sentence once."""
        with self._mutex:
            news, self._news = tuple(self._news), []
            return news

    def now(self) -> float:
        """Seconds since 1970, and never less than before."""
        with self._mutex:
            return self._writer.now()

    def append(self, record: R) -> R:
        """Write and count a record of this program; where nothing can be written, it is counted in memory.

        One without an id gets the next one and the time. Returns the record as it was written.

        Raises:
            ValueError: A number of it cannot be, or its id does not rise.
        """
        with self._mutex:
            record = self._writer.stamped(record, self.state.marks)
            if self._blocked:
                self.state.take(record)
            else:
                self._kept.waiting.append(record)
                self._flush()
            self._hand_over(record)
            return record

    def apply(self, records: Iterable[Record]) -> int:
        """Write and count records from elsewhere; those that are known are left out, so it may be repeated.

        Returns how many were new. Those of one writer come in their order.

        Raises:
            AgentError: Nothing can be kept here, or others hold the lock for long.
            OSError: It cannot be written; what was written counts.
        """
        with self._mutex:
            if self._blocked:
                raise ToolError(f"Nothing can be learnt here: {self.trouble}")
            new = 0
            rest = deque(records)
            while rest:
                with self._locked():
                    self._kept.sync()
                    for _ in range(min(_AT_ONCE, len(rest))):
                        new += self._kept.apply(rest.popleft(), self.left_out)
                    self._kept.save_when_due()
            return new

    def settle(self) -> None:
        """Wait until the disk has all that was applied; raises AgentError, OSError."""
        with self._mutex, self._locked():
            self._kept.settle()

    def recover(self, score: Callable[[Unscored], Score]) -> tuple[Score, ...]:
        """Score the decisions of sessions that were killed after something was done with them, each once.
        `score` makes the score of one, without an id. Returns the scores as they were written."""
        with self._mutex:
            if self._blocked or self._guest:
                return ()
            scores: list[Score] = []

            def recover() -> None:
                self._kept.write_waiting()
                for writer in self._live.killed():
                    scores.extend(self._recover(writer, score))
                    self._live.runs(writer)  # takes its file away

            self._carefully(recover)
            return tuple(scores)

    def freeze(self, frozen: bool) -> None:
        """Stop learning, or go on."""
        with self._mutex:
            if self.state.frozen != frozen:
                self.append(Control(id="", at=0.0, what="freeze" if frozen else "thaw"))

    def reset(self) -> Path:
        """Forget what was learnt; returns the backup of the state, to be put back while no session runs.

        Raises `AgentError` where nothing is kept, or no backup can be made; nothing was forgotten.
        """
        with self._mutex:
            if self._blocked or self._guest or not self._flush():
                raise ToolError(f"What was learnt cannot be reset: {self.trouble or 'its owner can'}")
            try:
                with self._locked():
                    control = self._writer.stamped(Control(id="", at=0.0, what="reset"), self.state.marks)
                    backup = self._kept.reset(control)
            except OSError as error:
                raise ToolError(f"What was learnt cannot be reset: {reason(error)}") from None
            self._hand_over(control)
            return backup

    def sync(self) -> bool:
        """Count what other processes wrote; returns whether there was anything. Costs little when not."""
        with self._mutex:
            is_due = bool(self._kept.waiting or self.trouble) or self._kept.is_news
            if self._blocked or not is_due:
                return False
            before = self.state.place
            self._carefully(self._kept.catch_up)
            self._flush()
            return self.state.place != before

    def save(self) -> None:
        """Write the state with everything that is known; where that cannot be done, `news` says why."""
        with self._mutex:
            if self._blocked or not self._flush():
                return
            self._carefully(lambda: self._kept.catch_up(save=True))

    def read(self, *kinds: type[K]) -> Iterator[K]:
        """The kept records of these kinds, oldest first, each once; raises AgentError, OSError."""
        return (record for record, _ in self._records() if isinstance(record, kinds))

    def export(self, path: str, *, replace: bool) -> Path:
        """Write the kept records, oldest first, as JSON lines to a path in the workspace.

        Raises:
            AgentError: The path leaves the workspace, cannot be written, or is there and not to be replaced.
        """
        return export(self._workspace, path, self._records(), replace=replace)

    def _records(self) -> Iterator[tuple[Record, bytes]]:
        """Every kept record, and its line; the files are opened now, so that no rotation comes between."""
        with self._mutex, nullcontext() if self._blocked else self._locked():
            _, lines = self._kept.log.since(None)
        return each_once(lines)

    def _flush(self) -> bool:
        """Write what waits; returns whether nothing waits any more."""
        kept = self._kept
        if kept.waiting:
            self._carefully(kept.write_waiting)
        kept.look_ahead()
        return not kept.waiting

    def _recover(self, writer: str, score: Callable[[Unscored], Score]) -> Iterator[Score]:
        for name, one in list(self._kept.kept.unscored.items()):
            if split_id(name)[0] != writer:
                continue
            if one.signals:
                record = self._writer.stamped(score(one), self._kept.kept.marks)
                self._kept.write(record)
                self._hand_over(record)
                yield record
            else:
                del self._kept.kept.unscored[name]

    def _appear(self) -> None:
        """Let others know that this program runs, which a guest's files could not; keep git out of ours."""
        if not self._guest:
            self._workspace.ensure_state_dir(_FOLDER)
            self._live.begin(self._writer.name)
            exclude(self._workspace.root)

    @contextmanager
    def _locked(self) -> Generator[None]:
        if not self._place.is_dir():  # somebody tidied up
            self._appear()
        with ExitStack() as stack:
            try:
                stack.enter_context(locked(self._place, timeout=self._patience))
            except BusyError:
                self._patience = _LITTLE_PATIENCE_S
                raise
            self._patience = _PATIENCE_S
            stack.callback(self._kept.look_ahead)
            self._kept.load()
            yield

    def _carefully(self, do: Callable[[], None]) -> None:
        """Do it under the lock; what goes wrong is told, and the rest of it is left out."""
        try:
            with self._locked():
                do()
            self.trouble = ""
        except (AgentError, OSError) as error:
            self._in_trouble(error)

    def _in_trouble(self, error: AgentError | OSError) -> None:
        self.trouble = reason(error)
        self._tell(f"What is learnt is kept in memory only: {self.trouble}")

    def _tell(self, sentence: str) -> None:
        if sentence and sentence not in self._told:
            self._told.add(sentence)
            self._news.append(sentence)
