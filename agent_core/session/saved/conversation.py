"""The conversation that goes on: saved, switched to another, told of at the end."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from shlex import quote

from agent_core.agent.history import Exchange
from agent_core.errors import UsageError
from agent_core.events import ContextPacked, Event, HistoryCompacted, TextDelta, TurnFinished, TurnStarted
from agent_core.session.saved.ending import Account, Ending
from agent_core.session.saved.model import Loaded, Record, SavedSession, turn_name
from agent_core.session.saved.saving import Saving
from agent_core.session.saved.sent import SentCalls
from agent_core.session.saved.store import SavedSessions, checked


class Conversation:
    """Follows a session's events, keeps them on disk, and holds the one to switch to when the turn ends.

    Args:
        store: The sessions of the workspace.
        saving: The file of the current one.
    """

    def __init__(self, *, store: SavedSessions, saving: Saving) -> None:
        self.store = store
        self._saving = saving
        self._account = Account()
        self._count = 0
        self._next: Loaded | None = None
        self.earlier: tuple[Record, ...] = ()
        """What happened in the session before it was opened here."""
        self.sent = SentCalls()
        """What went to models."""
        self.context: ContextPacked | None = None
        """What went into the last prompt of a model."""

    @property
    def id(self) -> str:
        """Names the session; `turn_name` makes the ids of its turns."""
        return self._saving.id

    @property
    def name(self) -> str:
        """What the user calls it; "" for nothing."""
        return self._saving.name

    def next_turn_id(self) -> str:
        """An id for the next turn, which no other turn of the workspace has."""
        self._count += 1
        return turn_name(self.id, self._count)

    def take(self, event: Event) -> str:
        """Something happened in it; returns a warning where it cannot be saved any more."""
        self._account.take(event)
        self.sent.take(event, time.time())
        if isinstance(event, ContextPacked):
            self.context = event
        return self._saving.take(event)

    def ending(self, waiting: tuple[str, ...] = ()) -> Ending:
        """What it came to by now."""
        return self._account.ending(waiting)

    # For the tools: each blocks a thread for as long as the files take

    async def prepare(self, what: str) -> Loaded:
        """Read the session to go on in and switch to it when the turn ends.

        Raises:
            UsageError: There is no such session, or it is this one.
            ToolError: It cannot be read.
            BusyError: Another program has it open.
        """
        found = await asyncio.to_thread(self.store.find, what, current=self.id)
        if found.id == self.id:
            raise UsageError("That session is open already", hint="`sessions` lists the others.")
        return await self._prepare(found)

    async def begin(self, name: str) -> None:
        """Go on in the session of this name, or save under it from now on; raises as `prepare` does."""
        name = checked(name)
        if not name:
            raise UsageError("A session needs a name", hint="Such as: --session nightly")
        found = await asyncio.to_thread(self.store.named, name)
        if found is not None:
            await self._prepare(found)
        else:
            self._saving.enabled = True
            self._saving.rename(name)

    async def fork(self, of: str = "", name: str = "") -> Loaded:
        """Copy this session, or another, and switch to the copy; raises as `prepare` does, and OSError."""
        if not of and not self._saving.begun:
            raise UsageError("There is nothing to fork yet", hint="`fork --of SESSION` copies another.")
        if not of:
            self._saving.flush()
        source = self.id if not of else (await asyncio.to_thread(self.store.find, of)).id
        return await self._prepare(await asyncio.to_thread(self.store.fork, source, name))

    async def _prepare(self, saved: SavedSession) -> Loaded:
        loaded = await asyncio.to_thread(self.store.load, saved.id)
        self._saving.reserve(loaded)
        self._next = loaded
        return loaded

    def rename(self, name: str) -> None:
        """Call it so from now on; raises `UsageError`, OSError."""
        self._saving.rename(checked(name))

    async def load(self, what: str = "") -> Loaded:
        """Read a session, this one by default; nothing is switched. Raises as `prepare` does."""
        if not what and not self._saving.begun:
            raise UsageError("Nothing was said here yet", hint="`sessions` lists the earlier ones.")
        if what:
            return await asyncio.to_thread(lambda: self.store.load(self.store.find(what, current=self.id).id))
        self._saving.flush()
        return await asyncio.to_thread(self.store.load, self.id)

    # For the session

    @property
    def is_switching(self) -> bool:
        """Whether one was prepared to go on in."""
        return self._next is not None

    def switch(self) -> Loaded:
        """Go on in the session that was prepared; there must be one."""
        loaded, self._next = self._next, None
        assert loaded is not None
        self._saving.close(self.ending().lines)
        self._saving.open(loaded)
        self._account, self._count, self.earlier = Account(), loaded.count, loaded.records
        self.sent = SentCalls()
        for record in loaded.records:
            self._account.take(record.event)
            self.sent.take(record.event, record.at)
        return loaded

    def take_earlier(self) -> tuple[Record, ...]:
        """What is to be shown of before, once: it is not kept in memory for longer."""
        earlier, self.earlier = self.earlier, ()
        return earlier

    def close(self, waiting: tuple[str, ...] = ()) -> tuple[str, ...]:
        """End it in good order; returns what to say of it, nothing where nothing is saved. Raises nothing."""
        said: tuple[str, ...] = ()
        if self._saving.begun:
            lines = self.ending(waiting).lines
            called = f"{self.name} ({self.id})" if self.name else self.id
            how = f"Go on in it: dspy-tui --resume {self.id}{_there(self.store.root)}"
            said = (f"Session {called}", *(f"  {line}" for line in lines), how)
            self._saving.close(lines)
        self._saving.release()
        return said


def _there(root: Path) -> str:
    """The workspace as a further argument, where a shell is elsewhere."""
    try:
        return "" if Path.cwd() == root.resolve() else f" {quote(str(root))}"
    except OSError:  # the folder that we are in is gone
        return f" {quote(str(root))}"


def exchanges_of(records: tuple[Record, ...]) -> tuple[Exchange, ...]:
    """The questions and answers, as a model is to see them in questions that follow on."""
    asked: dict[str, str] = {}
    said: dict[str, list[str]] = {}
    found: list[Exchange] = []
    for _, event in records:
        if isinstance(event, TurnStarted) and event.kind == "task":
            asked[event.turn_id] = event.text.strip()
        elif isinstance(event, HistoryCompacted):
            found = [Exchange(one.question, one.answer) for one in event.exchanges]
        elif isinstance(event, TextDelta):
            said.setdefault(event.turn_id, []).append(event.text)
        elif isinstance(event, TurnFinished) and event.turn_id in asked:
            answer = "".join(said.pop(event.turn_id, ())) or event.text
            found.append(Exchange(asked.pop(event.turn_id), answer))
    return tuple(found)
