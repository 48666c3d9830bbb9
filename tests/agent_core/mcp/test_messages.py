"""Messages that hold what no text may, and lines that are none: read, or answered at once."""

from __future__ import annotations

import time
from typing import Any

import pytest

from agent_core.mcp.messages import id_in, id_of, repaired
from tests.agent_core.mcp.conftest import MakeDesk, odd


async def test_half_a_character_is_shown_as_one_that_is_none(desk: MakeDesk) -> None:
    at = desk(user={"odd": odd()}, mcp_call_timeout=5.0)
    end = await at.do("odd__half")
    assert end is not None and end.error is None and end.text == "half � and �"
    end = await at.do("odd__halves")
    assert end is not None and end.error is None and end.text == "done"


async def test_an_answer_that_is_none_ends_its_call_at_once(desk: MakeDesk) -> None:
    at = desk(user={"odd": odd()}, mcp_call_timeout=20.0)
    began = time.monotonic()
    end = await at.do("odd__senseless")
    assert end is not None and end.error is not None and "what is no message" in end.error.message
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("line", [b"", b"no JSON", b"{" * 100_000, b"[" * 100_000 + b"]" * 100_000])
def test_what_is_no_json_is_nothing(line: bytes) -> None:
    assert repaired(line) is None


@pytest.mark.parametrize(
    ("head", "number"),
    [
        (b'{"jsonrpc":"2.0","id":6,"method":"tools/call","params":{"id":9,', 6),
        (b'{"id" : "a-1", "method":"x"', "a-1"),
        (b'{"method":"x","params":{"id":9,"x":', None),
        (b'{"id":1.5,"method":"x"', None),
    ],
)
def test_the_id_is_read_of_what_is_cut(head: bytes, number: Any) -> None:
    assert id_in(head) == number


def test_the_id_of_what_is_no_object() -> None:
    assert [id_of(value) for value in (None, [1], {"id": True}, {"id": 3}, {"id": "x"})] == [
        *(None, None, None),
        *(3, "x"),
    ]
