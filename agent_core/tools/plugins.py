"""`plugins`: what other distributions add, from where, and what of it failed."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import msgspec

from agent_core.errors import PluginFault
from agent_core.events import ActionClass
from agent_core.plugins.installed import PluginRow, Plugins
from agent_core.plugins.kinds import KINDS, PluginKind
from agent_core.plugins.saying import counted, listing
from agent_core.tools.base import ToolContext, ToolResult

if TYPE_CHECKING:
    from agent_core.tools.registry import Registry


class PluginsArgs(msgspec.Struct, frozen=True):
    """Arguments of `plugins`."""

    kind: Annotated[
        Literal["all", "tools", "skills", "verifiers", "embedders", "log_sources"],
        msgspec.Meta(description="Only this kind."),
    ] = "all"


class PluginsTool:
    """Loads every plugin, so that what fails is told, and lists them. Nothing of them is run."""

    name: ClassVar[str] = "plugins"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "list the plugins: what was loaded, from where, and what failed"
    action: ClassVar[ActionClass] = "read"
    args_type: ClassVar[type[msgspec.Struct]] = PluginsArgs
    positional: ClassVar[tuple[str, ...]] = ("kind",)
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = False

    def __init__(self, *, registry: Registry) -> None:
        self._registry = registry

    async def run(self, args: PluginsArgs, context: ToolContext) -> ToolResult:
        """The list; what fails is part of it."""
        kinds = KINDS if args.kind == "all" else (args.kind,)
        await self._registry.ready()
        rows = await _loaded(self._registry.plugins, kinds)
        failed = [f"{row.kind}:{row.name}" for row in rows if row.state == "failed"]
        return ToolResult(
            text=listing(rows),
            summary=counted(rows),
            data={"plugins": [msgspec.to_builtins(row) for row in rows]},
            note=f"cannot be used: {', '.join(failed)}" if failed else "",
        )


async def _loaded(plugins: Plugins, kinds: tuple[PluginKind, ...]) -> list[PluginRow]:
    for kind in kinds:
        for name in [*await asyncio.to_thread(plugins.points, kind)]:
            with suppress(PluginFault):  # recorded, and so in its row
                await plugins.aload(kind, name)
    return [_noted(row) for row in await asyncio.to_thread(plugins.rows, kinds)]


def _noted(row: PluginRow) -> PluginRow:
    """What is to be known of it beside."""
    from agent_core.skills.registry import BUILT_IN

    if row.kind == "skills" and row.name in BUILT_IN:
        return msgspec.structs.replace(row, note="in place of the built-in skill")
    if row.kind == "embedders" and row.state == "loaded":
        return msgspec.structs.replace(row, note=f'embedder = "plugin:{row.name}" uses it')
    return row
