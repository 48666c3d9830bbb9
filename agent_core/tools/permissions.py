"""`permissions`: the rules that hold here, and taking a remembered one back."""

from __future__ import annotations

import asyncio
from typing import Annotated, ClassVar, Literal

import msgspec

from agent_core.errors import UsageError
from agent_core.events import ActionClass
from agent_core.permissions import Permissions
from agent_core.text import one_line, plural
from agent_core.tools.base import ToolContext, ToolResult


class PermissionsArgs(msgspec.Struct, frozen=True):
    """Arguments of `permissions`."""

    what: Annotated[Literal["list", "revoke"], msgspec.Meta(description="List the rules, or revoke one.")] = (
        "list"
    )
    rule: Annotated[str, msgspec.Meta(description="The remembered rule to revoke, as it is listed.")] = ""


class PermissionsTool:
    """Lists what may be done without asking, and revokes what "always" added."""

    name: ClassVar[str] = "permissions"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "list the permission rules, or revoke a remembered one"
    action: ClassVar[ActionClass] = "read"
    args_type: ClassVar[type[msgspec.Struct]] = PermissionsArgs
    positional: ClassVar[tuple[str, ...]] = ("what", "rule")
    takes_rest: ClassVar[bool] = True
    for_agent: ClassVar[bool] = False

    def __init__(self, *, permissions: Permissions) -> None:
        self._permissions = permissions

    async def run(self, args: PermissionsArgs, context: ToolContext) -> ToolResult:
        """The rules, after revoking; raises `UsageError` when there is no such remembered rule."""
        if args.what == "revoke":
            # Another session may hold the file's lock.
            if not args.rule or not await asyncio.to_thread(self._permissions.revoke, args.rule):
                raise UsageError(
                    f"There is no remembered rule {one_line(args.rule)!r}",
                    hint="`permissions` lists them; only remembered ones can be revoked.",
                )
            return ToolResult(text=f"Revoked {one_line(args.rule)}", summary="revoked")
        rows = self._permissions.list()
        text = "\n".join(f"{row.verdict:<6} {one_line(row.rule)}  ({row.source})" for row in rows)
        return ToolResult(
            text=text or "No rules: reading is free, everything else asks.",
            summary=plural(len(rows), "rule"),
            data={"rules": [msgspec.to_builtins(row) for row in rows]},
            note=one_line(self._permissions.checked()),
        )
