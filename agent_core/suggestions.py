"""Which tool to try next, while nothing is known about what helps: a fixed order, and it says so."""

from __future__ import annotations

import re
from collections.abc import Collection

from agent_core.events import Suggestion, SuggestionsRanked
from agent_core.words import quote

NO_EVIDENCE = "no evidence yet"
ORDER = (
    "context",
    "codectx",
    "grep",
    "esearch",
    "plan",
    "tree",
    "ls",
    "index",
    "emb-index",
    "intel",
    "vretr",
)
"""The safe tools in the order in which they are proposed."""

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{2,}")
_COMMON = frozenset(
    [
        "about",
        "after",
        "all",
        "also",
        "and",
        "any",
        "are",
        "because",
        "been",
        "before",
        "but",
        "can",
        "could",
        "did",
        "does",
        "each",
        "every",
        "find",
        "for",
        "from",
        "had",
        "has",
        "have",
        "here",
        "how",
        "into",
        "its",
        "just",
        "like",
        "list",
        "make",
        "many",
        "may",
        "more",
        "most",
        "much",
        "must",
        "need",
        "not",
        "now",
        "off",
        "only",
        "one",
        "other",
        "our",
        "out",
        "over",
        "please",
        "read",
        "run",
        "see",
        "should",
        "show",
        "some",
        "tell",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "use",
        "used",
        "using",
        "very",
        "was",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "who",
        "why",
        "will",
        "with",
        "would",
        "you",
        "your",
        "file",
        "files",
        "function",
        "class",
        "code",
        "line",
        "lines",
        "work",
        "works",
        "change",
        "changed",
        "add",
        "fix",
        "explain",
        "give",
        "look",
        "search",
        "which",
    ]
)


def propose(available: Collection[str], *, asked: str = "") -> SuggestionsRanked:
    """The available tools in their fixed order, with arguments from what was asked last.

    Args:
        available: Names of the tools that there are.
        asked: The last question; its most name-like word is what `grep` looks for.
    """
    items = [
        Suggestion(tool=tool, command=command, why=why)
        for tool in ORDER
        if tool in available
        for command, why in [_filled(tool, asked)]
    ]
    return SuggestionsRanked(items=tuple(items), evidence=NO_EVIDENCE)


def _filled(tool: str, asked: str) -> tuple[str, str]:
    name = most_telling(asked)
    match tool:
        case "grep" if name:
            return f"grep -w {quote(name)}", f"where {name} occurs"
        case "grep":
            return 'grep "TODO|FIXME"', "what was left to do"
        case "tree":
            return "tree --depth 2", "the shape of the project"
        case "ls":
            return "ls", "what lies at the top"
        case _:
            return tool, ""


def most_telling(text: str) -> str:
    """The word of a question that looks most like a name in code; "" when none does."""
    words = [word for word in _WORD.findall(text) if word.lower() not in _COMMON]
    return max(words, key=_weight, default="")


def _weight(word: str) -> tuple[bool, int]:
    mixed = "_" in word.strip("_") or word[1:].lower() != word[1:] or any(char.isdigit() for char in word)
    return mixed, len(word)
