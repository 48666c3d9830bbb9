"""`tree`: folders within folders."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Annotated, ClassVar

import msgspec

from agent_core.errors import ToolError
from agent_core.events import ActionClass
from agent_core.gitstate import status
from agent_core.text import encodable, human_size, one_line, plural
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.tools.listing import Changes, label, row
from agent_core.workspace import Entry, Workspace

_MOST = 600
_MOST_OF_A_FOLDER = 60


class TreeArgs(msgspec.Struct, frozen=True, kw_only=True):
    """Arguments of `tree`."""

    path: Annotated[
        str,
        msgspec.Meta(description="Folder to begin at; the project's top without it.", extra={"path": True}),
    ] = "."
    depth: Annotated[
        int, msgspec.Meta(description="How many levels deep.", ge=1, le=32, extra={"flag": "--depth"})
    ] = 3


class _Folder:
    """A folder's entries, those that are shown, and the folders among them that were opened."""

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries
        self.shown = entries
        self.opened: dict[str, _Folder] = {}


class TreeTool:
    """Draws folders to a depth with git state and sizes; ignored files are left out, links not followed.

    Levels are filled from the top, so when there is too much it is what lies deepest that is missing.
    """

    name: ClassVar[str] = "tree"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "show the folders and files below a folder"
    action: ClassVar[ActionClass] = "read"
    args_type: ClassVar[type[msgspec.Struct]] = TreeArgs
    positional: ClassVar[tuple[str, ...]] = ("path",)
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = True

    async def run(self, args: TreeArgs, context: ToolContext) -> ToolResult:
        """Draw it; raises `PathRefused`, and `ToolError` when it is missing or not a folder."""
        workspace = context.workspace
        top, left_out = await asyncio.to_thread(_collect, workspace, args.path, args.depth)
        changes = Changes(await status(workspace))
        path = workspace.relative(workspace.resolve(args.path))
        folder = one_line(path)
        lines = [folder if folder == "." else folder + "/"]
        rows: list[dict[str, object]] = []
        _draw(top, "", changes, lines, rows)
        folders = sum(item["kind"] == "folder" for item in rows)
        note = f"{left_out:,} entries left out; name a folder to see all of it" if left_out else ""
        return ToolResult(
            text="\n".join([*lines, *([f"… {note}"] if note else [])]),
            summary=f"{plural(folders, 'folder')}, {plural(len(rows) - folders, 'file')} in {folder}",
            data={"path": encodable(path), "entries": rows, "complete": not left_out},
            note=note,
        )


def _collect(workspace: Workspace, path: str, depth: int) -> tuple[_Folder, int]:
    """Read folders level by level until there is enough; also says how many known entries are not shown."""
    top = _Folder(workspace.list_dir(path))
    waiting = deque([(top, 1)])
    room, left_out = _MOST, 0
    while waiting:
        folder, level = waiting.popleft()
        most = min(room, _MOST_OF_A_FOLDER if level > 1 else _MOST)
        folder.shown = folder.entries[:most]
        left_out += len(folder.entries) - len(folder.shown)
        room -= len(folder.shown)
        if level == depth:
            continue
        for entry in folder.shown:
            if entry.is_dir and not entry.is_link:
                inner = _opened(workspace, entry.path)
                folder.opened[entry.name] = inner
                waiting.append((inner, level + 1))
    return top, left_out


def _opened(workspace: Workspace, path: str) -> _Folder:
    """The folder's entries; none where it vanished meanwhile or cannot be read."""
    try:
        return _Folder(workspace.list_dir(path))
    except ToolError:
        return _Folder([])


def _draw(
    folder: _Folder, indent: str, changes: Changes, lines: list[str], rows: list[dict[str, object]]
) -> None:
    missing = len(folder.entries) - len(folder.shown)
    for index, entry in enumerate(folder.shown):
        last = index == len(folder.shown) - 1 and not missing
        code = changes.of(entry)
        rows.append(row(entry, code))
        size = "" if entry.is_dir or entry.is_link else f"  {human_size(entry.size)}"
        lines.append(
            f"{indent}{'└── ' if last else '├── '}{label(entry)}{size}{f'  [{code}]' if code else ''}"
        )
        inner = folder.opened.get(entry.name)
        if inner is not None:
            _draw(inner, indent + ("    " if last else "│   "), changes, lines, rows)
    if missing:
        lines.append(f"{indent}└── … {missing:,} more")
