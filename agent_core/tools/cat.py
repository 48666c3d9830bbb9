"""`cat`: a file, or lines of it."""

from __future__ import annotations

import asyncio
from typing import Annotated, ClassVar

import msgspec

from agent_core.errors import UsageError
from agent_core.events import ActionClass, Hit
from agent_core.text import encodable, human_size, one_line, plural, printable, shorten
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.words import split_span
from agent_core.workspace import TextPart, Workspace

_MOST_LINES = 1_000
_MOST_BYTES = 128 * 1024
_WIDTH = 2_000


class CatArgs(msgspec.Struct, frozen=True, kw_only=True):
    """Arguments of `cat`. The path may end with the lines, as in `a.py:10-40`."""

    path: Annotated[
        str,
        msgspec.Meta(
            description="File to read, such as src/app.py or src/app.py:10-40.",
            extra={"path": True, "lines": True},
        ),
    ]
    start: Annotated[
        int, msgspec.Meta(description="First line, counted from 1.", ge=1, extra={"flag": "--start"})
    ] = 1
    end: Annotated[
        int, msgspec.Meta(description="Last line; 0 for the end of the file.", ge=0, extra={"flag": "--end"})
    ] = 0


class CatTool:
    """Shows a file with line numbers, at most a thousand lines at a time."""

    name: ClassVar[str] = "cat"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "show a file, or some lines of it (cat a.py:10-40)"
    action: ClassVar[ActionClass] = "read"
    args_type: ClassVar[type[msgspec.Struct]] = CatArgs
    positional: ClassVar[tuple[str, ...]] = ("path",)
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = True

    async def run(self, args: CatArgs, context: ToolContext) -> ToolResult:
        """Read it; raises `PathRefused`, `UsageError`, and `ToolError` when there is no such regular file."""
        workspace = context.workspace
        path, start, end = _span(args, workspace)
        if end is not None and end < start:
            raise UsageError(f"cat: line {end} comes before line {start}", hint="Such as: cat a.py:10-40")
        last = start + _MOST_LINES - 1
        last = last if end is None else min(end, last)
        part = await asyncio.to_thread(
            workspace.read_text, path, start=start, end=last, max_bytes=_MOST_BYTES
        )
        return _result(workspace.relative(workspace.resolve(path)), part, end)


def _span(args: CatArgs, workspace: Workspace) -> tuple[str, int, int | None]:
    """The path and the lines; a file that is really called `a:10` comes first."""
    path, start, end = split_span(args.path)
    if start is not None and not workspace.resolve(args.path).exists():
        return path, max(start, 1), end
    return args.path, args.start, args.end or None


def _result(path: str, part: TextPart, end: int | None) -> ToolResult:
    notes = [part.note] if part.note else []
    more = _more(path, part, end)
    if more:
        notes.append(more)
    note = "; ".join(notes)
    lines = [shorten(printable(line).replace("\n", " "), _WIDTH) for line in part.lines]
    width = len(str(part.end))
    body = "\n".join(f"{number:>{width}}  {line}" for number, line in enumerate(lines, part.start))
    return ToolResult(
        text="\n".join(text for text in (body, f"… {note}" if note and body else note) if text)
        or "(empty file)",
        summary=_summary(path, part),
        hits=(Hit(encodable(path), part.start, part.end, text="\n".join(lines)),) if lines else (),
        data={
            "path": encodable(path),
            "start": part.start,
            "end": part.end,
            "total": part.total_lines,
            "size": part.size,
            "binary": part.binary,
            "complete": not part.truncated and not more,
        },
        note=note,
    )


def _more(path: str, part: TextPart, end: int | None) -> str:
    """What to type for the lines that were asked for and are not shown."""
    if not part.lines or part.binary:
        return ""
    wanted = (
        part.total_lines if end is None else end if part.total_lines is None else min(end, part.total_lines)
    )
    if wanted is not None and part.end >= wanted:
        return ""
    of = "" if part.total_lines is None else f" of {part.total_lines:,}"
    return f"lines {part.start:,} to {part.end:,}{of}; `cat {one_line(path)}:{part.end + 1}-` goes on"


def _summary(path: str, part: TextPart) -> str:
    path = one_line(path)
    if part.binary:
        return f"{path}: binary, {human_size(part.size)}"
    if not part.lines:
        return f"{path}: {'empty' if part.total_lines == 0 else 'no such lines'}"
    if part.start == 1 and part.end == part.total_lines:
        return f"{path}: {plural(part.end, 'line')}"
    of = "" if part.total_lines is None else f" of {part.total_lines:,}"
    return f"{path}: lines {part.start:,} to {part.end:,}{of}"
