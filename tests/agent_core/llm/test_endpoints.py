"""Addresses, errors and windows: the plain functions under the adapters."""

from __future__ import annotations

from typing import Any

import pytest

from agent_core.errors import ConfigError
from agent_core.llm.hosts import host_of, is_local, ollama_url, openai_url
from agent_core.llm.http_errors import Endpoint, error_text, from_status
from agent_core.llm.lines import EventSplitter, LineSplitter, LineTooLongError
from agent_core.llm.windows import Price, known, price_of_entry, window_of_entry


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("", "http://127.0.0.1:11434"),
        ("http://localhost:11434", "http://localhost:11434"),
        ("localhost", "http://localhost:11434"),
        (":1234", "http://127.0.0.1:1234"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:80", "http://127.0.0.1:80"),
        ("[::]:11434", "http://[::1]:11434"),
        ("[::1]", "http://[::1]:11434"),
        ("https://box.example", "https://box.example:443"),
        ("http://box/ollama/", "http://box:80/ollama"),
    ],
)
def test_ollama_addresses(host: str, url: str) -> None:
    assert ollama_url(host) == url


@pytest.mark.parametrize("host", ["ftp://box", "http://box:99999", "http://[::1", "box:port"])
def test_addresses_that_are_none(host: str) -> None:
    with pytest.raises(ConfigError, match="not the address"):
        ollama_url(host)
    with pytest.raises(ConfigError):
        openai_url(host)


def test_a_wrong_address_does_not_show_its_password() -> None:
    with pytest.raises(ConfigError) as caught:
        ollama_url("ftp://me:hidden@host")
    assert "hidden" not in caught.value.message


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://localhost:1", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:1", True),
        ("http://a.localhost", True),
        ("http://localhost.example", False),
        ("http://127.0.0.1.example", False),
        ("http://user:127.0.0.1@evil.example", False),
        ("http://192.168.0.1", False),
        ("https://api.openai.com/v1", False),
    ],
)
def test_what_is_this_machine(url: str, local: bool) -> None:
    assert is_local(url) is local


def test_a_host_never_shows_its_password() -> None:
    assert host_of("https://user:secret@box.example:8443/v1") == "box.example:8443"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ('{"error":{"message":"a","code":1}}', "a"),
        ('{"error":"a"}', "a"),
        ('{"detail":[{"msg":"a"}]}', "a"),
        ('{"message":"a"}', "a"),
        ('[{"error":{"message":"a"}}]', "a"),
        ("<html><head><title>502 Bad\nGateway</title><script>x()</script></head></html>", "502 Bad Gateway"),
        ("<p>a <b>c</b></p>", "a c"),
        ("plain\x1b[31m text", "plain text"),
        ("", ""),
        ("{}", "{}"),
    ],
)
def test_error_bodies(body: str, text: str) -> None:
    assert error_text(body) == text


def test_error_bodies_are_bounded() -> None:
    assert len(error_text("x" * 100_000)) <= 300
    assert len(error_text('{"error":' * 5000)) <= 300


def test_a_key_is_never_repeated() -> None:
    endpoint = Endpoint(provider="openai", host="h", model="m", key="sk-verysecret")
    for status in (400, 401, 403, 404, 429, 500):
        error = from_status(status, '{"error":"model sk-verysecret"}', endpoint)
        assert "verysecret" not in error.message + error.hint and error.hint


@pytest.mark.parametrize(
    ("entry", "window"),
    [
        ({"max_model_len": 4096}, 4096),
        ({"context_length": 8192, "top_provider": {"context_length": 4096}}, 4096),
        ({"meta": {"n_ctx": 512, "n_ctx_train": 8192}}, 512),
        ({"meta": {"n_ctx_train": 8192}}, 0),
        ({"context_window": "large"}, 0),
        ({}, 0),
    ],
)
def test_windows_of_model_lists(entry: dict[str, Any], window: int) -> None:
    assert window_of_entry(entry) == window


def test_prices() -> None:
    assert price_of_entry({"pricing": {"prompt": "0.000001", "completion": "0.000002"}}) == Price(1.0, 2.0)
    assert price_of_entry({"pricing": {"prompt": "-1", "completion": "-1"}}) is None
    assert price_of_entry({"pricing": "free"}) is None
    assert Price(1.0, 2.0).of(1_000_000, 500_000) == 2.0


def test_known_models_are_known_at_their_host_only() -> None:
    dated = known("api.openai.com", "gpt-4.1-mini-2025-04-14")
    assert dated is not None and dated == known("api.openai.com", "gpt-4.1-mini")
    assert known("localhost:8000", "gpt-4.1-mini") is None
    assert known("api.openai.com", "gpt-4.1-unheard") is None


def test_lines_and_events_in_any_pieces() -> None:
    stream = b': ping\r\nevent: x\r\ndata: {"a":1}\r\n\r\ndata:b\ndata: c\n\n\ndata: [DONE]'
    for size in (1, 2, 3, 7, len(stream)):
        splitter = EventSplitter()
        events = [e for i in range(0, len(stream), size) for e in splitter.feed(stream[i : i + size])]
        assert events + splitter.finish() == [b'{"a":1}', b"b\nc", b"[DONE]"]
        assert not splitter.other
    page = EventSplitter()
    assert page.feed(b"<html>\n</html>\n") == [] and page.other == b"<html>"


def test_a_line_without_end_is_refused() -> None:
    splitter = LineSplitter()
    with pytest.raises(LineTooLongError):
        for _ in range(10):
            splitter.feed(b"x" * 1024 * 1024)
