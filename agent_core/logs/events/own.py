"""The time-outs of the model client itself: they say nothing of the program whose log it is.

Clients of language models write them into the program's log when an answer takes longer than they wait
(600 seconds unless told otherwise). A time-out of anything else is kept.
"""

from __future__ import annotations

import re

_READ = 4000
_CLIENT = re.compile(r"(?i)\b(?:litellm|openai|dspy|lm15|a?completion\(\)|chat[/_.]completions?)\b")
_TRANSPORT = re.compile(r"(?i)\b(?:httpx|httpcore|ollama|language model|llm)\b")
_TIMED_OUT = re.compile(r"(?i)\btimed?[ -]?out\b|Timeout(?:Error)?\b")
_CLIENT_ERROR = re.compile(r"\bAPITimeoutError\b|\blitellm\.(?:exceptions\.)?Timeout\b|\bModelTimeout\b")
_REQUEST = re.compile(r"(?i)\brequest timed out\b")
_SIX_HUNDRED = re.compile(r"(?i)\b600(?:\.0+)?\s?(?:s|secs?|seconds?)?\b")


def is_own_timeout(component: str, text: str) -> bool:
    """Whether a record (what wrote it, its lines) is such a time-out."""
    text = text[:_READ]
    if not _TIMED_OUT.search(text):
        return False
    if _CLIENT_ERROR.search(text):
        return True
    whole, long = f"{component} {text}", _SIX_HUNDRED.search(text) is not None
    if _CLIENT.search(whole):
        return long or _REQUEST.search(text) is not None
    return long and _TRANSPORT.search(whole) is not None
