"""Bytes of messages as what they are; none of them raises, and all of it is JSON afterwards."""

from __future__ import annotations

import json
from base64 import b64decode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.streaming.payload import payload_of


@given(st.binary(max_size=300), st.integers(1, 40), st.booleans())
def test_any_bytes(data: bytes, most: int, as_json: bool) -> None:
    payload = payload_of(data, most=most, json=as_json)
    assert payload.size == len(data)
    assert payload.cut == (len(data) > most)
    assert msgspec.json.decode(msgspec.json.encode(payload), type=type(payload)) == payload
    if payload.kind == "bytes":
        assert b64decode(payload.value) == data[:most]
    elif payload.kind == "text":
        assert data.startswith(payload.value.encode())
        assert len(data[:most]) - len(payload.value.encode()) < 4


@given(
    st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(), st.lists, max_leaves=9)
)
def test_json(value: object) -> None:
    data = json.dumps(value).encode(errors="surrogatepass")
    payload = payload_of(data, most=10_000)
    assert payload.kind == "json"
    assert payload.value == value


@given(
    st.text(alphabet=st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=60),
    st.integers(1, 99),
)
def test_text_is_cut_between_letters(text: str, most: int) -> None:
    payload = payload_of(text.encode(), most=most, json=False)
    assert payload.kind == "text"
    assert text.startswith(payload.value)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (None, "none"),
        (b"", "text"),
        (b"{", "text"),
        (b'{"a": 1}', "json"),
        (b"NaN", "text"),
        (b"[" * 5000, "text"),
        pytest.param(b"[" * 100 + b"]" * 100, "json", id="100 lists deep"),
        pytest.param(b"[" * 101 + b"]" * 101, "text", id="101 lists deep"),
        pytest.param(b'{"a":' * 600 + b"1" + b"}" * 600, "text", id="600 objects deep"),
        pytest.param(b"[" + b"[],{}," * 500 + b"0]", "json", id="many lists side by side"),
        (b"\x1b[31mred", "text"),
        (b"\x1b]0;title\x07 50%\b\b\b", "text"),
        (b"\x00\x01", "bytes"),
        (b"\xff\xfe", "bytes"),
        ("ü".encode("latin1"), "bytes"),
        (b"9" * 400, "json"),
    ],
)
def test_kinds(data: bytes | None, kind: str) -> None:
    assert payload_of(data, most=9999).kind == kind


def test_json_that_is_too_long_is_text_and_cut() -> None:
    payload = payload_of(b'{"a": "' + b"x" * 500 + b'"}', most=20)
    assert (payload.kind, payload.value, payload.cut) == ("text", '{"a": "' + "x" * 13, True)
