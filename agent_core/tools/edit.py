"""`edit`: change files, as a task."""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec

from agent_core.errors import ToolError
from agent_core.events import ActionClass
from agent_core.tools.base import ToolContext, ToolResult


class EditArgs(msgspec.Struct, frozen=True, kw_only=True):
    """Arguments of `edit`."""

    task: Annotated[
        str,
        msgspec.Meta(description="What is to be changed; @path names a file.", extra={"free": True}),
    ]


class EditTool:
    """The command by its name, arguments and help.

    What is typed becomes a task that asks for a change (`agent_core/agent/edit`), as it does when it is asked
    for in other words: it streams, looks around with the other tools, and asks before it writes.
    """

    name: ClassVar[str] = "edit"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "change files: propose, check in a copy, show, apply when approved"
    action: ClassVar[ActionClass] = "write"
    args_type: ClassVar[type[msgspec.Struct]] = EditArgs
    positional: ClassVar[tuple[str, ...]] = ("task",)
    takes_rest: ClassVar[bool] = True
    for_agent: ClassVar[bool] = False

    async def run(self, args: EditArgs, context: ToolContext) -> ToolResult:
        """Raises `ToolError`: no tool changes files on behalf of another."""
        raise ToolError("edit is a task of its own", hint="Type it at the prompt, or give it with -c.")
