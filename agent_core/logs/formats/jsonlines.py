"""Lines of JSON as people and miners read them: the message, then what else there is, then the trace."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple, cast

import msgspec

from agent_core.logs.columns import NO_TIME
from agent_core.logs.formats.times import from_number
from agent_core.logs.levels import FIELDS, WORDS, explicit_level, of_number, of_word

_TIMES = ("time", "timestamp", "ts", "@timestamp", "@t", "datetime", "date", "asctime", "eventTime", "t")
_MESSAGES = (
    "msg",
    "message",
    "event",
    "textPayload",
    "log",
    "@m",
    "@message",
    "@mt",
    "text",
    "MESSAGE",
    "jsonPayload",
    "fields",
)
_NAMES = (
    "logger", "service", "component", "name", "app", "logger_name", "loggerName", "log.logger", "module",
    "SourceContext", "subsystem", "SYSLOG_IDENTIFIER", "_SYSTEMD_UNIT",
)  # fmt: skip
_TRACES = (
    "stack", "stack_trace", "stacktrace", "exception", "exc_info", "traceback", "error.stack_trace", "@x",
    "err", "error", "exc", "errorVerbose",
)  # fmt: skip
_SILENT = frozenset(
    (*_TIMES, *FIELDS, *_MESSAGES, *_NAMES, *_TRACES, "pid", "hostname", "host", "v", "caller", "thread",
     "stream",
     "@version", "process", "threadName", "thread_name", "filename", "lineno", "timeMillis", "line_number")
)  # fmt: skip
_MONGO = frozenset(("t", "s", "c", "id", "ctx", "msg"))
"""The keys of MongoDB's records: time, severity, component, kind, context, message."""
_MOST_FIELDS = 8
_LONGEST_FIELD = 120
_LONGEST = 32 * 1024
"""Characters of a text."""
_MOST_KEYS = 200
_DEBUG = re.compile(r"D[1-5]")
_BY_WORD = {form: int(level) for word, level in WORDS.items() for form in (word, word.lower(), word.title())}
_decode = msgspec.json.Decoder().decode


@dataclass(slots=True)
class Said:
    """What lines of JSON say, a column each.

    Attributes:
        place: Which of the lines they are.
        text: What is to be read of each: its message on the first line.
        time: Milliseconds since the epoch, or as it was written.
        level: Of `Level`.
        name: The component.
        again: Whether the text is a line that a program wrote, with a head of its own.
    """

    place: list[int] = field(default_factory=list[int])
    text: list[bytes] = field(default_factory=list[bytes])
    time: list[int | str] = field(default_factory=list[int | str])
    level: list[int] = field(default_factory=list[int])
    name: list[str] = field(default_factory=list[str])
    again: list[bool] = field(default_factory=list[bool])


class _Plan(NamedTuple):
    """Which of the keys of a record tell what; "" for none. `more` are those that are shown as they are."""

    time: str
    level: str
    message: str
    name: str
    traces: tuple[str, ...]
    more: tuple[str, ...]
    again: bool
    log: bool
    """Whether there may be more under `log`."""

    @property
    def says(self) -> bool:
        """Whether a record is one of a log."""
        return bool(self.time or self.level or self.message)


def lay_out(lines: Iterable[bytes]) -> Said:
    """Lay out those of the lines that are JSON and say time, level or message."""
    said = Said()
    plans: dict[tuple[str, ...], _Plan] = {}
    for place, line in enumerate(lines):
        try:
            record = _decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        if type(record) is not dict or len(fields := cast(dict[str, object], record)) > _MOST_KEYS:
            continue
        keys = tuple(fields)
        plan = plans.get(keys)
        if plan is None:
            plan = plans[keys] = _plan(keys)
        if plan.says:
            _lay_out(said, place, fields, plan)
    return said


def _lay_out(said: Said, place: int, fields: dict[str, object], plan: _Plan) -> None:
    text = _text(fields, plan)
    level = _level(fields[plan.level]) if plan.level else 0
    name = _name(fields[plan.name]) if plan.name else ""
    again = plan.again and type(fields["log"]) is str
    if plan.log and isinstance(log := fields["log"], dict):  # as the Elastic Common Schema tells them
        inner = cast(dict[str, object], log)
        level, name = level or _level(inner.get("level")), name or _name(inner)
    time = fields[plan.time] if plan.time else None
    said.place.append(place)
    said.text.append(text.encode("utf-8", "replace"))
    said.time.append(time if type(time) is str else _time(time))
    said.level.append(level if level or again else int(explicit_level(text)))
    said.name.append(name)
    said.again.append(again)


@lru_cache(maxsize=256)
def _plan(keys: tuple[str, ...]) -> _Plan:
    def first(names: tuple[str, ...]) -> str:
        return next((name for name in names if name in keys), "")

    again = "stream" in keys and "log" in keys
    mongo = _MONGO.issubset(keys)
    silent = _SILENT | _MONGO if mongo else _SILENT
    return _Plan(
        time=first(_TIMES),
        level="s" if mongo else first(FIELDS),
        message="log" if again else first(_MESSAGES),
        name="c" if mongo else first(_NAMES),
        traces=() if again else tuple(name for name in _TRACES if name in keys),
        more=() if again else tuple(key for key in keys if key not in silent)[:_MOST_FIELDS],
        again=again,
        log="log" in keys,
    )


def _level(value: object) -> int:
    """The level that a field tells: a word, or a number, which may be written as a word."""
    if type(value) is str:
        if (known := _BY_WORD.get(value)) is not None:
            return known
        word = "D" if _DEBUG.fullmatch(value) else value.strip()
        return int(of_word(word)) or (int(of_number(int(word))) if word.isdecimal() and len(word) < 4 else 0)
    return int(of_number(int(value))) if isinstance(value, int | float) and 0 <= value <= 100 else 0


def _time(value: object) -> int | str:
    if isinstance(value, dict):
        value = cast(dict[str, object], value).get("$date")
    if type(value) is str:
        return value
    return from_number(float(value)) if isinstance(value, int | float) else NO_TIME


def _name(value: object) -> str:
    if type(value) is str:
        return value
    if isinstance(value, dict):
        inner = cast(dict[str, object], value)
        value = inner.get("name") or inner.get("logger")
    return value if isinstance(value, str) else ""


def _text(fields: dict[str, object], plan: _Plan) -> str:
    """Message and small fields on the first line, traces behind it."""
    message = fields.get(plan.message)
    if type(message) is str:
        if plan.again:
            return message.rstrip("\r\n")[:_LONGEST]
        if not plan.traces and "\n" not in message and "\r" not in message:
            return (_with_more(message, fields, plan) if plan.more else message)[:_LONGEST]
    if isinstance(message, dict):
        message = _first(cast(dict[str, object], message), _MESSAGES)
    text = message if isinstance(message, str) else "" if message is None else _shown(message)
    text = text.rstrip("\r\n")
    if plan.again:
        return text[:_LONGEST]
    head, _, rest = text.partition("\n")
    words, traces = [head] if head else [], [rest] if rest else []
    for name in plan.traces:
        _add_fault(name, fields[name], text, words, traces)
    return "\n".join((_with_more(" ".join(words), fields, plan), *traces))[:_LONGEST]


def _with_more(text: str, fields: dict[str, object], plan: _Plan) -> str:
    for name in plan.more:
        value = fields[name]
        if type(value) is int or (
            type(value) is str and len(value) <= _LONGEST_FIELD and value.isprintable()
        ):
            text = f"{text} {name}={value}"
        elif type(value) is not dict and type(value) is not list:
            text = f"{text} {name}={_shown(value)}"
    return text


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


def _first(fields: dict[str, object], names: Iterable[str]) -> object:
    return next((value for name in names if (value := fields.get(name)) not in (None, "")), None)


def _shown(value: object) -> str:
    if type(value) is int:
        return str(value)
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    if len(text) > _LONGEST_FIELD:
        text = text[:_LONGEST_FIELD]
    return text if text.isprintable() else " ".join(text.split())
