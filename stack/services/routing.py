"""Handing tasks to the workers: each from the one queue into that of a service, or to the dead letters."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from agent_core.errors import AgentError, ErrorInfo
from agent_core.fleet.routing import Queue, route
from agent_core.fleet.services import Specialty
from agent_core.streaming.messages import DeadLetter, Task
from agent_core.streaming.names import ERRORS, tasks
from agent_core.streaming.ports import Batch, Received, Sink, Skipped, Source
from stack.services.base import Service
from stack.services.delivering import Sending, committed, delivered, done_in_time, stops_within
from stack.services.letters import NO_TASK, letter_about, letter_of
from stack.services.logs import correlated

Queues = Callable[[], Mapping[str, Queue]]
_AGAIN_S, _GRACE_S = 10.0, 5.0
_MOST = 100
_DOES = "hands tasks to the workers"
_log = logging.getLogger(__name__)


async def _at_once() -> None:
    pass


class Routing:
    """Reads tasks, routes them, and commits once all of a batch are delivered: a task may come twice to its
    worker, who knows it by its id.

    Args:
        service: The program.
        known: What services are for.
        queues: How the services stand now.
        settled: Ends when that is known; nothing is routed before.
        source: Where tasks come from.
        sink: Where they go.
    """

    def __init__(
        self,
        *,
        service: Service,
        known: Mapping[str, Specialty],
        queues: Queues,
        source: Source,
        sink: Sink,
        settled: Callable[[], Coroutine[Any, Any, None]] = _at_once,
    ) -> None:
        self._service, self._known, self._queues = service, known, queues
        self._settled = settled
        self._source, self._sink = source, sink

    async def run(self) -> None:
        """Route until the program is to stop."""
        self._service.say("working", _DOES)
        while not self._service.stopping.is_set():
            batch = await self._source.take(most=_MOST, wait=1.0)
            if batch.end and await self._is_settled() and await self._handed_on(batch):
                await committed(self._service, self._source, batch)

    async def _is_settled(self) -> bool:
        waiting = asyncio.create_task(self._settled())
        try:
            return await done_in_time(self._service, waiting, grace=0.0)
        finally:
            waiting.cancel()

    async def _handed_on(self, batch: Batch) -> bool:
        """Send each message on its way; False where the program is to stop before that is done."""
        left: list[Received | Skipped] = [*batch.skipped, *batch.received]
        while left:
            by_topic = self._routed(left)  # each time anew, as a queue may be gone
            left, fault = [], None
            for some in by_topic.values():  # what one queue does not take is not sent to others again
                sent = [each for _, each in some]
                try:
                    if not await delivered(self._service, self._sink, sent, grace=_GRACE_S):
                        return False
                except AgentError as error:
                    fault = error
                    left += [about for about, _ in some]
                    continue
                for each in sent:
                    self._tell(each)
            if fault is None:
                self._service.say("working", _DOES)
                continue
            self._service.say("degraded", f"Tasks are not taken: {fault.message}. {fault.hint}".strip())
            if await stops_within(self._service, _AGAIN_S):
                return False
        return True

    def _routed(self, some: list[Received | Skipped]) -> dict[str, list[tuple[Received | Skipped, Sending]]]:
        """By the topic that each goes to."""
        found: dict[str, list[tuple[Received | Skipped, Sending]]] = {}
        added: Counter[str] = Counter()
        for each in some:
            sending = self._one(each, added)
            found.setdefault(sending.topic, []).append((each, sending))
        return found

    def _one(self, received: Received | Skipped, added: Counter[str]) -> Sending:
        program = self._service.standing.service
        if isinstance(received, Skipped):
            return _buried(letter_of(received, service=program))
        task = received.message
        if not isinstance(task, Task):
            return _buried(letter_about(received, NO_TASK, service=program))
        queues = {
            name: Queue(queue.waiting + added[name], queue.served) for name, queue in self._queues().items()
        }
        try:
            chosen = route(task, self._known, queues)
        except Exception as error:  # noqa: BLE001 - one task holds up no other
            _log.exception("the task broke the routing")
            chosen = ErrorInfo("internal", repr(error)[:300])
        if isinstance(chosen, ErrorInfo):
            return _buried(letter_about(received, chosen, service=program, task=task.id))
        added[chosen] += 1
        return Sending(tasks(chosen), task, task.id)

    def _tell(self, sent: Sending) -> None:
        if isinstance(sent.message, DeadLetter):
            self._service.count("dead_letters_total", "Messages that could not be worked on")
            _log.warning("a dead letter: %s", sent.message.error.message)
            return
        self._service.count("tasks_routed_total", "Tasks that were handed to a service")
        with correlated(sent.key):
            _log.info("a task goes to %s", sent.topic)


def _buried(letter: DeadLetter) -> Sending:
    return Sending(ERRORS, letter, letter.task)
