"""Working on the tasks of a service, one after the other: each is answered once, whoever dies meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from agent_core.errors import AgentError, BusAuth, ErrorInfo, NoTopic
from agent_core.fleet.results import result_of, short
from agent_core.fleet.routing import wrong_with
from agent_core.streaming.messages import DeadLetter, Known, Result, Task
from agent_core.streaming.names import ERRORS, results
from agent_core.streaming.ports import Batch, Received, Sink, Source
from stack.services.base import Service
from stack.services.delivering import Sending, committed, delivered, done_in_time, stops_within
from stack.services.ledger import Entry, Ledger
from stack.services.letters import NO_TASK, letter_about, letter_of
from stack.services.logs import correlated

Do = Callable[[Task], Awaitable[Result]]
MOST_BEGUN = 3
"""A task that was begun so often and never came to an end is what kills its workers."""
_AGAIN_S = 10.0
_log = logging.getLogger(__name__)


class GivenBackError(Exception):
    """The program stops; what is in hand was not committed, so that another one gets it."""


class Working:
    """Takes tasks, does them, and sends what came of them; commits once that is delivered.

    Args:
        service: The program.
        name: The service that it works for.
        worker: What results say who did it.
        source: Where tasks come from.
        sink: Where results and dead letters go.
        ledger: Knows what was begun and what is done.
        do: Does a task; it raises nothing but its cancellation.
        grace: Seconds after the program was told to stop in which a task in hand may still come to its end.
    """

    def __init__(
        self,
        *,
        service: Service,
        name: str,
        worker: str,
        source: Source,
        sink: Sink,
        ledger: Ledger,
        do: Do,
        grace: float = 10.0,
    ) -> None:
        self._service, self._name, self._worker = service, name, worker
        self._source, self._sink, self._ledger, self._do = source, sink, ledger, do
        self._grace = grace
        self._does = f"works on tasks for {name}"

    async def run(self) -> None:
        """Work until the program is to stop."""
        self._service.say("working", self._does)
        try:
            while not self._service.stopping.is_set():
                batch = await self._source.take(most=1, wait=1.0)
                if batch.end:
                    await self._work_on(batch)
                    if not await committed(self._service, self._source, batch):
                        _log.info("this part of the queue is another's by now: the task comes again")
        except GivenBackError:
            _log.info("what was in hand is given back")

    async def _work_on(self, batch: Batch) -> None:
        for skipped in batch.skipped:
            await self._bury(letter_of(skipped, service=self._service.standing.service))
        for received in batch.received:
            task = received.message
            if isinstance(task, Task) and wrong_with(task) is None:
                with correlated(task.id):
                    await self._one(received, task)
            else:
                error = wrong_with(task) if isinstance(task, Task) else None
                program = self._service.standing.service
                name = task.id if isinstance(task, Task) else ""
                await self._bury(letter_about(received, error or NO_TASK, service=program, task=name))

    async def _one(self, received: Received, task: Task) -> None:
        entry = await self._begun(task)
        if entry.done:
            self._service.count("tasks_repeated_total", "Tasks that came again, and were done before")
            _log.info("the task was done before")
            return
        if entry.begun > MOST_BEGUN:
            result = self._poisonous(task, entry.begun - 1)
            assert result.error is not None
            program = self._service.standing.service
            await self._bury(letter_about(received, result.error, service=program, task=task.id))
        else:
            _log.info("works on a task", extra={"topic": received.topic, "offset": received.offset})
            result = await self._done(task)
        try:
            await self._deliver(results(self._name), result, key=task.id)
        except GivenBackError:
            await self._note(self._ledger.give_back, task)
            raise
        await self._note(self._ledger.done, task)
        self._tell(result)

    def _poisonous(self, task: Task, times: int) -> Result:
        error = ErrorInfo(
            "poisonous",
            f"The task was begun {times} times, and each time its worker ended before it did",
            "Ask for less at a time, or give the workers more memory.",
        )
        return result_of(task, service=self._name, worker=self._worker, outcome="failed", error=error)

    async def _done(self, task: Task) -> Result:
        """What comes of it; where the program is to stop it gets some time, and is given back then."""
        doing = asyncio.ensure_future(self._do(task))
        try:
            if await done_in_time(self._service, doing, grace=self._grace):
                return doing.result()
        except Exception as error:  # noqa: BLE001 - the edge of the task: one that fails stops no worker
            _log.exception("the task broke the session")
            info = error.info if isinstance(error, AgentError) else ErrorInfo("internal", repr(error)[:300])
            return result_of(task, service=self._name, worker=self._worker, outcome="failed", error=info)
        finally:
            doing.cancel()
            await asyncio.gather(doing, return_exceptions=True)
        await self._note(self._ledger.give_back, task)
        raise GivenBackError

    async def _bury(self, letter: DeadLetter) -> None:
        self._service.count("dead_letters_total", "Messages that could not be worked on")
        _log.warning("a dead letter: %s", letter.error.message, extra={"topic": letter.topic})
        await self._deliver(ERRORS, letter, key=letter.task)

    async def _deliver(self, topic: str, message: Known, *, key: str) -> None:
        """Send it until it is taken: without its result a task is not done."""
        while True:
            sent = (Sending(topic, message, key),)
            try:
                if await delivered(self._service, self._sink, sent, grace=self._grace):
                    self._service.say("working", self._does)
                    return
                raise GivenBackError
            except AgentError as error:
                self._service.say("degraded", f"{topic} is not taken: {error.message}. {error.hint}".strip())
                if isinstance(message, Result) and not isinstance(error, NoTopic | BusAuth):
                    message = short(message)  # it may be too long for this bus
            if await stops_within(self._service, _AGAIN_S):
                raise GivenBackError

    async def _begun(self, task: Task) -> Entry:
        try:
            return await asyncio.to_thread(self._ledger.begin, task.id)
        except OSError as error:
            _log.warning("the task cannot be noted, so that it may be done twice: %s", error)
            return Entry(1, done=False)

    async def _note(self, how: Callable[[str], None], task: Task) -> None:
        try:
            await asyncio.to_thread(how, task.id)
        except OSError as error:
            _log.warning("the task's end cannot be noted: %s", error)

    def _tell(self, result: Result) -> None:
        count = self._service.count
        if result.outcome == "answered":
            count("tasks_done_total", "Tasks that were answered")
        else:
            count("tasks_failed_total", "Tasks that failed, were refused, or took too long")
        count("tasks_seconds_total", "Time that tasks took", result.seconds)
        extra = {"outcome": result.outcome, "seconds": result.seconds}
        _log.info("a task has its result: %s", result.outcome, extra=extra)
