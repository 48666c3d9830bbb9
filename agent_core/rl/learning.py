"""Learning in a session: follows what happens, makes suggestions, and records what came of them.

What is slow or locks (the store, numpy) runs in one thread of its own, in order; the events are followed on
the loop. A fault of learning is told once and never ends a turn: suggestions then come in a fixed order.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import ExitStack, suppress
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from agent_core.bus import Bus, Subscription
from agent_core.errors import AgentError
from agent_core.events import Notice, SuggestionsRanked, ToolSuggested, TurnFinished
from agent_core.index.api import Index, lies_in
from agent_core.rl.api import NO_EVIDENCE, Evaluation, Overview, Suggestion, Surface
from agent_core.rl.choices import Choices
from agent_core.rl.thread import LearningThread
from agent_core.workspace import Workspace

if TYPE_CHECKING:
    from agent_core.cooldowns import Cooldowns
    from agent_core.logs.api import Digest
    from agent_core.rl.credit import Credit
    from agent_core.rl.deciding import Made
    from agent_core.rl.records import Decision, Score, Signal
    from agent_core.rl.surroundings import Surroundings
    from agent_core.tools.registry import Registry

T = TypeVar("T")
_PATIENCE_S = 1.0
"""How long a turn waits for the suggestion that is shown before it."""
_SEEN_S = 1.0
"""How long a list has to be on the screen before it can be ignored."""
_log = logging.getLogger(__name__)


class Learned:
    """Implements `api.Learning` for one workspace. Nothing is opened or started before the first suggestion.

    Args:
        workspace: Whose.
        bus: What happens, and where suggestions are published.
        registry: The tools that there are.
        cooldowns: Which heavy ones are not to be proposed yet.
        index: What its state leaves to do.
    """

    def __init__(
        self, *, workspace: Workspace, bus: Bus, registry: Registry, cooldowns: Cooldowns, index: Index
    ) -> None:
        self._workspace, self._bus = workspace, bus
        self._index = index
        self._choices = Choices(registry=registry, cooldowns=cooldowns, index=index)
        self._listeners: list[Callable[[bytes], None]] = []
        self._thread = LearningThread(
            workspace=workspace, seed=os.urandom(8).hex(), warn=self._warn, hand_over=self._hand_over
        )
        self._stack = ExitStack()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._subscription: Subscription | None = None
        self._following: asyncio.Task[None] | None = None
        self._proposing: asyncio.Task[None] | None = None
        self._again = False
        self._list: SuggestionsRanked | None = None
        self._made: Made | None = None
        """The decision behind the list, until it was seen."""
        self._seeing: asyncio.TimerHandle | None = None
        self._dismissed: set[str] = set()
        self._warned: set[str] = set()

    # Made when they are needed, so that a start does not wait for their modules

    @cached_property
    def _surroundings(self) -> Surroundings:
        from agent_core.rl.surroundings import Surroundings

        return Surroundings()

    @cached_property
    def _credit(self) -> Credit:
        from agent_core.rl.credit import Credit

        return Credit()

    # What the screen and the session ask for

    def propose(self) -> None:
        """Rank anew for the situation as it is; publishes `SuggestionsRanked`."""
        if self._proposing is not None and not self._proposing.done():
            self._again = True
            return
        self._follow()
        self._proposing = self._spawn(self._propose())

    async def suggest(self, turn_id: str, text: str) -> ToolSuggested | None:
        """What would be suggested before a turn acts; raises nothing, and waits a second at most."""
        self._follow()
        self._surroundings.ask(text)
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                await self._surroundings.look_at_git(self._workspace)
                if made := await self._decide("turn"):
                    recording = self._thread.submit(lambda decider: decider.record(made.decision))
                    if written := await self._answer(recording):
                        self._record(self._credit.show(written, turn_id))
                        return ToolSuggested(turn_id=turn_id, suggestion=made.items[0], decision=written.id)
        _log.info("no suggestion before %s", turn_id)
        return None

    def shown(self, decision: str) -> None:
        """The list of this decision is on the screen: only then can it be ignored."""
        if self._made is not None and self._made.decision.id == decision and self._seeing is None:
            self._seeing = asyncio.get_running_loop().call_later(_SEEN_S, self._seen)

    def _seen(self) -> None:
        """The list was looked at for long enough, or something was done with it: now it is a decision."""
        made, self._made = self._made, None
        self.hidden()
        if made is not None:
            self._record([made.decision, *self._credit.show(made.decision)])

    def hidden(self) -> None:
        """No list is on the screen any more: what was there for a moment only counts for nothing."""
        if self._seeing is not None:
            self._seeing.cancel()
            self._seeing = None

    def accept(self, decision: str, position: int) -> str | None:
        """The n-th suggestion (from 1) was taken: the command to run; None when it is not there any more."""
        item = self._item(decision, position)
        if item is None:
            return None
        self._seen()
        self._record(self._credit.accept(decision, item.tool, item.command))
        return item.command

    def dismiss(self, decision: str, position: int) -> None:
        """The n-th suggestion is not wanted now; the rest is shown without it."""
        item = self._item(decision, position)
        if item is None or self._list is None:
            return
        self._seen()
        self._dismissed.add(item.tool)
        self._record(self._credit.dismiss(decision, item.tool))
        rest = tuple(other for other in self._list.items if other != item)
        self._list = msgspec.structs.replace(self._list, items=rest)
        self._bus.publish(self._list)

    def see_logs(self, digest: Digest) -> None:
        """What the followed logs say now."""
        self._surroundings.see_logs(digest)

    def listen(self, take: Callable[[bytes], None]) -> None:
        """Have every record of this program's own handed over as its line, once it is written."""
        self._listeners.append(take)

    # What the command and the Learning screen ask for

    async def overview(self) -> Overview:
        """How learning stands; raises `LearningFault`."""
        return await self._thread.submit(lambda decider: decider.overview())

    async def evaluate(self) -> Evaluation:
        """Estimate the value of the policy and its baselines from the log; raises `LearningFault`."""
        from agent_core.rl.ope.process import evaluate

        return await evaluate(self._workspace)

    async def freeze(self, frozen: bool) -> None:
        """Stop learning, or go on. What happens meanwhile is recorded and never learnt."""
        await self._thread.submit(lambda decider: decider.freeze(frozen))
        self._rank_again()

    async def reset(self) -> Path:
        """Forget what was learnt; returns the backup of the state."""
        backup = await self._thread.submit(lambda decider: decider.reset())
        self._rank_again()
        return backup

    async def export(self, path: str, *, replace: bool = False) -> Path:
        """Write the recorded events of all files, oldest first, as JSON lines to a path in the workspace."""
        return await self._thread.submit(lambda decider: decider.export(path, replace=replace))

    async def aclose(self) -> None:
        """Score what can be scored, and save."""
        self.hidden()
        if self._proposing is not None:
            self._proposing.cancel()
        if self._subscription is not None and self._following is not None:
            self._subscription.close()
            await asyncio.gather(self._following, return_exceptions=True)
            self._record(self._credit.close())
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._answer(self._thread.aclose())
        self._stack.close()

    # Following what happens

    def _follow(self) -> None:
        if self._following is None:
            self._subscription = self._stack.enter_context(self._bus.subscribe())
            self._following = asyncio.create_task(self._take_all(self._subscription))

    async def _take_all(self, subscription: Subscription) -> None:
        await asyncio.to_thread(import_module, "agent_core.rl.credit")  # in the loop, keys would wait for it
        async for event in subscription:
            self._surroundings.take(event)
            self._record(self._credit.take(event))
            if isinstance(event, TurnFinished):
                self._dismissed.clear()
                self._rank_again()

    # Deciding

    def _rank_again(self) -> None:
        """Propose anew where somebody looks at lists; a headless run has none."""
        if self._list is not None:
            self.propose()

    async def _propose(self) -> None:
        while True:
            self._again = False
            await self._surroundings.look_at_git(self._workspace)
            made = await self._decide("pane")
            waiting = self._choices.waiting()
            self._record(self._credit.replace())
            self.hidden()
            self._made = made
            self._list = SuggestionsRanked(
                items=self._choices.fixed(self._surroundings.asked) if made is None else made.items,
                evidence=NO_EVIDENCE if made is None else made.evidence,
                decision="" if made is None else made.decision.id,
                waiting=waiting,
            )
            self._bus.publish(self._list)
            if not self._again:
                return

    async def _decide(self, surface: Surface) -> Made | None:
        """A decision; None where there is nothing to choose from, or learning does not work."""
        allowed = self._choices.allowed(self._surroundings.asked, without=self._dismissed)
        if not allowed:
            return None
        status = self._index.status
        unread = status.phase in ("closed", "opening") and lies_in(self._workspace.state_dir)
        situation = self._surroundings.situation(status, acting=surface == "turn", unread=unread)
        number = self._surroundings.turns
        return await self._answer(
            self._thread.submit(lambda decider: decider.decide(situation, allowed, surface, number))
        )

    def _item(self, decision: str, position: int) -> Suggestion | None:
        ranked = self._list
        if ranked is None or ranked.decision != decision or not 1 <= position <= len(ranked.items):
            return None
        return ranked.items[position - 1]

    # The thread

    def _record(self, records: Sequence[Decision | Signal | Score]) -> None:
        """Write in order, behind what is being written."""
        if records:
            self._spawn(self._answer(self._thread.submit(lambda decider: decider.write(records))))

    def _hand_over(self, line: bytes) -> None:
        for take in self._listeners:
            take(line)

    async def _answer(self, working: Awaitable[T]) -> T | None:
        """What came of the work; None when it failed, which is told once."""
        try:
            return await working
        except AgentError as error:
            self._warn(error.message, error.hint)
            return None

    def _warn(self, message: str, hint: str = "") -> None:
        if message not in self._warned:
            self._warned.add(message)
            self._bus.publish(Notice(level="warning", message=message, hint=hint))

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
