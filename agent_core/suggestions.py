"""Which tool to try next, while nothing is known about what helps: a fixed order, and it says so."""

from __future__ import annotations

from collections.abc import Collection

from agent_core.agent.terms import analyse
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

_SHORTEST = 5
_USUAL = frozenset(
    ("defined", "define", "definition", "called", "calls", "declared", "happens", "there", "where", "which")
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
    query = analyse(text)
    if query.identifiers:
        return max(query.identifiers, key=len)
    words = [word for word in query.words.values() if len(word) >= _SHORTEST and word not in _USUAL]
    return max(words, key=len, default="")
