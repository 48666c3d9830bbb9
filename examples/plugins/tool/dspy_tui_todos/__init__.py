"""`todos [path]`: the remarks TODO, FIXME and XXX of the workspace, by kind, as places to jump to."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from typing import Annotated, ClassVar

import msgspec

from agent_core.plugins.ports import ActionClass, Hit, ToolContext, ToolError, ToolResult, Workspace

_REMARK = re.compile(r"(?:#|//|/\*|--|<!--|;|\")\s*(TODO|FIXME|XXX)\b[:\s(]*(.*)")
_MOST = 200


class TodosArgs(msgspec.Struct, frozen=True, kw_only=True):
    """Arguments of `todos`."""

    path: Annotated[str, msgspec.Meta(description="A file or folder; all without.", extra={"path": True})] = (
        "."
    )
    kind: Annotated[
        str, msgspec.Meta(description="Only this kind.", extra={"flag": "--kind", "metavar": "WORD"})
    ] = ""


class Todos:
    """Reads through the workspace, so that nothing ignored and nothing outside of it is looked at."""

    port_version = 1
    name: ClassVar[str] = "todos"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "list the remarks TODO, FIXME and XXX"
    action: ClassVar[ActionClass] = "read"
    args_type: ClassVar[type[msgspec.Struct]] = TodosArgs
    positional: ClassVar[tuple[str, ...]] = ("path",)
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = True

    async def run(self, args: TodosArgs, context: ToolContext) -> ToolResult:
        """The remarks, first those of the first files; 200 at most."""
        hits = await asyncio.to_thread(_found, context.workspace, args.path, args.kind.upper())
        counts = Counter(hit.why for hit in hits)
        summary = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())) or "none"
        return ToolResult(
            text="\n".join(f"{hit.path}:{hit.start}  {hit.why}: {hit.text}" for hit in hits) or "None.",
            summary=summary,
            hits=tuple(hits),
            data={"counts": dict(counts)},
            note=f"only the first {_MOST}" if len(hits) == _MOST else "",
        )


def _found(workspace: Workspace, path: str, kind: str) -> list[Hit]:
    resolved = workspace.resolve(path)
    paths = [workspace.relative(resolved)] if resolved.is_file() else workspace.walk(path)
    hits: list[Hit] = []
    for each in paths:
        try:
            part = workspace.read_text(each)
        except ToolError:  # it has just vanished, or cannot be read
            continue
        for number, line in enumerate(part.lines, part.start):
            match = _REMARK.search(line)
            if match and kind in ("", match[1]):
                hits.append(Hit(each, number, number, why=match[1], text=match[2].strip()[:200]))
                if len(hits) == _MOST:
                    return hits
    return hits
