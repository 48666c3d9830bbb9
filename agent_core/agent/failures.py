"""Questions about what failed, judged by rules."""

from __future__ import annotations

import re
from typing import Any

_FAILURE = re.compile(
    r"\bcrash(?:es|ed|ing)?\b|\bsegfault\w*|\bcore dump|\bout of memory\b|\boom[- ]killed\b"
    r"|\bstack ?traces?\b|\b(?:went|goes|going|is|was) wrong\b|\bwhat happened\b"
    r"|\b(?:is|are|was|were|it'?s) (?:down|broken|failing|stuck|hanging|unhealthy|unreachable)\b"
    r"|\b(?:hangs|hung|froze|freezes|stalls|stalled|died|dies|panics|panicked)\b|\bfail(?:s|ed|ing)\b"
    r"|\b(?:do|does|did|wo|ca)(?:n'?t| not) (?:start|work|run|respond|connect|come up|boot|load|finish)\b"
    r"|\bcannot (?:start|connect)\b|\b(?:not|stopped|stops) (?:working|responding|running)\b"
    r"|\bkeeps? (?:failing|crashing|restarting|dying|timing out)\b|\b(?:timed|times|timing) out\b"
    r"|\bwhy (?:(?:can|could)\b[^?]{0,60}\bnot|can(?:'?t|not)\b[^?]{0,60}|couldn'?t\b[^?]{0,60}) be \w+"
    r"|\bwhy\b[^?]{0,60}\b(?:fail|crash|break|hang|stall|stop|die|time out|restart)s?\b"
    r"|\b(?:why|what)\b[^?]{0,60}\b(?:errors?|exceptions?|failures?|time-?outs?|outages?|warnings?|50\d)\b"
    r"|\b(?:any|recent|latest|last|new) (?:errors?|exceptions?|failures?|crash(?:es)?|warnings?|problems?)\b",
    re.IGNORECASE,
)
_OF_CODE = re.compile(
    r"\b(?:where|which (?:file|function|class|module|test)s?|who)\b"
    r"|\bhow (?:do|does|is|are|should|would|can|to)\b|\bhappens? (?:if|when)\b"
    r"|\b(?:defined|declared|handled|raised|caught|implemented|converted|mapped|tested|documented)\b"
    r"|\bwhat (?:does|do|is)\b[^?]{0,40}\b(?:do|mean|class|function|for)\b",
    re.IGNORECASE,
)
_IN_LOGS = re.compile(
    r"\b(?:in|from|at|of|check|read|analy[sz]e|summari[sz]e|digest|watch) (?:the |my |our |all )?(?:\w+ )?"
    r"logs?\b(?! level)|\b(?:the|my|our) logs? (?:say|says|tell|tells|show|shows)\b|\bwhat do the logs\b",
    re.IGNORECASE,
)
_SPAN = re.compile(
    r"\b(?:last|past|previous) (?:(?P<count>\d{1,4}|few) )?(?P<unit>minute|hour|day|week)s?\b", re.IGNORECASE
)
_FROM = re.compile(
    r"\b(?:today|yesterday|last night|over ?night|tonight|this (?:morning|afternoon|evening))\b"
    r"|(?<=\bsince )(?:\d{1,2}:\d\d|noon|midnight|(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"`[^`\n]+`|\"[^\"\n]+\"")
_FEW = 3


def asks_about_failure(text: str) -> bool:
    """Whether it smells of something that failed while it ran, so that the logs may know of it.

    A question about the code that deals with errors does not.
    """
    if _OF_CODE.search(text) or _QUOTED.search(text):
        return _IN_LOGS.search(text) is not None
    return _FAILURE.search(text) is not None or _IN_LOGS.search(text) is not None


def since_of(text: str) -> dict[str, Any]:
    """From when on, as an argument of `ctx`; nothing where the question does not say so."""
    if found := _SPAN.search(text):
        count = _FEW if (found["count"] or "").lower() == "few" else int(found["count"] or 1)
        return {"since": f"{count}{found['unit'][0].lower()}"}
    if found := _FROM.search(text):
        return {"since": found[0].lower()}
    return {}
