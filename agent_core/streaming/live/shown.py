"""Entries as rows, as details, and as texts in which something is looked for."""

from __future__ import annotations

from datetime import datetime

import msgspec

from agent_core.streaming.live.raw import Entry, Note, Raw, message_of_raw
from agent_core.streaming.live.values import Detail, RowInfo
from agent_core.streaming.showing import Mask, masked, payload_text, told_data
from agent_core.streaming.values import Message, Payload
from agent_core.text import human_size, one_line, plural, printable

_ROW_BYTES = 8 * 1024
"""Of a value that are looked at for its row: more than ever shows of one."""
_LONGEST = 4096
_LINES, _LINES_FOLLOWING = 500, 80
_LINE, _LINE_FOLLOWING = 16_000, 2000
_HEX = 16
_GRAVE = ("lost", "gone", "unreadable", "passed", "anew")


def row_of(entry: Entry, *, mask: Mask, columns: int) -> RowInfo:
    """The row of an entry, so many characters of it."""
    if isinstance(entry.what, Note):
        return RowInfo(
            entry.number, "notice", one_line(entry.what.text)[:columns], grave=entry.what.what in _GRAVE
        )
    message = _masked(entry.what, mask, most=_ROW_BYTES)
    head = _head(message)
    text = f"{head}{payload_text(message.value)}"[: min(columns, _LONGEST)]
    return RowInfo(
        entry.number,
        message.value.kind,
        text,
        message.time,
        one_line(message.topic),
        f"{message.partition}@{message.offset}",
        min(len(head), len(text)),
        repeat=entry.repeat,
    )


def key_text(raw: Raw) -> str:
    """In what a pattern for keys is looked for."""
    key = message_of_raw(raw, most=0).key
    return "" if key.kind == "none" else payload_text(key)


def value_text(raw: Raw) -> str:
    """The same for values."""
    return payload_text(message_of_raw(raw).value)


def whole_text(raw: Raw) -> str:
    """The same for everything, the topic and the place too."""
    message = message_of_raw(raw)
    return f"{raw.topic}/{raw.partition}@{raw.offset} {_head(message)}{payload_text(message.value)}"


def detail_of(entry: Entry, *, mask: Mask, following: bool) -> Detail:
    """A message in full; while it is followed, as much as a window shows."""
    most, longest = (_LINES_FOLLOWING, _LINE_FOLLOWING) if following else (_LINES, _LINE)
    name = detail_id(entry, following=following)
    if isinstance(entry.what, Note):
        return Detail(name, "notice", (), (one_line(entry.what.text),))
    message = _masked(entry.what, mask)
    lines = _hex_lines(entry.what) if message.value.kind == "bytes" else _value_lines(message.value)
    return Detail(
        name, message.value.kind, tuple(_facts(message, repeat=entry.repeat)),
        tuple(_cut(line, longest) for line in lines[:most]), max(0, len(lines) - most),
    )  # fmt: skip


def detail_id(entry: Entry, *, following: bool) -> str:
    """What tells its details from others."""
    return f"{entry.number}{'+' if following else ''}"


def copied(raw: Raw, *, mask: Mask, whole: bool) -> str:
    """The value of a message as text, bytes in base64; or all of it as JSON."""
    message = _masked(raw, mask)
    if whole:
        return msgspec.json.format(msgspec.json.encode(told_data(message)), indent=2).decode()
    match message.value.kind:
        case "none":
            return ""
        case "json":
            return msgspec.json.encode(message.value.value).decode()
        case "text" | "bytes":
            return message.value.value


def _masked(raw: Raw, mask: Mask, *, most: int | None = None) -> Message:
    message = message_of_raw(raw) if most is None else message_of_raw(raw, most=most)
    found = masked(message, mask)
    assert isinstance(found, Message)
    return found


def _head(message: Message) -> str:
    """Key and headers, with a space behind; "" where there are none."""
    parts = [payload_text(message.key)] if message.key.kind != "none" else []
    parts += [f"{one_line(header.name)}={payload_text(header.payload)}" for header in message.headers]
    return "".join(f"{part} " for part in parts)


def _facts(message: Message, *, repeat: bool) -> list[tuple[str, str]]:
    kinds = {"json": "JSON", "text": "text", "bytes": "bytes", "none": "nothing"}
    value = message.value
    cut = f", the first {human_size(_held(value))} of it" if value.cut else ""
    facts = [
        ("topic", one_line(message.topic)),
        ("place", f"partition {message.partition}, offset {message.offset}"),
        ("time", _time(message.time)),
    ]
    if message.key.kind != "none":
        facts.append(("key", payload_text(message.key)))
    facts += [(f"header {one_line(header.name)}", payload_text(header.payload)) for header in message.headers]
    facts.append(("value", f"{kinds[value.kind]}, {human_size(value.size)}{cut}"))
    if repeat:
        facts.append(("repeat", "a message with the same id came before"))
    return [(name, _cut(text, _LINE_FOLLOWING)) for name, text in facts]


def _cut(line: str, most: int) -> str:
    return line if len(line) <= most else f"{line[:most]}…"


def _held(value: Payload) -> int:
    return len(value.value.encode("utf-8", "replace")) if value.kind == "text" else len(value.value) * 3 // 4


def _time(moment: float | None) -> str:
    if moment is None:
        return "none"
    try:
        return datetime.fromtimestamp(moment).astimezone().isoformat(sep=" ", timespec="milliseconds")
    except (ValueError, OverflowError, OSError):
        return "no calendar has it"


def _value_lines(value: Payload) -> list[str]:
    if value.kind == "none":
        return []
    if value.kind == "json":
        text = msgspec.json.format(msgspec.json.encode(value.value), indent=2).decode()
        return text.split("\n")
    return [line.replace("\t", "    ") for line in printable(value.value).split("\n")]


def _hex_lines(raw: Raw) -> list[str]:
    data = raw.value or b""
    lines: list[str] = []
    for at in range(0, min(len(data), _HEX * _LINES), _HEX):
        part = data[at : at + _HEX]
        said = "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in part)
        lines.append(f"{at:06x}  {part.hex(' '):<{3 * _HEX - 1}}  {said}")
    more = len(data) - _HEX * _LINES
    return [*lines, f"… {plural(more, 'byte')} more"] if more > 0 else lines
