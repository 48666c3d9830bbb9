"""Handing a task to the workers over the bus, and waiting for what comes of it."""

from __future__ import annotations

import asyncio
import getpass
import socket
import time
from collections.abc import Callable
from contextlib import aclosing, suppress
from typing import Any, cast

import msgspec

from agent_core.config import Settings
from agent_core.errors import AgentError, NoResult, UsageError
from agent_core.fleet.results import result_of
from agent_core.fleet.routing import wrong_with
from agent_core.fleet.services import PARTITIONS, is_service
from agent_core.llm.errors import ModelError
from agent_core.masking import log_masker
from agent_core.streaming.access import Access, access_of
from agent_core.streaming.messages import (
    MOST_BYTES,
    DeadLetter,
    Known,
    NotKnown,
    Result,
    Task,
    decode,
    new_id,
)
from agent_core.streaming.names import ERRORS, TASKS, results, tasks, workers
from agent_core.streaming.tail import tail
from agent_core.streaming.values import BusNotice, BusReading, Message, TailQuery, Told, waiting_for
from agent_core.text import encodable, human_duration, plural

Tell = Callable[[str], None]
LONGEST_S = 86_400.0
_BACK_S = 60.0
"""Messages of so long ago are looked at, too: clocks differ."""
_SENT_S = 20.0
_LOOK_S = 5.0
_ANSWERS = (results("*"), f"{ERRORS}*", tasks("*"))
"""All of them patterns, as none of them is there before a router or a worker was."""


def task_of(text: str, settings: Settings, *, service: str = "", timeout: float = 600.0) -> Task:
    """The task, without secrets.

    Raises:
        UsageError: It says nothing, is too long, or the service can be none.
    """
    if service and not is_service(service):
        raise UsageError(f"{service!r} can be no service", hint="Such as backend or frontend.")
    if not 1 <= timeout <= LONGEST_S:
        raise UsageError("The time-out is at least a second, and a day at most")
    task = Task(
        id=new_id(),
        at=time.time(),
        text=log_masker(settings)(encodable(text)),
        service=service,
        by=encodable(_me()),
        timeout=timeout,
    )
    if (wrong := wrong_with(task)) is not None:
        raise UsageError(wrong.message, hint=wrong.hint)
    return task


def left_out(text: str, task: Task) -> str:
    """What a person is told of a task that is sent otherwise than it was written; "" where it is the same."""
    return "" if task.text == encodable(text) else "what looks like a secret in the task was masked"


async def hand_in(task: Task, settings: Settings) -> str:
    """Put a task into the queue of the fleet, which is made where it is missing; returns where that is.

    Raises:
        ConfigError: How the bus is reached is not right.
        BusFault: It cannot be handed over.
    """
    from agent_core.streaming.making import make_topics

    access = access_of(settings)
    await make_topics(access, (TASKS,), partitions=PARTITIONS)
    await _send(access, task)
    return access.named


async def outcome_of(task: Task, settings: Settings, *, tell: Tell) -> Result:
    """Wait for the result of a task that was handed in, as long as the task may take.

    Args:
        task: The task.
        settings: Where the bus is.
        tell: Is told how it stands, a line at a time.

    Raises:
        BusFault: It cannot be followed; `NoResult` where nothing came in time, and the task stays where it
            is.
    """
    access = access_of(settings)
    following = _Following(access, task, tell)
    looking = asyncio.create_task(following.look())
    try:
        async with asyncio.timeout(task.timeout):
            return await following.result()
    except TimeoutError:
        raise NoResult(
            f"No result of task {task.id} came within {human_duration(task.timeout)}",
            hint="It stays queued: `stack topics` tells who works, `stack tail 'agent.results.*'` what came.",
        ) from None
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)


async def _send(access: Access, task: Task) -> None:
    from agent_core.streaming.sink import KafkaSink

    sink = KafkaSink(access)
    try:
        sink.send(TASKS, task, key=task.id)
        async with asyncio.timeout(_SENT_S):
            await sink.delivered()
    except TimeoutError:
        fault = sink.standing.fault
        message = fault.message if fault else f"Kafka at {access.named} did not take the task"
        raise NoResult(message, hint=_unsure(task)) from None
    finally:
        await sink.aclose()


def _unsure(task: Task) -> str:
    """What to do about a task of which no broker said that it has it: it may, with the answer lost."""
    return (
        f"It may have been taken all the same: once the broker is well, `stack tail '{TASKS}*' --since 1h"
        f" --grep {task.id}` shows it. Handing it in again makes another task with an id of its own, and both"
        " are done then."
    )


class _Following:
    """A task on its way."""

    def __init__(self, access: Access, task: Task, tell: Tell) -> None:
        self._access, self._task, self._tell = access, task, tell
        self._with = task.service

    async def result(self) -> Result:
        """The result, as soon as it is there."""
        query = TailQuery(
            topics=_ANSWERS, since=self._task.at - _BACK_S, follow=True, most_bytes=MOST_BYTES + 1024
        )
        async with aclosing(tail(self._access, query)) as batches:
            async for batch in batches:
                for told in batch:
                    if (result := self._heard(told)) is not None:
                        return result
        raise AssertionError("what is followed has no end")

    def _heard(self, told: Told) -> Result | None:
        """What a message says of the task."""
        if isinstance(told, BusNotice):
            if told.what in ("lost", "back"):
                self._tell("the connection is lost" if told.what == "lost" else "connected again")
            return None
        match _about(told, self._task.id):
            case Result() as result:
                return result
            case DeadLetter(service=by, error=error):
                return result_of(self._task, service=by, worker=by, outcome="failed", error=error)
            case Task():
                self._with = told.topic.removeprefix(f"{TASKS}.")
                self._tell(f"it is with {self._with}")
            case _:
                pass
        return None

    async def look(self) -> None:
        """Tell now and then who could do it, while nothing comes."""
        from agent_core.streaming.admin import BusAdmin

        said = ""
        async with BusAdmin(self._access) as admin:
            while True:
                await asyncio.sleep(_LOOK_S)
                with suppress(AgentError):
                    now = standing_of(await admin.look((f"{TASKS}*",)), self._with)
                    if now != said:
                        said = now
                        self._tell(now)


def _about(message: Message, task_id: str) -> Known | NotKnown | None:
    """The message where it is about the task; most are not, and are not looked at any closer."""
    value: Any = message.value.value
    if message.value.kind != "json" or not isinstance(value, dict):
        return None
    said = cast("dict[str, Any]", value)
    if task_id not in (said.get("task"), said.get("id")):
        return None
    return decode(msgspec.json.encode(said))


def standing_of(reading: BusReading, service: str = "") -> str:
    """What waits where, or with a service, and who works there: `backend: 3 tasks to do, 2 workers`."""
    groups = {group.name: group for group in reading.groups}
    lines: list[str] = []
    for topic in reading.topics:
        name = topic.name.removeprefix(f"{TASKS}.")
        if name == topic.name or service not in ("", name):
            continue
        if why := reading.untold.get(workers(name)):
            lines.append(f"{name}: what waits is not told ({why})")
            continue
        group = groups.get(workers(name))
        waiting = waiting_for(reading, workers(name), topic.name) or 0
        members = group.members or 0 if group else 0
        if waiting or members:
            who = plural(members, "worker") if members else "no worker was seen"
            lines.append(f"{name}: {plural(waiting, 'task')} to do, {who}")
    return "; ".join(lines) or "no worker was seen: `stack up` starts a router and workers"


def exit_of(result: Result) -> int:
    """The exit code that a headless run gives it."""
    match result.outcome:
        case "answered":
            return 0
        case "refused":
            return 3
        case "timed_out":
            return 5
        case "failed":
            exits = _exits(AgentError) | _exits(ModelError)  # a branch that stands in a module of its own
            return exits.get(result.error.code if result.error else "", 1)


def _exits(kind: type[AgentError]) -> dict[str, int]:
    found = {kind.code: kind.exit_code}
    for each in kind.__subclasses__():
        found.update(_exits(each))
    return found


def _me() -> str:
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (OSError, KeyError):
        return socket.gethostname()
