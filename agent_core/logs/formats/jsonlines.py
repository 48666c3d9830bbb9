"""Lines of JSON as people and miners read them: the message, then what else there is, then the trace."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, cast

import msgspec

from agent_core.logs.columns import NO_TIME
from agent_core.logs.formats.times import from_number
from agent_core.logs.levels import BY_PRIORITY, explicit_level, of_word

_TIMES = ("time", "timestamp", "ts", "@timestamp", "@t", "datetime", "date", "asctime", "eventTime", "t")
_LEVELS = (
    "level", "severity", "lvl", "levelname", "log.level", "loglevel", "level_name", "@l", "@level",
    "PRIORITY",
)  # fmt: skip
_MESSAGES = ("msg", "message", "event", "textPayload", "log", "@m", "@message", "@mt", "text", "MESSAGE")
_NAMES = (
    "logger", "service", "component", "name", "app", "logger_name", "loggerName", "log.logger", "module",
    "SourceContext", "subsystem", "SYSLOG_IDENTIFIER", "_SYSTEMD_UNIT",
)  # fmt: skip
_TRACES = (
    "stack", "stack_trace", "stacktrace", "exception", "exc_info", "traceback", "error.stack_trace", "@x",
    "err", "error", "exc", "errorVerbose",
)  # fmt: skip
_SILENT = frozenset(
    (*_TIMES, *_LEVELS, *_MESSAGES, *_NAMES, *_TRACES, "pid", "hostname", "host", "v", "caller", "thread",
     "stream",
     "@version", "process", "threadName", "thread_name", "filename", "lineno", "timeMillis", "line_number")
)  # fmt: skip
_MOST_FIELDS = 8
_LONGEST_FIELD = 120
_LONGEST = 32 * 1024
"""Characters of a text."""
_decode = msgspec.json.Decoder().decode


class Laid(NamedTuple):
    """What a line of JSON says: its text, whose first line is the message; time in milliseconds, or as it
    was written; level; component. `again` tells that the text is a line that a program wrote, with a head of
    its own."""

    text: str
    time: int | str
    level: int
    name: str
    again: bool


def laid_out(line: bytes) -> Laid | None:
    """A line of JSON laid out; None if it is none, or says neither time, level nor message."""
    try:
        record = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(record, dict):
        return None
    fields = cast(dict[str, object], record)
    time, level = _first(fields, _TIMES), _first(fields, _LEVELS)
    message = _first(fields, _MESSAGES)
    if (log := fields.get("log")) is not None and isinstance(log, dict):  # the Elastic Common Schema
        nested = cast(dict[str, object], log)
        level = nested.get("level") if level is None else level
        fields.setdefault("logger", nested.get("logger"))
    payload = fields.get("jsonPayload") or fields.get("fields")
    if message is None and isinstance(payload, dict):
        message = _first(cast(dict[str, object], payload), _MESSAGES)
    if time is None and level is None and message is None:
        return None
    again = "stream" in fields and isinstance(log, str)
    text = _text(message, fields, again)
    return Laid(
        text=text,
        time=_time(time),
        level=_level(level) or int(explicit_level(text)),
        name=_name(fields),
        again=again,
    )


def _level(value: object) -> int:
    """The level that a field tells: a word, or a number of pino, bunyan, Python (from 10) or syslog."""
    if isinstance(value, str):
        word = value.strip()
        return int(of_word(word)) or (_by_number(int(word)) if word.isdecimal() and len(word) < 4 else 0)
    return _by_number(int(value)) if isinstance(value, int | float) and 0 <= value <= 100 else 0


def _by_number(value: int) -> int:
    return int(BY_PRIORITY[value]) if value < 8 else max(1, min(6, value // 10))


def _first(fields: dict[str, object], names: Iterable[str]) -> object:
    for name in names:
        value = fields.get(name)
        if value is not None and value != "":
            return value
    return None


def _time(value: object) -> int | str:
    if isinstance(value, int | float):
        return from_number(float(value))
    return value if isinstance(value, str) else NO_TIME


def _name(fields: dict[str, object]) -> str:
    for name in _NAMES:
        value = fields.get(name)
        if isinstance(value, dict):
            value = cast(dict[str, object], value).get("name")
        if isinstance(value, str) and value:
            return value
    return ""


def _text(message: object, fields: dict[str, object], again: bool) -> str:
    """Message and small fields on the first line, traces behind it."""
    text = message if isinstance(message, str) else "" if message is None else _shown(message)
    text = text.rstrip("\r\n")
    if again:
        return text[:_LONGEST]
    head, _, rest = text.partition("\n")
    words, traces = [head] if head else [], [rest] if rest else []
    for name in _TRACES:
        value = fields.get(name)
        if value is not None and value != "":
            _add_fault(name, value, text, words, traces)
    more = (
        item for item in fields.items() if item[0] not in _SILENT and not isinstance(item[1], dict | list)
    )
    for _, (name, value) in zip(range(_MOST_FIELDS), more, strict=False):
        words.append(f"{name}={_shown(value)}")
    return "\n".join((" ".join(words), *traces))[:_LONGEST]


def _add_fault(name: str, value: object, text: str, words: list[str], traces: list[str]) -> None:
    if isinstance(value, dict):
        inner = cast(dict[str, object], value)
        stack = _first(inner, ("stack", "stack_trace", "stacktrace", "backtrace"))
        value = stack if isinstance(stack, str) else _first(inner, ("message", "msg"))
    if isinstance(value, list) and all(isinstance(line, str) for line in cast(list[object], value)):
        value = "\n".join(cast(list[str], value))
    if not isinstance(value, str) or value in text or any(value in trace for trace in traces):
        return
    if "\n" in value:
        traces.append(value.strip("\r\n"))
    else:
        words.append(f"{name}={_shown(value)}")


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return " ".join(text[:_LONGEST_FIELD].split())
