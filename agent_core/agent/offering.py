"""Which tools a window has room for, up to two fifths of the prompt.

First come those of `TOOLS_FIRST`, then the others of this program, then those of servers: in turn, one of
each server after the other, so that none takes the room of all others, and of each those first whose names
and descriptions have rare words of the question in them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import chain, zip_longest

from agent_core.llm.port import ToolSpec
from agent_core.mcp.names import BETWEEN, is_of_server

_TOOLS_SHARE = 0.4
TOOLS_FIRST = ("grep", "cat", "esearch", "ctx", "ls", "tree", "diff", "intel", "codectx", "run_tests")
_LEAST_TOOLS = frozenset({"grep", "cat"})
_WORD = re.compile(r"[^\W_]{3,}")
_STEM = 5
"""Letters of a word that count: "directories" is about a "directory"."""


def offered(
    tools: Sequence[ToolSpec], budget: int, cost: Callable[[ToolSpec], int], *, question: str = ""
) -> tuple[tuple[ToolSpec, ...], tuple[ToolSpec, ...]]:
    """Which tools a prompt of so many tokens has room for, and which are left out.

    None is offered where not even looking for text and reading files can be.
    """
    left = int(budget * _TOOLS_SHARE)
    rank = {name: number for number, name in enumerate(TOOLS_FIRST)}
    kept: set[str] = set()
    own = [tool for tool in tools if not is_of_server(tool.name)]
    others = [tool for tool in tools if is_of_server(tool.name)]
    first = sorted(own, key=lambda tool: rank.get(tool.name, len(rank)))
    for tool in [*first, *_in_turn(others, question)]:
        tokens = cost(tool)
        if tokens <= left:
            left -= tokens
            kept.add(tool.name)
    if not (_LEAST_TOOLS & {tool.name for tool in tools}) <= kept:
        kept = set()
    return (
        tuple(tool for tool in tools if tool.name in kept),
        tuple(tool for tool in tools if tool.name not in kept),
    )


def _in_turn(tools: Sequence[ToolSpec], question: str) -> list[ToolSpec]:
    """The best one of each server, then the next best one of each; servers with better ones first."""
    asked = _words(question)
    said = {tool.name: _words(f"{tool.name} {tool.description}") for tool in tools}
    among = Counter(chain.from_iterable(said.values()))
    fits = {name: sum(1 / among[word] for word in words & asked) for name, words in said.items()}
    servers: dict[str, list[ToolSpec]] = {}
    for tool in tools:
        servers.setdefault(tool.name.partition(BETWEEN)[0], []).append(tool)
    ranked = [sorted(each, key=lambda tool: -fits[tool.name]) for each in servers.values()]
    ranked.sort(key=lambda each: -fits[each[0].name])
    return [tool for each in zip_longest(*ranked) for tool in each if tool is not None]


def _words(text: str) -> set[str]:
    return {word[:_STEM] for word in _WORD.findall(text.lower())}
