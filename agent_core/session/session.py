"""The session: prompts in, events out, one turn at a time."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from agent_core.agent.history import History
from agent_core.bus import Bus
from agent_core.changes.model import Chosen
from agent_core.config import Settings
from agent_core.events import (
    Decision,
    Event,
    HistoryCompacted,
    Notice,
    SessionOpened,
    TurnQueued,
    TurnUnqueued,
)
from agent_core.forms import Filled
from agent_core.session.calls import Write
from agent_core.session.gate import Gate
from agent_core.session.saved.conversation import Conversation, exchanges_of
from agent_core.session.saved.model import Loaded
from agent_core.session.turn import Desk, SeenInLogs, Suggest, Turn
from agent_core.workspace import Workspace

if TYPE_CHECKING:
    from agent_core.checkpoints.checkpoints import Checkpoints
    from agent_core.cooldowns import Cooldowns
    from agent_core.hooks.hooks import Hooks
    from agent_core.index.api import Index
    from agent_core.llm.select import Models
    from agent_core.lsp.servers import LanguageServers
    from agent_core.mcp.client import Servers
    from agent_core.tools.registry import Registry

_log = logging.getLogger(__name__)


class Session:
    """Runs what is submitted, in order; belongs to one event loop.

    Args:
        workspace: What it is about.
        settings: The effective settings.
        registry: The commands and tools.
        models: Which model answers.
        gate: Who decides whether something may be done, and asks.
        bus: Where the events go.
        conversation: Keeps them, and knows the earlier ones.
        log_path: Where unexpected errors are written, for the messages that name it.
        write: Takes the whole result of a typed command as it is found, where there is more than is shown.
        cooldowns: What the agent may not call again yet.
        checkpoints: Keep what turns change; without, nothing can be undone.
        suggest: Told a turn's id and its question before the agent acts.
        servers: Bring tools of other programs.
        seen_in_logs: Tells what the logs say now, by feature.
        language_servers: Are asked what is wrong with an edit.
        hooks: Are asked before and after tools, and at a turn's end.
    """

    def __init__(
        self,
        *,
        workspace: Workspace,
        settings: Settings,
        registry: Registry,
        models: Models,
        index: Index,
        gate: Gate,
        bus: Bus,
        conversation: Conversation,
        log_path: Path | None = None,
        write: Write | None = None,
        cooldowns: Cooldowns | None = None,
        checkpoints: Checkpoints | None = None,
        suggest: Suggest | None = None,
        servers: Servers | None = None,
        seen_in_logs: SeenInLogs | None = None,
        language_servers: LanguageServers | None = None,
        hooks: Hooks | None = None,
    ) -> None:
        self.bus = bus
        self.models = models
        self.registry = registry
        self.workspace = workspace
        self.settings = settings
        self.permissions = gate.permissions
        self.history = History()
        self.conversation = conversation
        self._gate = gate
        self._desk = Desk(
            workspace=workspace,
            settings=settings,
            registry=registry,
            models=models,
            index=index,
            gate=gate,
            history=self.history,
            publish=self._publish,
            log_path=log_path,
            write=write,
            cooldowns=cooldowns,
            checkpoints=checkpoints,
            suggest=suggest,
            servers=servers,
            seen_in_logs=seen_in_logs,
            language_servers=language_servers,
            hooks=hooks,
        )
        self._queue: deque[Turn] = deque()
        self._running: Turn | None = None
        self._task: asyncio.Task[None] | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False
        self.farewell: tuple[str, ...] = ()
        """What it came to and how to go on in it, once it is closed; nothing where nothing is saved."""

    @property
    def running(self) -> str | None:
        """The id of the turn that runs."""
        return self._running.turn_id if self._running else None

    @property
    def queued(self) -> tuple[tuple[str, str], ...]:
        """Id and text of the prompts that wait, in order."""
        return tuple((turn.turn_id, turn.text) for turn in self._queue)

    def submit(self, text: str) -> str:
        """Run the prompt now, or after those before it; returns its turn's id."""
        if self._closed:
            raise RuntimeError("the session is closed")
        turn = self._new_turn(text)
        self._idle.clear()
        if self._running is None:
            self._start(turn)
        else:
            self._enqueue(turn)
        return turn.turn_id

    def send_now(self, turn_id: str) -> bool:
        """Stop what runs and run this waiting prompt next; False when it does not wait (any more)."""
        for turn in self._queue:
            if turn.turn_id == turn_id:
                self._queue.remove(turn)
                self._queue.appendleft(turn)
                self.cancel()
                return True
        return False

    def cancel(self) -> bool:
        """Cancel the running turn, at once; False when none runs. What waits runs next."""
        return self._task is not None and self._task.cancel()

    def unqueue(self, turn_id: str) -> str | None:
        """Take a waiting prompt back: its text, or None when it does not wait (any more)."""
        for turn in self._queue:
            if turn.turn_id == turn_id:
                self._queue.remove(turn)
                self._publish(TurnUnqueued(turn_id=turn_id))
                return turn.text
        return None

    def switch(self) -> None:
        """Go on in the session that was prepared, with what waits; while a turn runs, when it has ended."""
        if self._running is not None or not self.conversation.is_switching:
            return
        waiting, self._queue = self._queue, deque[Turn]()
        for turn in waiting:
            self._publish(TurnUnqueued(turn_id=turn.turn_id))
        loaded = self.conversation.switch()
        self.history.clear()
        for exchange in exchanges_of(loaded.records):
            self.history.add(exchange.question, exchange.answer)
        self.bus.publish(_opened(loaded))
        for turn in waiting:
            self._enqueue(self._new_turn(turn.text))

    def answer(self, call_id: str, decision: Decision, chosen: Chosen | None = None) -> bool:
        """Answer an `ApprovalNeeded`; False when the question is not open (any more).

        `chosen` says what of a change is wanted; all of it without.
        """
        return self._gate.answer(call_id, decision, chosen)

    def fill(self, call_id: str, filled: Filled) -> bool:
        """Answer an `ApprovalNeeded` that has a form; False when it is not open (any more)."""
        return self._gate.filled(call_id, filled)

    async def idle(self) -> None:
        """Wait until nothing runs and nothing waits."""
        await self._idle.wait()

    async def aclose(self) -> None:
        """Take back what waits, cancel what runs, wait for its end, save what it came to, and close the
        model's connections."""
        self._closed = True
        waiting = tuple(turn.text for turn in self._queue)
        for turn in self._queue:  # not saved as taken back: they are told of when the session is resumed
            self.bus.publish(TurnUnqueued(turn_id=turn.turn_id))
        self._queue.clear()
        self.cancel()
        await self.idle()
        self.farewell = self.conversation.close(waiting)
        await self.models.aclose()
        if self.farewell:
            try:
                await asyncio.to_thread(self.conversation.store.prune)
            except Exception:  # noqa: BLE001 - whatever lies there ends nothing of this session
                _log.exception("old sessions are not let go of")

    def _publish(self, event: Event) -> None:
        """Keep what happened, then tell everyone: what was seen is not lost."""
        warning = self.conversation.take(event)
        if isinstance(event, HistoryCompacted):
            self.history.clear()
            for exchange in event.exchanges:
                self.history.add(exchange.question, exchange.answer)
        self.bus.publish(event)
        if warning:
            self.bus.publish(Notice(level="warning", message=warning, hint="Make room, then `fork` goes on."))

    def _new_turn(self, text: str) -> Turn:
        return Turn(turn_id=self.conversation.next_turn_id(), text=text, desk=self._desk)

    def _enqueue(self, turn: Turn) -> None:
        self._queue.append(turn)
        self._publish(TurnQueued(turn_id=turn.turn_id, text=turn.text, position=len(self._queue)))

    def _start(self, turn: Turn) -> None:
        self._running = turn
        self._task = asyncio.create_task(turn.run(), name=f"turn {turn.turn_id}")
        self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Finish a turn that was cancelled before it could do so itself, then start the next."""
        if not task.cancelled():
            task.exception()  # a turn raises nothing but what must end the process; the loop has it already
        assert self._running is not None
        self._running.finish()
        self._running = self._task = None
        try:
            self.switch()
        finally:
            if self._queue:
                self._start(self._queue.popleft())
            else:
                self._idle.set()


def _opened(loaded: Loaded) -> SessionOpened:
    saved = loaded.saved
    return SessionOpened(
        session_id=saved.id,
        name=saved.name,
        turns=saved.turns,
        forked_from=saved.forked_from,
        waiting=loaded.waiting,
        warnings=loaded.warnings,
    )
