"""How grave a line is by what it says of itself; cheap to import, for the log pane colours lines with it."""

from __future__ import annotations

import re
from enum import IntEnum


class Level(IntEnum):
    """How grave a record is, by what it says of itself; UNKNOWN where it says nothing."""

    UNKNOWN = 0
    TRACE = 1
    DEBUG = 2
    INFO = 3
    WARN = 4
    ERROR = 5
    FATAL = 6


WORDS: dict[str, Level] = {
    word: level
    for level, words in {
        Level.TRACE: "TRACE TRC FINEST FINER VERBOSE VRB VERB SILLY",
        Level.DEBUG: "DEBUG DBG DBUG FINE DEBUG1 DEBUG2 DEBUG3 DEBUG4 DEBUG5 CONFIG",
        Level.INFO: "INFO INF INFORMATION INFORMATIONAL NOTICE HTTP LOG STATEMENT DETAIL HINT CONTEXT",
        Level.WARN: "WARN WARNING WRN WRNG",
        Level.ERROR: "ERROR ERR ERRO EROR SEVERE FAIL FAILURE PARSE",
        Level.FATAL: "FATAL FTL CRITICAL CRIT ALERT EMERG EMERGENCY PANIC DPANIC",
    }.items()
    for word in words.split()
}
"""The words for a level in the head of a record, in capitals."""

LETTERS: dict[str, Level] = {
    "T": Level.TRACE, "V": Level.TRACE, "D": Level.DEBUG, "I": Level.INFO, "N": Level.INFO,
    "W": Level.WARN, "E": Level.ERROR, "F": Level.FATAL, "C": Level.FATAL, "A": Level.FATAL,
    ".": Level.DEBUG, "-": Level.DEBUG, "*": Level.INFO, "#": Level.WARN,
    "TRCE": Level.TRACE, "DBUG": Level.DEBUG,
}  # fmt: skip
"""The letters, signs (Redis) and codes (.NET) for a level, where a format has them."""

_IN_HEADS_ONLY = frozenset(
    (
        "LOG",
        "HTTP",
        "FINE",
        "CONFIG",
        "STATEMENT",
        "DETAIL",
        "HINT",
        "CONTEXT",
        "VERB",
        "SILLY",
        "ALERT",
        "PARSE",
    )
)
_STRONG = "|".join(sorted(WORDS.keys() - _IN_HEADS_ONLY, key=lambda word: (-len(word), word)))
BARE = rf"(?:{_STRONG})"
"""Words that are a level on their own, as a pattern; in capitals."""

BY_PRIORITY = (
    *(Level.FATAL, Level.FATAL, Level.FATAL, Level.ERROR),
    *(Level.WARN, Level.INFO, Level.INFO, Level.DEBUG),
)
"""The levels of syslog's severities, 0 to 7."""

FIELDS = (
    "level", "severity", "lvl", "levelname", "log.level", "loglevel", "level_name", "@l", "@level",
    "PRIORITY",
)  # fmt: skip
"""The keys that tell a level in JSON, the more telling first."""

EXPLICIT = (
    r"^[ \t]*(?:npm (?P<npm>ERR|WARN)!?[ \t]|(?P<pytest>E)   |PHP (?P<php>Fatal|Parse|Warning|Notice) "
    rf"|[\[(<*]{{0,3}}(?i:(?P<word>{_STRONG}))"
    r"(?:[\])>]|:|!|[ \t]-[ \t]|\[[\w.-]+\][: ]))"
)
"""An explicit word at the beginning of a text, such as `ERROR:`, `[warn]`, `npm ERR!`, as a pattern."""
_EXPLICIT = re.compile(EXPLICIT)


def of_word(word: str) -> Level:
    """The level that a word or a letter stands for."""
    word = word.upper()
    return WORDS.get(word) or LETTERS.get(word, Level.UNKNOWN)


def of_number(number: int) -> Level:
    """The level that a number stands for: a severity of syslog, or one of pino, bunyan or Python, from 10."""
    return BY_PRIORITY[number] if number < 8 else Level(max(1, min(6, number // 10)))


def explicit_level(text: str) -> Level:
    """The level of a text by the word that it begins with."""
    match = _EXPLICIT.match(text)
    if match is None:
        return Level.UNKNOWN
    return of_word(next(filter(None, match.groups())))
