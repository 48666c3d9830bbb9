"""Handing tasks over: what is sent, what is heard of them, and what an end is worth."""

from __future__ import annotations

import asyncio
from typing import Any, get_args

import msgspec
import pytest

from agent_core.config import MASK, Settings
from agent_core.errors import BusUnreachable, ErrorInfo, NoResult, UsageError
from agent_core.fleet.handing import exit_of, hand_in, left_out, standing_of, task_of
from agent_core.fleet.results import result_of
from agent_core.streaming.access import Access
from agent_core.streaming.messages import Outcome, Task, decode, encode
from agent_core.streaming.names import TASKS, tasks, workers
from agent_core.streaming.ports import SinkStanding
from agent_core.streaming.values import BusReading, GroupInfo, Lag, PartitionInfo, TopicInfo

KEY = "sk-proj-4fJ9aaaaK2mQ7xR1tZ8vB3nL6wP0yC5d"


def test_secrets_do_not_leave() -> None:
    task = task_of(f"use {KEY} and hunter22", Settings(openai_api_key="hunter22"), service="backend")
    assert KEY not in task.text and "hunter22" not in task.text and MASK in task.text
    assert task.service == "backend" and task.by and task.id != task_of("x", Settings()).id


@pytest.mark.parametrize(
    "said", ["password=hunter2xyz", 'password="hunter2xyz"', "PWD=hunter2xyz", f"key {KEY}"]
)
def test_what_a_person_says_of_a_secret_does_not_leave_and_that_is_told(said: str) -> None:
    text = f"why does login fail with {said}?"
    task = task_of(text, Settings())
    assert "hunter2" not in task.text and KEY not in task.text and "why does login fail" in task.text
    assert "masked" in left_out(text, task)
    assert left_out("plain", task_of("plain", Settings())) == ""


def test_bytes_that_are_no_text_can_be_sent() -> None:
    task = task_of("grep \udcff", Settings())
    assert (
        decode(encode(task)) == task and task.text.startswith("grep ") and not left_out("grep \udcff", task)
    )
    error = ErrorInfo("nothing", "\udcff is not there", "\udcff")
    result = result_of(task, service="a", worker="w", outcome="failed", text="\udcff", error=error)
    assert decode(encode(result)) == result


@pytest.mark.parametrize(
    "given",
    [{"text": " "}, {"text": "x" * 100_000}, {"text": "x", "service": "a b"}, {"text": "x", "timeout": 0.0},
     {"text": "x", "timeout": float("nan")}],
)  # fmt: skip
def test_what_nobody_could_do_is_not_handed_over(given: dict[str, Any]) -> None:
    text = given.pop("text")
    with pytest.raises(UsageError):
        task_of(text, Settings(), **given)


class Silent:
    """A sink whose broker says nothing of what it was sent."""

    standing = SinkStanding()

    def __init__(self, access: Access) -> None:
        self.sent: list[Task] = []

    def send(self, topic: str, message: Task, *, key: str) -> None:
        self.sent.append(message)

    async def delivered(self) -> None:
        await asyncio.Event().wait()

    async def aclose(self) -> None:
        pass


async def test_that_a_broker_may_have_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    async def made(*_: object, **__: object) -> None:
        pass

    monkeypatch.setattr("agent_core.streaming.making.make_topics", made)
    monkeypatch.setattr("agent_core.streaming.sink.KafkaSink", Silent)
    monkeypatch.setattr("agent_core.fleet.handing._SENT_S", 0.01)
    task = task_of("x", Settings())
    with pytest.raises(NoResult) as failed:
        await hand_in(task, Settings())
    assert "may have been taken" in failed.value.hint and task.id in failed.value.hint
    assert "another task" in failed.value.hint


async def test_without_a_broker_it_says_so() -> None:
    with pytest.raises(BusUnreachable, match="No Kafka answers") as failed:
        await hand_in(task_of("x", Settings()), Settings(kafka_bootstrap="127.0.0.1:1"))
    assert "stack up" in failed.value.hint


def test_how_it_stands() -> None:
    def topic(name: str, messages: int) -> TopicInfo:
        return TopicInfo(name=name, partitions=(PartitionInfo(number=0, begin=0, end=messages, leader=1),))

    reading = BusReading(
        at=0.0,
        topics=(topic(TASKS, 9), topic(tasks("app"), 4), topic(tasks("backend"), 9), topic(tasks("x"), 0)),
        groups=(
            GroupInfo(name=workers("backend"), members=2, lags=(Lag(tasks("backend"), 1, untouched=2),)),
        ),
    )
    assert standing_of(reading, "backend") == "backend: 3 tasks to do, 2 workers"
    assert standing_of(reading) == "app: 4 tasks to do, no worker was seen; backend: 3 tasks to do, 2 workers"
    assert "stack up" in standing_of(reading, "x")
    hidden = msgspec.structs.replace(reading, untold={workers("app"): "no right"})
    assert standing_of(hidden).startswith("app: what waits is not told (no right); backend: 3 tasks")
    assert standing_of(hidden, "backend") == "backend: 3 tasks to do, 2 workers"


@pytest.mark.parametrize(
    ("outcome", "code", "wanted"),
    [
        ("answered", "", 0),
        ("refused", "permission", 3),
        ("timed_out", "timed-out", 5),
        ("failed", "no-model", 4),
        ("failed", "nothing-done", 6),
        ("failed", "poisonous", 1),
    ],
)
def test_exit_codes(outcome: Outcome, code: str, wanted: int) -> None:
    task = Task(id="t", at=0.0, text="x")
    error = ErrorInfo(code, "m") if code else None
    assert exit_of(result_of(task, service="a", worker="w", outcome=outcome, error=error)) == wanted
    assert outcome in get_args(Outcome)
