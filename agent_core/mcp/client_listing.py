"""The tools that a server lists, page by page, as far as anybody has use for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import msgspec

from agent_core.errors import AgentError, McpFault
from agent_core.mcp.client_config import Named
from agent_core.mcp.client_results import Mask
from agent_core.mcp.client_tool import Calls, ServerTool
from agent_core.text import one_line, shorten

if TYPE_CHECKING:
    from agent_core.mcp.client_link import Link

MOST_TOOLS = 128
"""Of one server; a model is offered as many as its window has room for."""
_MOST_PAGES = 32
_MOST_NOTES = 20


class Listing(msgspec.Struct, frozen=True):
    """The tools as they were described, and what to say of those that are left out."""

    tools: tuple[Any, ...]
    notes: tuple[str, ...] = ()


async def listed(link: Link) -> Listing:
    """Ask for all pages; raises `McpFault`."""
    tools: list[Any] = []
    seen: set[str] = set()
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        page = await link.request("tools/list", {"cursor": cursor} if cursor else {})
        found: Any = page.get("tools")
        if not isinstance(found, list):
            raise McpFault("It lists tools that are no list")
        tools += cast("list[Any]", found)
        if len(tools) > MOST_TOOLS:
            return _cut(tools, f"it offers more than {MOST_TOOLS} tools")
        following: Any = page.get("nextCursor")
        if not isinstance(following, str) or not following:
            return Listing(tuple(tools))
        if following in seen:
            return _cut(tools, "its list of tools goes in circles")
        seen.add(following)
        cursor = following
    return _cut(tools, f"its list of tools has more than {_MOST_PAGES} pages")


def _cut(tools: list[Any], why: str) -> Listing:
    return Listing(tuple(tools[:MOST_TOOLS]), (f"{why}: the first {min(len(tools), MOST_TOOLS)} are taken",))


def tools_of(
    listing: Listing, *, server: Named, call: Calls, mask: Mask, known: tuple[ServerTool, ...]
) -> tuple[tuple[ServerTool, ...], tuple[str, ...]]:
    """The tools that can be used, and what to say of the others; one that is as it was stays the same."""
    earlier = {tool.name: tool for tool in known}
    notes = list(listing.notes)
    tools: dict[str, ServerTool] = {}
    for written in listing.tools:
        try:
            tool = ServerTool(server=server, written=written, call=call, mask=mask)
        except (ValueError, TypeError, AgentError) as bad:
            notes.append(f"the tool {_named(written)} is refused: {shorten(one_line(str(bad)), 200)}")
            continue
        if tool.name in tools:
            notes.append(f"the tool {_named(written)} is refused: another one is called so")
            continue
        same = earlier.get(tool.name)
        tools[tool.name] = same if same is not None and same.written == tool.written else tool
    return tuple(tools.values()), tuple(mask(note) for note in notes[:_MOST_NOTES])


def _named(written: Any) -> str:
    table = cast("dict[str, Any]", written) if isinstance(written, dict) else {}
    return repr(shorten(one_line(str(table.get("name"))), 40))
