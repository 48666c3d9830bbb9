"""What a failed query says of its cause, out of the traces of Python and Java that are around it."""

from __future__ import annotations

import re
from itertools import takewhile

from agent_core.text import one_line

_CAUSED = "Caused by: "
_PYTHON = "Traceback (most recent call last):"
_OVERFLOW = "ArithmeticException: long overflow"
_RECORD = re.compile(r"\d{2}(\d{2}-\d{2}-|/\d{2}/)\d{2} \d{2}:\d{2}:\d{2}")
_TELLING = re.compile(r" (WARN|WARNING|ERROR) ")
_FRAMES = 5
"""Places of a trace that are kept of those in a row: the first ones."""
_LINES = 200


def cause_of(text: str) -> str:
    """The innermost cause that a text with traces names, as one line; without any, the text."""
    lines = text.splitlines()
    for mark in (_CAUSED, _PYTHON):
        places = [number for number, line in enumerate(lines) if mark in line]
        if places:
            head, behind = lines[places[-1]], lines[places[-1] + 1 :]
            told = _error(behind) if _PYTHON in head else head.partition(_CAUSED)[2]
            return one_line(told or head).strip()
    return one_line(text).strip()


def is_of_a_time(cause: str) -> bool:
    """Whether it seems to be the time of a message.

    The connector makes a timestamp of each, wanted or not, and fails where that is too large.
    """
    return _OVERFLOW in cause


def _error(lines: list[str]) -> str:
    """The last line of a Python trace that is no place in the code; Java's places may be behind it."""
    own = [
        *takewhile(lambda line: not line.startswith(("\tat ", "JVM stacktrace", "SQLSTATE", "===")), lines)
    ]
    return next((line for line in reversed(own) if line.strip() and not line[0].isspace()), "")


class Telling:
    """Which lines of a log tell of something wrong: warnings, errors and the traces that belong to them."""

    def __init__(self) -> None:
        self._belongs = False
        self._lines = self._frames = 0

    def tells(self, line: str) -> bool:
        """Whether the next line does."""
        if _RECORD.match(line) or _TELLING.search(line):
            self._belongs, self._lines = _TELLING.search(line) is not None, 0
        self._lines += 1
        self._frames = self._frames + 1 if line[:1].isspace() else 0
        return self._belongs and self._frames <= _FRAMES and self._lines <= _LINES
