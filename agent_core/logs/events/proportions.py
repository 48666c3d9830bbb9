"""Numbers in a message that are out of proportion: far apart, very long, an exit code."""

from __future__ import annotations

import re

_NUMBER = r"(-?\d[\d,]*(?:\.\d+)?)"
_SPAN = re.compile(rf"(?i){_NUMBER}[^\s\d]{{0,3}}\s?(?:to|->|=>|→)\s?{_NUMBER}")
_WAS = re.compile(
    rf"(?i){_NUMBER}[^\d\n]{{0,40}}?[(,;]\s?(?:was|from|previously|previous one|earlier|before)"
    rf"[^\d\n]{{0,12}}?\s{_NUMBER}"
)
_NO_NUMBER = re.compile(r"(?i)(?:^|[\s=:(\[])[+-]?(?:nan|inf|infinity)(?=$|[\s,;)\]])")
_OF = re.compile(rf"(?i){_NUMBER}\s?([kmgt]i?b?)\b\s?(?:of|out of|/)\s?{_NUMBER}\s?\2\b")
_FULL = 0.95
_LONG = re.compile(
    rf"(?i){_NUMBER}\s?(ms|msec|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|weeks?)\b"
)
_CODE = re.compile(r"(?i)\b(?:exit(?:ed)?|code|status|signal|rc)\b[^\d\n]{0,20}?(\d{1,9})")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_FAR = 8.0
_LONG_S, _LONG_PAUSE_S = 1800, 5
_FINE = frozenset((0, 200, 201, 202, 204, 206, 301, 302, 304))


def out_of_proportion(text: str) -> bool:
    """Whether a message tells two values far apart ("from 500 to 5"), a very long time, an exit code, nearly
    all of something in bytes, or no number where there should be one ("nan")."""
    if _NO_NUMBER.search(text):
        return True
    if not any(char.isdigit() for char in text):
        return False
    return _jumps(text) or _is_long(text) or _ended_badly(text) or _is_full(text)


def _jumps(text: str) -> bool:
    pairs = [(match[1], match[2]) for pattern in (_SPAN, _WAS) for match in pattern.finditer(text)]
    return any(_far(_number(one), _number(two)) for one, two in pairs)


def _far(one: float, two: float) -> bool:
    low, high = sorted((abs(one), abs(two)))
    return high >= 1 and (low == 0 or high / low >= _FAR)


def _is_long(text: str) -> bool:
    """Whether it tells a duration of half an hour, or one of many seconds in milliseconds."""
    for match in _LONG.finditer(text):
        unit = match[2].lower()
        small = unit.startswith(("ms", "milli"))
        seconds = _number(match[1]) * _SECONDS["ms" if small else unit[0]]
        if seconds >= (_LONG_PAUSE_S if small else _LONG_S):
            return True
    return False


def _is_full(text: str) -> bool:
    return any(_number(one[1]) >= _FULL * _number(one[3]) > 0 for one in _OF.finditer(text))


def _ended_badly(text: str) -> bool:
    return any(int(match[1]) not in _FINE for match in _CODE.finditer(text))


def _number(text: str) -> float:
    return float(text.replace(",", ""))
