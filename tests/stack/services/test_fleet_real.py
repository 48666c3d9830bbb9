"""The fleet as it is: a genuine broker, a router and two workers as processes, one of them killed."""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from pathlib import Path

import pytest

from agent_core.events import ApprovalNeeded, ToolFinished, TurnFinished
from agent_core.fleet.handing import hand_in, outcome_of, task_of
from agent_core.runtime import Runtime, open_runtime
from agent_core.streaming.access import access_of
from agent_core.streaming.making import make_topics
from agent_core.streaming.messages import RawLines, Result, Task
from agent_core.streaming.names import TASKS, raw_logs, results
from agent_core.streaming.sink import KafkaSink
from agent_core.streaming.source import KafkaSource
from stack.services.working import MOST_BEGUN
from tests.fakes.model_server import ModelServer
from tests.fakes.model_wire import Answer, Call
from tests.fixtures_kafka import Kafka, variables
from tests.stack.services.fleet import WAIT_S, Fleet, read, until

pytestmark = pytest.mark.kafka
SERVICE = "backend"


@pytest.mark.parametrize(("security", "asks", "greps"), [("plain", 6, 10), ("login", 3, 3), ("tls", 3, 3)])
async def test_every_task_is_answered_though_a_worker_is_killed(
    kafka: Kafka, root: Path, security: str, asks: int, greps: int
) -> None:
    settings = {"plain": lambda: kafka.settings, "login": kafka.login, "tls": kafka.tls}[security]()
    async with ModelServer() as model:
        model.script(Answer(text=("It adds prices.",) + (" Yes.",) * 20, rate=5.0))
        with Fleet(settings, root, model.url) as fleet:
            router = fleet.start("router", "router")
            first = fleet.start("worker", "first", DSPY_TUI_SERVICE=SERVICE)
            second = fleet.start("worker", "second", DSPY_TUI_SERVICE=SERVICE)
            await until(lambda: router.figure("services_served") >= 1, "the router sees the workers")
            questions = [f"what does total do in the api, part {number}?" for number in range(asks)]
            handed: list[Task] = []
            for number, text in enumerate([*questions, *["grep total"] * greps]):
                handed.append(task_of(text, settings, service=SERVICE if number % 2 else ""))
                await hand_in(handed[-1], settings)
            asked = {task.id for task in handed[: len(questions)]}
            await until(lambda: (first.in_hand() | second.in_hand()) & asked, "one thinks about a question")
            # which of them has one is up to the partitions that the tasks fell into
            victim, other = (first, second) if first.in_hand() & asked else (second, first)
            victim.kill()
            torn = victim.in_hand()
            model.script(Answer(text=("It adds prices.",)))
            ids = {task.id for task in handed}
            found, _ = await read(settings, ids, most=len(ids))
            assert Counter(each.task for each in found) == Counter(ids)
            assert {each.outcome for each in found} == {"answered"}, found
            assert torn and torn <= other.begun()
            assert other.health()["state"] == "working" and router.health()["bus_up"] is True
            before = other.figure("tasks_repeated_total")
            await hand_in(handed[-1], settings)  # as a program does that does not know whether it did
            await until(lambda: other.figure("tasks_repeated_total") > before, "the repeat is known")
            sink = KafkaSink(access_of(settings))
            again = next(each for each in found if isinstance(each, Result) and each.task == handed[-1].id)
            sink.send(results(SERVICE), again, key=again.task)  # as a worker does that did a task once more
            await sink.delivered()
            await sink.aclose()
            twice, repeated = await read(settings, {again.task}, most=1, until=2)
            assert len(twice) == 1 and repeated == 1
            told: list[str] = []
            task = task_of("grep total", settings)
            await hand_in(task, settings)
            result = await outcome_of(task, settings, tell=told.append)
            assert (result.outcome, result.service) == ("answered", SERVICE) and "shop.py" in result.text
            assert f"it is with {SERVICE}" in told


async def test_a_task_that_kills_its_workers_is_answered_with_the_reason(kafka: Kafka, root: Path) -> None:
    settings = kafka.settings
    async with ModelServer() as model:
        model.script(Answer(text=("Slow ",) * 200, rate=2.0))
        task = task_of("what does total do, when nobody is killed?", settings, service=SERVICE)
        with Fleet(settings, root, model.url) as fleet:
            fleet.start("router", "router")
            await hand_in(task, settings)
            for number in range(MOST_BEGUN):
                worker = fleet.start("worker", f"worker-{number}", DSPY_TUI_SERVICE=SERVICE)
                await until(lambda worker=worker: task.id in worker.begun(), "the task is begun")
                worker.kill()
            fleet.start("worker", "last", DSPY_TUI_SERVICE=SERVICE)
            found, _ = await read(settings, {task.id}, most=1)
            assert {each.error.code for each in found if each.error} == {"poisonous"}


async def ask(runtime: Runtime, text: str) -> tuple[list[ApprovalNeeded], list[ToolFinished], TurnFinished]:
    """Give a task to a session, and allow what it asks for; its questions, what came of calls, its end."""
    asked: list[ApprovalNeeded] = []
    calls: list[ToolFinished] = []
    with runtime.bus.subscribe() as events:
        runtime.session.submit(text)
        async with asyncio.timeout(WAIT_S):
            async for event in events:
                match event:
                    case ApprovalNeeded():
                        asked.append(event)
                        runtime.session.answer(event.call_id, "once")
                    case ToolFinished():
                        calls.append(event)
                    case TurnFinished():
                        return asked, calls, event
                    case _:
                        pass
    raise AssertionError("it never ended")


async def test_the_model_of_a_session_hands_a_task_to_a_worker_and_hears_of_it(
    kafka: Kafka, root: Path
) -> None:
    settings = kafka.settings
    calls = tuple(
        Call("dispatch", (json.dumps({"task": "grep total", "to": SERVICE, **more}),))
        for more in ({}, {"no_wait": True})
    )
    async with ModelServer() as model:
        model.script(Answer(calls=calls[:1]), Answer(text=("It is in shop.py.",)))
        env = {**os.environ, **variables(settings), "OPENAI_BASE_URL": f"{model.url}/v1", "MODEL_NAME": "big"}
        await make_topics(access_of(settings), (TASKS,))
        with Fleet(settings, root, model.url) as fleet:
            fleet.start("router", "router")
            fleet.start("worker", "worker", DSPY_TUI_SERVICE=SERVICE)
            (root / "chat").mkdir()  # nothing of what the worker finds is here
            runtime = open_runtime(root / "chat", env=env, flags={"provider": "openai"}, interactive=True)
            try:
                runtime.link.start()
                await until(lambda: TASKS in runtime.link.standing.topics, "the session sees the fleet")
                asked, (called,), end = await ask(runtime, " where is total used, in the other workspace?")
                assert [(each.action, each.rule) for each in asked] == [
                    ("network", f"network:{kafka.server}")
                ]
                assert called.error is None and called.data["outcome"] == "answered"
                assert (called.data["service"], end.outcome) == (SERVICE, "answered")
                assert called.data["worker"].startswith(f"dspy-worker-{SERVICE}@")
                heard = model.chats[-1].body["messages"][-1]
                assert heard["role"] == "tool" and "1: def total(prices):" in heard["content"]
                assert end.text == "It is in shop.py."

                model.script(Answer(calls=calls[1:]), Answer(text=("It is on its way.",)))
                _, (called,), end = await ask(runtime, " have that looked up, I do not wait")
                assert called.summary == "queued" and end.text == "It is on its way."
                found, _ = await read(settings, {called.data["task"]}, most=1)
                assert [each.outcome for each in found] == ["answered"]
            finally:
                await runtime.aclose()


async def test_a_worker_ships_the_logs_of_its_service(kafka: Kafka, root: Path) -> None:
    settings, logs = kafka.settings, root / "logs"
    (logs / SERVICE).mkdir(parents=True)
    mark = f"listening {os.urandom(4).hex()}"
    (logs / SERVICE / "api.log").write_text(f"2026-11-28 10:00:00 INFO {mark}\n")
    (logs / "frontend.log").write_text("2026-11-28 10:00:00 INFO somebody else's\n")
    with Fleet(settings, root, "http://127.0.0.1:1") as fleet:
        fleet.start("worker", "worker", DSPY_TUI_SERVICE=SERVICE, DSPY_TUI_LOGS=str(logs))
        topic = raw_logs(SERVICE)
        source = KafkaSource(access_of(settings), group=f"test.{os.urandom(4).hex()}", topics=(topic,))
        shipped: list[RawLines] = []
        try:
            async with asyncio.timeout(WAIT_S):
                while not any(mark in line for block in shipped for line in block.lines):
                    for received in (await source.take(wait=1.0)).received:
                        if isinstance(received.message, RawLines):
                            shipped.append(received.message)
        finally:
            await source.aclose()
    assert {block.service for block in shipped} == {SERVICE}
    assert not any("somebody else" in line for block in shipped for line in block.lines)
