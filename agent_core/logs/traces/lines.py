"""The lines of a trace as its language wrote them, without the heads that loggers put before."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import cast

MAX_TEXT = 2_000_000
MAX_LINE = 4000
MAX_LINES = 24_000
MAX_JSON = 1_000_000

_STAMP = r"\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[ ]?[+-]\d\d:?\d\d)?\]?"
_SYSLOG = r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d [\w.-]{1,80} [\w./()-]{1,80}(?:\[\d{1,9}\])?:"
_LEVEL = r"\[?(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL|SEVERE)\]?:?"
_HEADS = tuple(
    re.compile(pattern)
    for pattern in (
        r"^[\w.-]{1,60} {0,40}\| ?",
        rf"^{_STAMP} (?:stdout|stderr) [FP] ?",
        rf"^{_SYSLOG} ?",
        rf"^{_STAMP} [\w./-]{{1,60}} {_LEVEL} ?",
        rf"^{_STAMP} {_LEVEL} (?:\[[^\]\n]{{1,80}}\] ?)?",
        rf"^{_STAMP} (?:\[[^\]\n]{{1,80}}\] )?{_LEVEL} ?",
        rf"^{_STAMP} ?",
        r"^[DIWEFA], \[[^\]\n]{10,50}\] {1,3}[A-Z]{3,7} -- [^:\n]{0,60}: (?:\[[\w-]{4,60}\] ?)?",
        r"^[VDIWEF]/[\w.:$-]{1,60} {0,12}\( {0,5}\d{1,7}\): ?",
        r"^\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} {1,6}\d{1,7} {1,6}\d{1,7} [VDIWEF] [^:\n]{1,60}: ?",
        r"^\[ {0,6}\d{1,9}\.\d{6}\] ?",
        r"^\[(?:error|warn|info|ERROR|WARN|INFO)\] ?",
    )
)
_LOGGER = re.compile(r"[\w./$-]{1,80}(?: -|:) ")
_ESCAPED = re.compile(r"\\n(?:\\t|\s){0,12}(?:at |File \\?\"|Traceback |Caused by|#\d|from |in |goroutine )")
_SHARE = 0.7
_TOP = {"msg", "message", "error", "event", "log"}


def lines_of(text: str) -> list[str]:
    """The lines to read a trace from.

    Long lines are cut, of very many the middle goes. The head that (nearly) every line has, put there by
    `docker compose`, a kubelet, syslog or a logger, is taken off; so are the quotes of a trace that lies in a
    JSON record, its line breaks escaped.
    """
    return _bare(_cut(_unpacked(text)))


def _cut(text: str) -> list[str]:
    if len(text) > MAX_TEXT:
        text = f"{text[: MAX_TEXT // 2]}\n{text[-MAX_TEXT // 2 :]}"
    lines = text.replace("\r\n", "\n").split("\n")
    if len(lines) > MAX_LINES:
        half = MAX_LINES // 2
        lines = [*lines[:half], *lines[-half:]]
    return [line if len(line) <= MAX_LINE else f"{line[: MAX_LINE - 800]}…{line[-800:]}" for line in lines]


def _bare(lines: list[str]) -> list[str]:
    """The lines without the head that most of them have in common."""
    full = [line for line in lines if line.strip()]
    if len(full) < 3:
        return lines
    sample = full[:60]
    for head in _HEADS:
        if sum(head.match(line) is not None for line in sample) >= _SHARE * len(sample):
            return _without_logger([head.sub("", line, count=1) for line in lines])
    return lines


def _without_logger(lines: list[str]) -> list[str]:
    """The lines without a logger's name, if nearly all begin with the same one."""
    first = next((line for line in lines if line.strip()), "")
    match = _LOGGER.match(first)
    full = sum(1 for line in lines if line.strip())
    if match is None or sum(line.startswith(match[0]) for line in lines) < max(3, _SHARE * full):
        return lines
    return [line.removeprefix(match[0]) for line in lines]


def _unpacked(text: str) -> str:
    """The text with a trace that was packed into one line of JSON laid out again."""
    if len(text) > MAX_JSON or "\\n" not in text or _ESCAPED.search(text) is None:
        return text
    opening = text.find("{")
    if opening < 0:
        return text.replace("\\n", "\n").replace("\\t", "\t").replace('\\"', '"')
    try:
        record, _ = json.JSONDecoder().raw_decode(text, opening)
    except (ValueError, RecursionError):
        return text.replace("\\n", "\n").replace("\\t", "\t").replace('\\"', '"')
    values = list(_strings(record, "", 0))
    traces = sorted((value for _, value in values if "\n" in value), key=len)
    if not traces:
        return text
    head = [value for name, value in values if name in _TOP and "\n" not in value and value not in traces[-1]]
    return "\n".join([text[:opening].strip(), *head[:2], traces[-1]]).lstrip("\n")


def _strings(value: object, name: str, depth: int) -> Iterable[tuple[str, str]]:
    if isinstance(value, str):
        yield name.lower(), value
    elif depth < 5 and isinstance(value, dict):
        for key, item in cast(dict[str, object], value).items():
            yield from _strings(item, str(key), depth + 1)
    elif depth < 5 and isinstance(value, list):
        items = cast(list[object], value)
        if items and all(isinstance(item, str) for item in items):
            yield name.lower(), "\n".join(cast(list[str], items))
        for item in items[:50] if not all(isinstance(item, str) for item in items) else ():
            yield from _strings(item, name, depth + 1)
