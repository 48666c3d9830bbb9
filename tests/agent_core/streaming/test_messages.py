"""Messages of our topics: written, read again, and what is none of them."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.errors import ErrorInfo
from agent_core.logs.api import KeyEvent
from agent_core.streaming.messages import (
    DeadLetter,
    Figures,
    Known,
    LearningEvent,
    LogContext,
    NotKnown,
    RawLines,
    Result,
    Task,
    decode,
    encode,
    new_id,
)

_EVENT = KeyEvent(id="e", kind="error", source="a.log", first=3, last=4, text="boom")
_ALL: list[Known] = [
    RawLines(id="1", at=1.0, service="app", source="a.log", first=1, lines=("a", "ü")),
    LogContext(id="2", at=1.0, service="app", ctx=("boom",), events=(_EVENT,), lines=4),
    Task(id="3", at=1.0, text="where is main", service="backend"),
    Result(id="4", at=1.0, task="3", service="backend", worker="w", outcome="answered", text="there"),
    DeadLetter(id="5", at=1.0, service="r", error=ErrorInfo("x", "y"), topic="t", partition=0, offset=9),
    LearningEvent(id="w:1", at=1.0, workspace="k", record=msgspec.Raw(b'{"type":"control"}')),
    Figures(id="7", at=1.0, service="app", state="working", figures={"tasks": 2.0}),
]


@pytest.mark.parametrize("message", _ALL, ids=lambda message: type(message).__name__)
def test_what_is_written_is_read_again(message: Known) -> None:
    assert encode(decode(encode(message))) == encode(message)  # type: ignore[arg-type]


def test_fields_of_a_later_release_are_ignored() -> None:
    later = json.dumps({**json.loads(encode(_ALL[2])), "priority": 9})
    assert decode(later.encode()) == _ALL[2]


@pytest.mark.parametrize("schema", ["agent.task/2", "somebody.else/1", ""])
def test_other_versions_are_unknown_and_named(schema: str) -> None:
    data = json.dumps({"schema": schema, "id": "1", "at": 1}).encode()
    assert decode(data) == NotKnown("unknown", schema)


@pytest.mark.parametrize(
    "data",
    [
        None, b"", b"\xff\xfe", b"plain text", b"[1]", b'{"schema": 7}', b'{"schema": "agent.task/1"}',
        b'{"schema": "agent.task/1", "id": "1", "at": "soon", "text": "x"}', b"[" * 100_000,
    ],
    ids=lambda data: repr(data)[:40],
)  # fmt: skip
def test_what_is_no_message_is_broken(data: bytes | None) -> None:
    found = decode(data)
    assert isinstance(found, NotKnown)
    assert found.why == "broken"


@given(st.binary(max_size=200))
def test_no_bytes_raise(data: bytes) -> None:
    assert decode(data) is not None


def test_ids_differ() -> None:
    assert len({new_id() for _ in range(1000)}) == 1000
