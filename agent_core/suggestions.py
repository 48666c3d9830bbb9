"""Which tool to try next, while nothing is known about what helps: a fixed order, and it says so."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from agent_core.code.terms import analyse
from agent_core.events import Suggestion, SuggestionsRanked
from agent_core.text import one_line, shorten
from agent_core.words import enquote, quote

if TYPE_CHECKING:
    from agent_core.index.api import IndexStatus

_ABOUT_A_TASK = ("plan",)
"""Without anything that was asked there is nothing to do it with."""
NO_EVIDENCE = "no evidence yet"
ORDER = (
    "ctx",
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
_LONGEST = 200
_USUAL = frozenset(
    ("defined", "define", "definition", "called", "calls", "declared", "happens", "there", "where", "which")
)


def propose(
    available: Collection[str],
    *,
    asked: str = "",
    waiting: Collection[str] = (),
    index: IndexStatus | None = None,
) -> SuggestionsRanked:
    """The available tools in their fixed order, with arguments from what was asked last.

    Args:
        available: Names of the tools that there are.
        asked: The last question; the searches look for it, `grep` for its most name-like word.
        waiting: Names of the tools whose cooldown is not over: they are not proposed.
        index: How the index stands; what it does not need is not proposed.
    """
    left_out = {*waiting, *(_needless(index) if index else ()), *(() if asked.strip() else _ABOUT_A_TASK)}
    items = [
        Suggestion(tool=tool, command=command, why=why)
        for tool in ORDER
        if tool in available and tool not in left_out
        for command, why in [_filled(tool, one_line(asked))]
    ]
    return SuggestionsRanked(items=tuple(items), evidence=NO_EVIDENCE)


def _needless(index: IndexStatus) -> list[str]:
    """What would find nothing to do, or is being done."""
    busy = index.phase in ("opening", "scanning", "building")
    needless = ["index"] if busy or (index.files and not index.behind) else []
    if busy or not index.embedder or index.embedded >= index.chunks:
        needless.append("emb-index")
    return needless


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
        case "ctx":
            return tool, "what the logs say went wrong"
        case "codectx":
            return tool, "what this project is"
        case "esearch":
            return _worded(tool, asked or "where does the program start"), "places in the code"
        case "intel":
            return _worded(tool, name or asked or "main"), "and what is connected"
        case "vretr":
            return _worded(tool, asked or "where are errors handled"), "by meaning alone"
        case "index":
            return tool, "refresh the index"
        case "emb-index":
            return tool, "search by meaning, too"
        case "plan":
            return _worded(tool, asked), "how it would be done"
        case _:
            return tool, ""


def _worded(tool: str, query: str) -> str:
    """The command about what was asked, as plain as it can be read back."""
    query = shorten(query, _LONGEST)
    plain = not query.startswith(("-", "'", '"')) and "--" not in query
    return f"{tool} {query if plain else enquote(query)}"


def most_telling(text: str) -> str:
    """The word of a question that looks most like a name in code; "" when none does."""
    query = analyse(text)
    if query.identifiers:
        return max(query.identifiers, key=len)
    words = [word for word in query.words.values() if len(word) >= _SHORTEST and word not in _USUAL]
    return max(words, key=len, default="")
