"""Whether a request wants a change or an answer, judged by rules."""

from __future__ import annotations

import re

from agent_core.agent.failures import asks_about_failure, since_of
from agent_core.agent.routing import Route, log_named, route

__all__ = ["Route", "asks_about_failure", "asks_for_change", "log_named", "route", "since_of"]

_CHANGE_VERBS = """
    add, append, apply, bump, change, clean ?up, comment out, convert, correct, create, decrease, delete,
    deprecate, disable, downgrade, drop, edit, enable, extend, extract, fix, format, generate, get rid
    of, implement, improve, increase, inline, insert, install, introduce, lower, make, merge, migrate,
    modify, move, optimi[sz]e, patch, port, prepend, put, raise, refactor, reformat, remove, rename,
    reorder, replace, resolve, restructure, revert, rewrite, set, simplify, sort, speed up, split, swap,
    switch, tidy, turn, undo, uninstall, update, upgrade, wire up, wrap, write, build, support, hook up,
    bring
"""
_CHANGE = "|".join(" ".join(verb.split()) for verb in _CHANGE_VERBS.split(","))
_POLITE = (
    r"(?:(?:hi|hello|hey|ok|okay|so|now|then|next|great|thanks|yes|and|also|first|finally)\b[\s,!.:]*)*"
    r"(?:(?:please|pls|kindly|just|go ahead and|let'?s|let us|try to|help me(?: to)?|you (?:should|must"
    r"|need to)"
    r"|i(?:'d| would) like (?:you )?to|i (?:want|need) (?:you )?to|we (?:need|have|want) to"
    r"|(?:can|could|would|will) you(?: please)?|(?:can|could) we|would you mind)\s+)*"
)
_IMPERATIVE = re.compile(
    rf"^\W*{_POLITE}(?:please\s+)?(?P<verb>{_CHANGE})(?:ing)?\b(?P<rest>.*)", re.IGNORECASE | re.DOTALL
)
_LATER = re.compile(
    rf"(?:[.;:!]\s+|,?\s+(?:and|then|and then)\s+)(?:please\s+|then\s+)?(?P<verb>{_CHANGE})\s+(?:the|a|an"
    rf"|it|this|that|all|every|them"
    r"|my|our|its|some|to|in|from|tests?|docstrings?|type)\b",
    re.IGNORECASE,
)
_NEEDS = re.compile(
    r"^\W*(?:the |this |that )?[\w ./`'\"-]{1,60}\b(?:needs? to be|should be|must be|has to be"
    r"|ought to be)\s+"
    r"(?:fixed|renamed|removed|deleted|changed|updated|replaced|refactored|rewritten|moved|added|split"
    r"|converted)\b",
    re.IGNORECASE,
)
_ASKING_WORDS = """
    who, what, whats, what's, when, where, why, which, how, is, are, was, were, does, do, did, has, have,
    had, should, shall, explain, describe, show, list, find, search, grep, look, tell, summari[sz]e,
    give, print, display, open, read, cat, view, count, compare, review, locate, trace, walk, plan,
    outline, propose, suggest, design, break, run, check, identify, understand
"""
_ASKING = re.compile(
    rf"^\W*(?:{'|'.join(word.strip() for word in _ASKING_WORDS.split(','))}"
    r"|(?:can|could|may|might|must|will|would) (?!you\b|we\b)\w+)\b",
    re.IGNORECASE,
)
_NO_CHANGE = re.compile(
    r"\b(?:without (?:changing|editing|modifying|touching)|do(?:n't| not) (?:change|edit|modify|touch|write)"
    r"|no (?:changes|edits))\b",
    re.IGNORECASE,
)
_ABOUT_ANSWER = re.compile(
    r"^\s*(?:sure|sense of|(?:me )?(?:a |an |the )?(?:list|overview|summary|table|plan|outline|diagram"
    r"|explanation|description)\b)",
    re.IGNORECASE,
)


def asks_for_change(text: str) -> bool:
    """Whether a request asks for something to be changed (an imperative), rather than about it."""
    text = text.strip()
    if not text or _NO_CHANGE.search(text):
        return False
    if _ASKING.match(text):
        later = _LATER.search(text)
        return later is not None and not re.match(
            r"^\W*(?:how|why|should|what|is|are|plan|outline|propose)\b", text, re.IGNORECASE
        )
    match = _IMPERATIVE.match(text)
    if match is not None:
        return not _is_noun(match["verb"], match["rest"])
    return bool(_NEEDS.match(text) or _LATER.search(text))


def _is_noun(verb: str, rest: str) -> bool:
    """Whether what looks like an imperative is none: "make sure I understand", "build fails"."""
    rest = rest.strip(" ?!.")
    if not rest:
        return verb.lower() in {
            "build",
            "support",
            "set",
            "change",
            "update",
            "format",
            "sort",
            "port",
            "patch",
            "fix",
        }
    if verb.lower() in {"make", "write", "create", "generate", "bring", "put"} and _ABOUT_ANSWER.match(rest):
        return True
    return re.match(
        r"^(?:fails?|failed|is|are|was|were|breaks?|broke|errors?|does|doesn't|has|of|for|files? (?:is"
        r"|are)|logs?\b|time|times"
        r"|process|system|status|output|scripts? (?:is|are|do|does)|happens?|works?)\b",
        rest,
        re.IGNORECASE,
    ) is not None and verb.lower() not in {"remove", "delete", "add", "rename", "write"}
