"""Which tools a window has room for: in the order of `TOOLS_FIRST`, up to two fifths of the prompt."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agent_core.llm.port import ToolSpec

_TOOLS_SHARE = 0.4
TOOLS_FIRST = ("grep", "cat", "esearch", "ctx", "ls", "tree", "diff", "intel", "codectx", "run_tests")
_LEAST_TOOLS = frozenset({"grep", "cat"})


def offered(
    tools: Sequence[ToolSpec], budget: int, cost: Callable[[ToolSpec], int]
) -> tuple[tuple[ToolSpec, ...], tuple[ToolSpec, ...]]:
    """Which tools a prompt of so many tokens has room for, and which are left out.

    None is offered where not even looking for text and reading files can be.
    """
    left = int(budget * _TOOLS_SHARE)
    rank = {name: number for number, name in enumerate(TOOLS_FIRST)}
    kept: set[str] = set()
    for tool in sorted(tools, key=lambda tool: rank.get(tool.name, len(rank))):
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
