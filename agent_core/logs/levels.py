"""How grave a line is by what it says of itself; cheap to import, for the log pane colours lines with it."""

from __future__ import annotations

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
        Level.INFO: "INFO INF INFORMATION INFORMATIONAL NOTICE LOG STATEMENT DETAIL HINT CONTEXT",
        Level.WARN: "WARN WARNING WRN WRNG",
        Level.ERROR: "ERROR ERR ERRO EROR SEVERE FAIL FAILURE",
        Level.FATAL: "FATAL FTL CRITICAL CRIT ALERT EMERG EMERGENCY PANIC DPANIC",
    }.items()
    for word in words.split()
}
"""The words for a level in the head of a record, in capitals."""

LETTERS: dict[str, Level] = {
    "T": Level.TRACE, "V": Level.TRACE, "D": Level.DEBUG, "I": Level.INFO, "N": Level.INFO,
    "W": Level.WARN, "E": Level.ERROR, "F": Level.FATAL, "C": Level.FATAL,
}  # fmt: skip
"""The letters for a level, where a format has letters."""

_IN_HEADS_ONLY = frozenset(
    ("LOG", "FINE", "CONFIG", "STATEMENT", "DETAIL", "HINT", "CONTEXT", "VERB", "SILLY", "ALERT")
)
_STRONG = "|".join(sorted(WORDS.keys() - _IN_HEADS_ONLY, key=len, reverse=True))
BARE = rf"(?:{_STRONG})"
"""Words that are a level on their own, as a pattern; in capitals."""

EXPLICIT = (
    rf"[ \t]*(?:npm (?P<npm>ERR!|WARN)|(?P<pytest>E)   |[\[(<*]{{0,3}}(?i:(?P<word>{_STRONG}))"
    r"(?:[\])>]|:|!| - |\[[\w.-]+\][: ]))"
)
"""An explicit word at the beginning of a text, such as `ERROR:`, `[warn]`, `npm ERR!`, as a pattern."""
