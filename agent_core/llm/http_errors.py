"""What goes wrong between us and an endpoint, as the `ModelError` tree with a next step."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from agent_core.llm.errors import (
    ModelAuth,
    ModelCutOff,
    ModelError,
    ModelNotFound,
    ModelProtocolError,
    ModelRateLimited,
    ModelRefused,
    ModelServerError,
    ModelUnreachable,
)
from agent_core.text import one_line, shorten

_MARKUP = re.compile(r"<(script|style)\b.*?</\1>|<[^>]{0,500}>", re.DOTALL | re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.DOTALL | re.IGNORECASE)


_NO_KEY = "There is no key for it: `dspy-tui auth login` keeps one in the keyring, or set OPENAI_API_KEY."


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Whom an error is about. `key` is only here to be kept out of messages."""

    provider: str
    host: str
    model: str
    key: str = ""

    @property
    def label(self) -> str:
        """Provider and host in one phrase."""
        return f"Ollama at {self.host}" if self.provider == "ollama" else f"The endpoint {self.host}"


def error_text(body: bytes | str) -> str:
    """The sentence in an error body of any of the known shapes, on one line and short."""
    text = body.decode(errors="replace") if isinstance(body, bytes) else body
    try:
        found = _message_in(msgspec.json.decode(text))
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        found = ""
    if not found and "<" in text:
        title = _TITLE.search(text)
        found = title[1] if title else _MARKUP.sub(" ", text)
    return shorten(one_line(found or text), 300)


def _message_in(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return _message_in(items[0]) if items else ""
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        for name in ("error", "message", "msg", "detail", "details"):
            if found := _message_in(fields.get(name)):
                return found
    return ""


def from_status(
    status: int, body: bytes | str, endpoint: Endpoint, *, headers: Mapping[str, str] | None = None
) -> ModelError:
    """The error that an HTTP status and its body stand for."""
    said = error_text(body)
    if endpoint.key:
        said = said.replace(endpoint.key, "••••••")
    told = f": {said}" if said else ""
    if status in (401, 403):
        return _auth(status, told, endpoint)
    if status == 404:
        return not_found(endpoint, said)
    if status == 429:
        return _rate_limited(told, endpoint, headers or {})
    if status >= 500:
        return ModelServerError(
            f"{endpoint.label} failed with status {status}{told}",
            hint="Try again; if it stays, look at its log.",
        )
    return ModelRefused(
        f"{endpoint.label} refused the request (status {status}){told}",
        hint="Try a smaller question or another model (`model list`).",
    )


def _auth(status: int, told: str, endpoint: Endpoint) -> ModelAuth:
    hint = "`dspy-tui auth list` says where the key comes from." if endpoint.key else _NO_KEY
    if endpoint.provider == "ollama":
        hint = "Check what stands in front of the Ollama server, and OLLAMA_HOST."
    elif status == 403:
        hint = f"Check that the key may use {endpoint.model!r} there."
    return ModelAuth(f"{endpoint.label} rejected the credentials (status {status}){told}", hint=hint)


def not_found(endpoint: Endpoint, said: str = "") -> ModelNotFound:
    """The endpoint has no such model (or, where the body says nothing of a model, no such page)."""
    if endpoint.provider == "ollama":
        return ModelNotFound(
            f"Ollama at {endpoint.host} has no model {endpoint.model!r}",
            hint=f"`ollama pull {endpoint.model}`, or `model pull {endpoint.model}` here;"
            " `model list` shows what is there.",
        )
    if said and "model" not in said.lower():
        return ModelNotFound(
            f"{endpoint.label} has nothing under this address (status 404): {said}",
            hint="Check OPENAI_BASE_URL; it usually ends in /v1.",
        )
    return ModelNotFound(
        f"{endpoint.label} has no model {endpoint.model!r}",
        hint="Set MODEL_NAME to one of `model list`; check that OPENAI_BASE_URL ends in /v1.",
    )


def _rate_limited(told: str, endpoint: Endpoint, headers: Mapping[str, str]) -> ModelRateLimited:
    try:
        seconds = max(0.0, float(headers.get("retry-after", "")))
    except ValueError:
        seconds = None
    wait = "a moment" if seconds is None else f"{seconds:.0f} s"
    return ModelRateLimited(
        f"{endpoint.label} has had too many requests (status 429){told}",
        hint=f"Wait {wait} and ask again, or check the plan of this key.",
        retry_after=seconds,
    )


def unreachable(endpoint: Endpoint, reason: str) -> ModelUnreachable:
    """Nobody answers at that address."""
    hint = "Start it with `ollama serve`, or check OLLAMA_HOST."
    if endpoint.provider != "ollama":
        hint = "Check OPENAI_BASE_URL, and that the server runs."
    return ModelUnreachable(f"{endpoint.label} cannot be reached: {reason}", hint=hint)


def cut_off(endpoint: Endpoint, reason: str) -> ModelCutOff:
    """The stream broke off before its end."""
    return ModelCutOff(
        f"{endpoint.label} broke off in the middle: {reason}",
        hint="What came is kept; ask again to get the rest.",
    )


def garbage(endpoint: Endpoint, what: str) -> ModelProtocolError:
    """What came back is not the protocol."""
    setting = "OLLAMA_HOST" if endpoint.provider == "ollama" else "OPENAI_BASE_URL"
    return ModelProtocolError(
        f"{endpoint.label} sent something that is not an answer: {what}",
        hint=f"Check that {setting} points to a model server, and no proxy stands in between.",
    )


def from_transport(error: Exception, endpoint: Endpoint, *, streaming: bool = False) -> ModelError:
    """The error that an httpx exception stands for; `streaming` when the answer had begun."""
    import httpx

    reason = _reason(error)
    if streaming:
        return cut_off(endpoint, reason)
    if isinstance(error, httpx.RemoteProtocolError) and "without sending" not in str(error):
        return garbage(endpoint, reason)
    return unreachable(endpoint, reason)


def _reason(error: BaseException) -> str:
    """The most telling sentence in an exception's chain of causes."""
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain:
        chain.append(current)
        current = current.__cause__ or current.__context__
    for cause in chain:
        if isinstance(cause, ConnectionRefusedError):
            return "connection refused"
        if isinstance(cause, ConnectionResetError):
            return "the connection was reset"
        if isinstance(cause, OSError) and cause.strerror:
            return one_line(cause.strerror).lower()
    if type(error).__name__.endswith("Timeout"):
        return "no answer within the time-out"
    return shorten(one_line(str(error)), 200) or type(error).__name__
