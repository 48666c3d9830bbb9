"""`ls`: what is in a folder."""

from __future__ import annotations

import asyncio
from typing import Annotated, ClassVar

import msgspec

from agent_core.events import ActionClass
from agent_core.gitstate import status
from agent_core.text import encodable, human_size, one_line, plural
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.tools.listing import Changes, label, row
from agent_core.workspace import Entry

_MOST = 500


class LsArgs(msgspec.Struct, frozen=True, kw_only=True):
    """Arguments of `ls`."""

    path: Annotated[
        str, msgspec.Meta(description="Folder to list; the project's top without it.", extra={"path": True})
    ] = "."
    all: Annotated[bool, msgspec.Meta(description="Show ignored files too.", extra={"flag": "-a"})] = False


class LsTool:
    """Lists a folder: git state, size and name of each entry, folders first, ignored ones left out."""

    name: ClassVar[str] = "ls"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "list a folder with git state and sizes"
    action: ClassVar[ActionClass] = "read"
    args_type: ClassVar[type[msgspec.Struct]] = LsArgs
    positional: ClassVar[tuple[str, ...]] = ("path",)
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = True

    async def run(self, args: LsArgs, context: ToolContext) -> ToolResult:
        """List it; raises `PathRefused`, and `ToolError` when it is missing or not a folder."""
        workspace = context.workspace
        entries = await asyncio.to_thread(workspace.list_dir, args.path, include_ignored=args.all)
        changes = Changes(await status(workspace))
        folder = workspace.relative(workspace.resolve(args.path))
        shown = entries[:_MOST]
        lines = [_line(entry, changes.of(entry)) for entry in shown]
        gone = changes.deleted_in(folder)[:_MOST]
        lines += [f"D {'':>7}  {one_line(name)} (deleted)" for name in gone]
        left_out = len(entries) - len(shown)
        note = f"{left_out:,} more not shown" if left_out else ""
        folders = sum(entry.is_dir for entry in entries)
        counts = f"{plural(folders, 'folder')}, {plural(len(entries) - folders, 'file')}"
        return ToolResult(
            text="\n".join(
                [f"{one_line(folder)}:", *(lines or ["  (empty)"]), *([f"… {note}"] if note else [])]
            ),
            summary=f"{counts} in {one_line(folder)}",
            data={
                "path": encodable(folder),
                "entries": [row(entry, changes.of(entry)) for entry in shown],
                "deleted": [encodable(name) for name in gone],
                "total": len(entries),
            },
            note=note,
        )


def _line(entry: Entry, code: str) -> str:
    size = "" if entry.is_dir or entry.is_link else human_size(entry.size)
    ignored = " (ignored)" if entry.ignored else ""
    return f"{code or ' '} {size:>7}  {label(entry)}{ignored}"
