"""Messages of the bus as people read them: in one line, as plain data, without secrets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

import msgspec

from agent_core.config import MASK
from agent_core.streaming.values import BusNotice, Message, Payload, Told
from agent_core.text import encodable, human_size, one_line, printable, shorten

Mask = Callable[[str], str]
LONGEST = 4096
"""Characters of a line."""
NAMED = {
    "lost": "the connection is lost",
    "back": "connected again",
    "found": "found a new topic",
    "gone": "the topic is gone",
    "unreadable": "messages were left out",
}
"""What a notice says."""


def told_text(told: Told) -> str:
    """One line, printable: `2026-11-28T16:26:34.626Z agent.tasks/0@12 key {"task": …}`."""
    if isinstance(told, BusNotice):
        said = " ".join(filter(None, (NAMED[told.what], told.topic)))
        if told.error is not None:
            said += f": {told.error.message}"
        return f"-- {shorten(one_line(said), LONGEST)}"
    parts = [time_text(told.time), f"{told.topic}/{told.partition}@{told.offset}"]
    if told.key.kind != "none":
        parts.append(payload_text(told.key))
    parts += [f"{header.name}={payload_text(header.payload)}" for header in told.headers]
    parts.append(payload_text(told.value))
    return shorten(" ".join(one_line(part) for part in parts if part), LONGEST)


def told_data(told: Told) -> dict[str, Any]:
    """The same for programs, as JSON can hold it; `type` is `message` or `notice`, `time` RFC 3339 or ""."""
    data: dict[str, Any] = msgspec.to_builtins(told)
    if isinstance(told, Message):
        data["time"] = time_text(told.time)
    return data


def payload_text(payload: Payload) -> str:
    """A value, key or header in one line; bytes as their number and their beginning in base64."""
    match payload.kind:
        case "none":
            return "(nothing)"
        case "json":
            return one_line(msgspec.json.encode(payload.value).decode())
        case "text":
            more = f" … ({human_size(payload.size)})" if payload.cut else ""
            return one_line(payload.value) + more
        case "bytes":
            return f"({human_size(payload.size)}) {payload.value[:64]}" + ("…" if payload.size > 48 else "")


def time_text(moment: float | None) -> str:
    """A message's time in UTC, to the millisecond; "" for none, or one that no calendar has."""
    if moment is None:
        return ""
    try:
        at = datetime.fromtimestamp(moment, UTC)
    except (ValueError, OverflowError, OSError):
        return ""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def masked(told: Told, mask: Mask) -> Told:
    """The same without secrets, and with nothing in its texts that could draw."""
    if isinstance(told, BusNotice):
        return told
    return msgspec.structs.replace(
        told,
        key=_payload(told.key, mask),
        value=_payload(told.value, mask),
        headers=tuple(
            msgspec.structs.replace(
                header, name=printable(header.name), payload=_payload(header.payload, mask, header.name)
            )
            for header in told.headers
        ),
    )


def _payload(payload: Payload, mask: Mask, name: str = "") -> Payload:
    if payload.kind == "text":
        return msgspec.structs.replace(payload, value=_leaf(payload.value, mask, name))
    if payload.kind == "json":
        return msgspec.structs.replace(payload, value=_plain(payload.value, mask, name))
    return payload


def _plain(value: Any, mask: Mask, name: str) -> Any:
    """JSON with its texts masked and printable; `name` is what it is the value of."""
    if isinstance(value, str):
        return _leaf(value, mask, name)
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value).items()
        return {mask(printable(key)): _plain(each, mask, key) for key, each in pairs}
    if isinstance(value, list):
        return [_plain(each, mask, name) for each in cast("list[Any]", value)]
    return value


def _leaf(text: str, mask: Mask, name: str) -> str:
    text = printable(text)  # first, as what is no text may hide where a secret ends
    said = mask(text)
    if name and said == text and '"' not in text and MASK in mask(f'{name}: "{text}"'):
        return MASK
    return encodable(said)
