"""The command of each tool that may be suggested, with its arguments filled in from what was asked."""

from __future__ import annotations

import re
from collections.abc import Collection
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

from agent_core.commandline import mentions_in
from agent_core.errors import AgentError
from agent_core.rl.api import SAFE_TOOLS
from agent_core.text import one_line, shorten
from agent_core.words import enquote, quote

if TYPE_CHECKING:
    from agent_core.index.api import IndexStatus
    from agent_core.workspace import Workspace

_ABOUT_A_TASK = ("plan",)
"""Without anything that was asked there is nothing to do it with."""
_SHORTEST = 5
_LONGEST = 200
_MOST_PLACES = 8
"""So many paths of a question are looked for."""
_USUAL = frozenset(
    ("defined", "define", "definition", "called", "calls", "declared", "happens", "there", "where", "which")
)


def possible(
    available: Collection[str],
    *,
    asked: str = "",
    without: Collection[str] = (),
    index: IndexStatus | None = None,
) -> tuple[str, ...]:
    """The safe tools that could be of use now, in the order of the static rules.

    Args:
        available: Names of the tools that there are.
        asked: The last question.
        without: What is not wanted now, such as tools whose cooldown is not over.
        index: How the index stands; what it does not need is left out.
    """
    left_out = {*without, *(_needless(index) if index else ()), *(() if asked.strip() else _ABOUT_A_TASK)}
    return tuple(tool for tool in SAFE_TOOLS if tool in available and tool not in left_out)


def command_of(tool: str, asked: str, place: str = "") -> tuple[str, str]:
    """The command as a person would type it, and in a few words what it would show.

    The searches look for what was asked last, `grep` for its most name-like word; the overviews look at the
    place that it names, of `place_of`.
    """
    if place:
        folder = place if place.endswith("/") else place.rpartition("/")[0]
        match tool:
            case "codectx":
                return f"codectx {quote(place)}", f"what {place} is"
            case "ls" if folder:
                return f"ls {quote(folder)}", f"what lies in {folder}"
            case "tree" if folder:
                return f"tree {quote(folder)} --depth 2", f"the shape of {folder}"
            case _:
                pass
    return _filled(tool, one_line(asked))


def place_of(asked: str, workspace: Workspace) -> str:
    """The first file or folder of a workspace that a question names; "" for none. A folder ends with a /."""
    from agent_core.rl.features import LONGEST, PATH

    text = asked[:LONGEST]
    named = (
        *(mention.path for mention in mentions_in(text)),
        *(match.group() for match in re.finditer(PATH, text)),
    )
    for name in islice(named, _MOST_PLACES):
        with suppress(AgentError, OSError):
            found = workspace.resolve(name)
            if name.isprintable() and found != workspace.root and found.exists():
                return workspace.relative(found) + ("/" if found.is_dir() else "")
    return ""


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
    from agent_core.code.terms import analyse  # late: its patterns take a while to compile

    query = analyse(text)
    if query.identifiers:
        return max(query.identifiers, key=len)
    words = [word for word in query.words.values() if len(word) >= _SHORTEST and word not in _USUAL]
    return max(words, key=len, default="")
