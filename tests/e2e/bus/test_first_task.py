"""The first task that a bus ever gets, before there was a router or a worker."""

from __future__ import annotations

import asyncio
import time

import pytest

from agent_core.fleet.handing import hand_in, outcome_of, task_of
from agent_core.fleet.results import result_id
from agent_core.streaming.messages import Result, encode
from agent_core.streaming.names import ERRORS, TASKS, results
from tests.e2e.bus.test_logs_ship import PATIENCE_S
from tests.fixtures_kafka import Kafka

pytestmark = pytest.mark.kafka


async def test_it_is_waited_for_though_nobody_made_the_topics_of_answers(kafka: Kafka) -> None:
    there = await asyncio.to_thread(kafka.admin.list_topics)
    if gone := [name for name in (TASKS, ERRORS, results("first")) if name in there]:
        await asyncio.to_thread(kafka.admin.delete_topics, gone)
    task = task_of("say hello", kafka.settings, timeout=PATIENCE_S)
    await hand_in(task, kafka.settings)
    said: list[str] = []
    waiting = asyncio.create_task(outcome_of(task, kafka.settings, tell=said.append))
    done, _ = await asyncio.wait([waiting], timeout=3)
    assert not done, waiting.exception()
    answer = Result(
        id=result_id(task.id), at=time.time(), task=task.id, service="first", worker="w", outcome="answered",
        text="hello",
    )  # fmt: skip
    name = results("first")
    new = {name: {"num_partitions": 1, "replication_factor": 1}}
    await asyncio.to_thread(kafka.admin.create_topics, new, wait_for_metadata=True)
    await asyncio.to_thread(kafka.send, name, encode(answer))
    assert (await waiting).text == "hello"
