"""Topics and messages as they are shown: literal, masked, one line each, and JSON for programs."""

from __future__ import annotations

import json
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.config import MASK, Settings
from agent_core.errors import ErrorInfo, UsageError
from agent_core.masking import log_masker
from agent_core.streaming.payload import payload_of
from agent_core.streaming.showing import masked, told_data, told_text
from agent_core.streaming.values import (
    BusNotice,
    BusReading,
    GroupInfo,
    Header,
    Lag,
    Message,
    PartitionInfo,
    TopicInfo,
)
from agent_core.text import printable
from stack.topics import tail_of, topics_data, topics_summary, topics_text

MASKED = log_masker(Settings())
READING = BusReading(
    at=1.0,
    topics=(
        TopicInfo(
            name="agent.tasks",
            partitions=(PartitionInfo(number=0, begin=0, end=1200, leader=1), PartitionInfo(number=1)),
            rate=2.5,
        ),
        TopicInfo(name="logs.raw.app", partitions=(PartitionInfo(number=0, begin=5, end=5, leader=1),)),
    ),
    groups=(GroupInfo(name="workers", state="Stable", members=2, lags=(Lag("agent.tasks", 30),)),),
    note="\x1b[31mcareful",
)


def message(value: bytes | None, *, key: bytes | None = None, **headers: bytes) -> Message:
    return Message(
        topic="t",
        partition=1,
        offset=7,
        time=1795892497.25,
        key=payload_of(key, most=99, json=False),
        value=payload_of(value, most=9999),
        headers=tuple(Header(name, payload_of(data, most=99, json=False)) for name, data in headers.items()),
    )


def test_the_table() -> None:
    assert topics_text(READING).splitlines() == [
        "topic         partitions  messages  per second  behind",
        "agent.tasks   2 (1 down)     1,200         2.5      30",
        "logs.raw.app           1         0",
        "",
        "group     state  members  behind",
        "workers  Stable        2      30",
        "careful",
    ]
    assert topics_summary(READING) == "2 topics, 1,200 messages, 1 group"


def test_no_topics() -> None:
    assert topics_text(BusReading(at=1.0)) == "There are no topics."


def test_data_for_programs() -> None:
    data = json.loads(msgspec.json.encode(topics_data(READING)))
    assert data["topics"][0]["messages"] == 1200
    assert data["topics"][0]["partitions"][1] == {"number": 1, "begin": None, "end": None, "leader": None}
    assert data["groups"] == [
        {
            "name": "workers",
            "state": "Stable",
            "members": 2,
            "lags": [{"topic": "agent.tasks", "messages": 30, "untouched": 0}],
            "lag": 30,
        }
    ]


@pytest.mark.parametrize(
    ("told", "line"),
    [
        (message(b'{"a": [1, "x"]}'), 't/1@7 {"a":[1,"x"]}'),
        (message(b"two\nlines", key=b"k", trace=b"abc"), "t/1@7 k trace=abc two lines"),
        (message(b"\xff" * 3), "t/1@7 (3 B) ////"),
        (message(None, key=b"k"), "t/1@7 k (nothing)"),
    ],
)
def test_lines(told: Message, line: str) -> None:
    assert told_text(told) == f"2026-11-28T19:01:37.250Z {line}"


def test_notices() -> None:
    lost = BusNotice(what="lost", error=ErrorInfo("bus-unreachable", "No Kafka answers", "Start it."))
    assert told_text(lost) == "-- the connection is lost: No Kafka answers"
    assert told_text(BusNotice(what="found", topic="a.b")) == "-- found a new topic a.b"
    assert told_data(lost) == {
        "type": "notice",
        "what": "lost",
        "topic": "",
        "error": {"code": "bus-unreachable", "message": "No Kafka answers", "hint": "Start it."},
    }


@pytest.mark.parametrize(
    "value",
    [
        b'{"password": "correct horse"}',
        b'{"a": [{"api_key": "correct horse"}]}',
        b"login password=hunter2hunter2",
        b'"Authorization: Bearer abcdef0123456789abcdef"',
    ],
)
def test_secrets_are_masked_in_text_and_data(value: bytes) -> None:
    told = masked(message(value), MASKED)
    assert isinstance(told, Message)
    for shown in (told_text(told), msgspec.json.encode(told_data(told)).decode()):
        assert MASK in shown
        assert not any(secret in shown for secret in ("horse", "hunter2", "abcdef"))


def test_a_secret_in_a_header_is_masked() -> None:
    told = masked(message(b"1", password=b"correct horse"), MASKED)
    assert "horse" not in told_text(told)


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@given(st.one_of(st.binary(max_size=200), JSON.map(lambda value: json.dumps(value).encode())))
def test_whatever_comes_is_one_printable_line_and_json(value: bytes) -> None:
    told = masked(message(value, key=value, header=value), MASKED)
    line = told_text(told)
    assert printable(line) == line and not {"\n", "\t"} & set(line)
    json.loads(msgspec.json.encode(told_data(told)))


def test_a_time_that_no_calendar_has() -> None:
    told = msgspec.structs.replace(message(b"x"), time=9e15)
    assert told_text(told) == "t/1@7 x"
    assert told_data(told)["time"] == ""


def test_what_is_asked_of_a_tail() -> None:
    query = tail_of(["a", "logs.*"], since="10m", follow=True)
    assert query.topics == ("a", "logs.*")
    assert query.since is not None and abs(time.time() - 600 - query.since) < 60
    assert query.follow
    assert tail_of(["a"], last=5).last == 5


@pytest.mark.parametrize(
    ("names", "options"),
    [
        ([], {}),
        (["a b"], {}),
        (["a"], {"last": 3, "since": "1h"}),
        (["a"], {"last": -1}),
        (["a"], {"last": 10**9}),
        (["a"], {"since": "the day after tomorrow"}),
    ],
)
def test_what_cannot_be_asked(names: list[str], options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        tail_of(names, **options)
