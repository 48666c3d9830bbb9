"""From the plain facts of a situation to the numbers that the policy sees: all named, all explained.

Every feature lies within -1..1 (these within 0..1) and only looks at the situation it is given, so the same
situation has the same features in every process.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection

import msgspec

from agent_core.code.terms import analyse
from agent_core.index.api import IndexStatus
from agent_core.logs.api import Digest
from agent_core.rl.situation import Situation, counted


class Feature(msgspec.Struct, frozen=True):
    """One number of a situation: what it means, and the words for it in "why", as said of the situation."""

    name: str
    meaning: str
    words: str


BIAS = "bias"
FEATURES = (
    Feature(BIAS, "always 1: how well a tool does in general", "in general"),
    Feature("nothing_asked", "1 before anything was asked", "nothing was asked yet"),
    Feature("long", "words of the question: 40 and more are 1", "the length of the question"),
    Feature("symbol", "1 when the question has a name as it is written in code", "names a symbol"),
    Feature("path", "1 when it names a file or a folder, or mentions one with @", "names a file"),
    Feature("pattern", "1 when it quotes a text or has a regular expression", "quotes a text or a pattern"),
    Feature("plain", "1 when it describes, in four words or more, and names nothing", "is in plain words"),
    Feature("where", "1 when it asks where something is, or to find it", "asks where"),
    Feature("how", "1 when it asks how something works", "asks how"),
    Feature("why", "1 when it asks why something is so", "asks why"),
    Feature("what", "1 when it asks what something is, or to explain it", "asks what it is"),
    Feature("change", "1 when it asks for an edit", "asks for a change"),
    Feature("acting", "1 before the agent acts, 0 in the list for a person", "the agent is about to act"),
    Feature("error", "1 when it speaks of something that went wrong", "is about an error"),
    Feature("logs", "1 when it speaks of logs or of what runs", "is about the logs"),
    Feature("tests", "1 when it speaks of tests or other checks", "is about tests"),
    Feature("structure", "1 when it speaks of the project as a whole", "is about the project's structure"),
    Feature("failed", "1 when the last turn ended in an error or failed checks", "the last turn failed"),
    Feature(
        "cited", "places that the last answer cites: five and more are 1", "the last answer cited places"
    ),
    Feature(
        "log_errors", "error events of the log that is followed: 100 and more are 1", "the log has errors"
    ),
    Feature("log_new", "new events of that log: 100 and more are 1", "the log has new events"),
    Feature("no_index", "1 while there is no index to search", "there is no index yet"),
    Feature("behind", "files that the index lacks: 100 and more are 1", "the index is behind"),
    Feature("no_vectors", "the share of the index that has no vectors", "search by meaning is not ready"),
    Feature("changed", "files that differ from the last commit: 100 and more are 1", "files were changed"),
    Feature("searched", "1 when one of the last three tools was a search", "something was just searched"),
    Feature("looked", "1 when one of the last three tools was an overview", "an overview was just made"),
)
"""All features, in the order in which they are told of."""
NAMES = tuple(feature.name for feature in FEATURES)
WORDS = {feature.name: feature.words for feature in FEATURES}

_SEARCHES = frozenset(("grep", "esearch", "vretr", "intel"))
_OVERVIEWS = frozenset(("tree", "ls", "codectx", "ctx"))
_RECENT = 3
_MANY = 100
_LONG_WORDS = 40
_PLACES = 5
_PLAIN_WORDS = 4
LONGEST = 1_000
"""Characters of a question that are looked at; what is pasted below it says little of what is asked."""

# Texts, not patterns: compiled by the first question, since a start would pay for them.
# What repeats is bounded: a text of dots or dashes must not take longer the longer it is.
PATH = (
    r"(?<![\w./-])[\w.-]{0,80}/[\w./-]{0,200}\w"
    r"|(?<![\w.-])[\w-]{1,80}\.(?:c|cc|cfg|cpp|cs|css|go|h|hpp|html|ini|java|js|json|jsx|kt|lock|log|lua|md|php"
    r"|proto|py|pyi|rb|rs|scala|sh|sql|swift|toml|ts|tsx|txt|xml|ya?ml)\b(?![.(])"
)
_REGEX = r"\.[*+]|\\[bdsw]|\[[^\]\s]{1,40}\][*+]|\(\?|\w\|\w|\^\w"
_KINDS = {
    "where": r"where|find|locate|which (?:file|module|class|function|place)s?|who calls|usages? of|defined",
    "how": r"how",
    "why": r"why|reason|cause[sd]?",
    "what": r"what(?:'s)?|explain|describe|summari[sz]e|overview|meaning|understand",
    "error": r"errors?|exceptions?|fail(?:s|ed|ing|ures?)?|crash(?:es|ed|ing)?|bugs?|broken|panics?|traceback"
    r"|stack ?traces?|wrong|fix(?:es|ed)?|\w{1,80}(?:Error|Exception)",
    "logs": r"logs?|logged|logging|warnings?|output|production|server|deploy(?:ed|ment)?|outage|timeouts?"
    r"|requests",
    "tests": r"tests?|tested|testing|pytest|unittest|jest|junit|coverage|lint(?:er|ing)?|checks?|ci|build",
    "structure": r"structure|architecture|project|repo(?:sitory)?|codebase|modules?|packages?|layout|overview"
    r"|folders?|director(?:y|ies)|organi[sz]ed|entry ?points?|dependenc(?:y|ies)",
}


def extract(situation: Situation) -> dict[str, float]:
    """The features of a situation that are not 0, by name, in the order of `FEATURES`."""
    found = {BIAS: 1.0, **_of_question(situation), **_of_place(situation)}
    return {name: found[name] for name in NAMES if found.get(name)}


def _of_question(situation: Situation) -> dict[str, float]:
    text = situation.asked[:LONGEST].strip()
    if not text:
        return {"nothing_asked": 1.0}
    query = analyse(text)
    words = len(text.split())
    path = situation.mentions > 0 or re.search(PATH, text) is not None
    quoted = any(phrase not in query.identifiers for phrase in query.phrases)
    pattern = quoted or re.search(_REGEX, text) is not None
    symbol = any(not re.fullmatch(PATH, name) for name in query.identifiers)
    named = symbol or path or pattern
    return {
        "long": min(1.0, words / _LONG_WORDS),
        "symbol": float(symbol),
        "path": float(path),
        "pattern": float(pattern),
        "plain": float(words >= _PLAIN_WORDS and not named),
        "change": float(situation.wants_change),
        "acting": float(situation.acting),
        **{kind: float(_speaks_of(kind, text)) for kind in _KINDS},
    }


def _speaks_of(kind: str, text: str) -> bool:
    return re.search(rf"\b(?:{_KINDS[kind]})\b", text, re.IGNORECASE) is not None


def _of_place(situation: Situation) -> dict[str, float]:
    return {
        "failed": float(situation.failed),
        "cited": min(1.0, max(0, situation.cited) / _PLACES),
        "log_errors": _count(situation.log_errors),
        "log_new": _count(situation.log_new),
        "changed": _count(situation.changed),
        "searched": _any_of(_SEARCHES, situation.recent),
        "looked": _any_of(_OVERVIEWS, situation.recent),
        **({} if situation.unread else _of_index(situation.index)),
    }


def _of_index(index: IndexStatus | None) -> dict[str, float]:
    if index is None or not index.files:
        return {"no_index": 1.0, "no_vectors": 1.0}
    lacking = 1.0 - index.embedded / index.chunks if index.chunks else 1.0
    return {"behind": _count(index.behind), "no_vectors": min(1.0, max(0.0, lacking))}


def of_logs(digest: Digest) -> dict[str, float]:
    """The features of what logs say."""
    errors, new = counted(digest)
    return {"log_errors": _count(errors), "log_new": _count(new)}


def _count(count: int | None) -> float:
    """Counts by their order of magnitude: the first of something says more than the hundredth."""
    return min(1.0, math.log1p(max(0, count or 0)) / math.log1p(_MANY))


def _any_of(tools: Collection[str], recent: tuple[str, ...]) -> float:
    return float(any(name in tools for name in recent[:_RECENT]))
