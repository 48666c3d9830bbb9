"""`grep`: search the workspace with ripgrep."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, ClassVar

import msgspec

from agent_core.errors import ToolError, UsageError
from agent_core.events import ActionClass, Hit
from agent_core.process import NotStarted, stream_process
from agent_core.ripgrep import complaint, search_command
from agent_core.text import one_line, plural, printable
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.tools.matches import FileMatches, Matches
from agent_core.workspace import Workspace

_WIDTH = 300
_LIMIT = 200
_MOST = 1_000_000
_PROGRESS_S = 0.5


class GrepArgs(msgspec.Struct, frozen=True, kw_only=True):
    """Arguments of `grep`."""

    pattern: Annotated[
        str,
        msgspec.Meta(
            description="Regular expression to search for, such as 'def main'.", extra={"free": True}
        ),
    ]
    path: Annotated[
        str,
        msgspec.Meta(
            description="File or folder to search; the whole project without it.", extra={"path": True}
        ),
    ] = "."
    ignore_case: Annotated[
        bool, msgspec.Meta(description="Ignore upper and lower case.", extra={"flag": "-i"})
    ] = False
    word: Annotated[bool, msgspec.Meta(description="Match whole words only.", extra={"flag": "-w"})] = False
    glob: Annotated[
        str,
        msgspec.Meta(
            description="Only files like this, such as '*.py'; '!*.md' leaves files out.",
            extra={"flag": "-g", "metavar": "GLOB"},
        ),
    ] = ""
    literal: Annotated[
        bool,
        msgspec.Meta(
            description="The pattern is plain text, not a regular expression.", extra={"flag": "-F"}
        ),
    ] = False
    limit: Annotated[
        int,
        msgspec.Meta(
            description="How many matches are shown at most.", ge=1, le=10_000,
            extra={"flag": "--limit", "for_people": True},
        ),
    ] = _LIMIT  # fmt: skip


class GrepTool:
    """Finds lines by regular expression at ripgrep's speed.

    What is searched is what plain `rg` searches: no ignored, hidden or binary files (name a hidden folder
    as the path to search it), links not followed. The result is bounded (`limit` matches, those of the
    files first by name, a part of each file once there are more; lines cut at 300 characters) while every
    match is counted; past a million the search ends. With `ToolContext.write` and no other limit than the
    default every match is passed on whole as `path:line:text` without being held in memory. How that keeps
    ripgrep's speed is told in `matches.py`.
    """

    name: ClassVar[str] = "grep"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "search the files for a regular expression"
    action: ClassVar[ActionClass] = "read"
    args_type: ClassVar[type[msgspec.Struct]] = GrepArgs
    positional: ClassVar[tuple[str, ...]] = ("pattern", "path")
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = True

    async def run(self, args: GrepArgs, context: ToolContext) -> ToolResult:
        """Search; raises `ToolError` (bad pattern, bad glob, no such path), `PathRefused`, `UsageError`."""
        path = _searched(context.workspace, args)
        if args.limit != _LIMIT:  # somebody wants so many, not all
            context = msgspec.structs.replace(context, write=None)
        argv = search_command(
            args.pattern,
            path=path,
            ignore_case=args.ignore_case,
            word=args.word,
            literal=args.literal,
            glob=args.glob,
            columns=0 if context.write else _WIDTH,
            statistics=context.write is None,
        )
        is_file = path != "." and (context.workspace.root / path).is_file()
        matches = Matches(limit=args.limit, per_file=args.limit if is_file else max(10, args.limit // 4))
        try:
            stopped = await _search(argv, context, matches)
        except NotStarted as error:
            raise ToolError(f"ripgrep cannot be run: {error.strerror}") from None
        return _result(args, path, matches, stopped=stopped)


def _searched(workspace: Workspace, args: GrepArgs) -> str:
    """The path to search, as seen from the root; raises when there is nothing to search or to search for."""
    if not args.pattern:
        raise UsageError("grep: the pattern is empty", hint="Such as: grep 'def main' src")
    if "\n" in args.pattern:
        raise UsageError("grep: a pattern is one line", hint="Search for one of its lines.")
    resolved = workspace.resolve(args.path)
    if not resolved.exists():
        raise ToolError(
            f"{one_line(args.path)} does not exist",
            hint="The second word is a path; put a pattern with spaces in quotes.",
        )
    return workspace.relative(resolved)


async def _search(argv: list[str], context: ToolContext, matches: Matches) -> bool:
    """Run ripgrep; True when it was stopped because there are more matches than anybody counts."""
    shown = time.monotonic()
    async with stream_process(argv, cwd=Path(context.workspace.root)) as process:
        async for chunk in process:
            lines = matches.feed(chunk, wanted=context.write is not None)
            if context.write is not None:
                await context.write(lines)
            elif matches.total >= _MOST:
                return True
            if time.monotonic() - shown >= _PROGRESS_S:
                shown = time.monotonic()
                context.progress(_counts(matches) + " so far\n")
        code = await process.wait()
        if code not in (0, 1) and (process.errors.strip() or code < 0):
            raise complaint(process.errors or f"it was ended by signal {-code}")
    matches.finish()
    return False


def _counts(matches: Matches, *, stopped: bool = False) -> str:
    more = "+" if stopped else ""
    many = plural(matches.total, "match", "matches").replace(" ", f"{more} ", 1)
    return f"{many} in {plural(matches.files, 'file').replace(' ', f'{more} ', 1)}"


def _result(args: GrepArgs, path: str, matches: Matches, *, stopped: bool) -> ToolResult:
    kept = matches.kept()
    hits = tuple(hit for file in kept for hit in _hits(file))
    summary = _counts(matches, stopped=stopped) if matches.total else _nothing(path, matches)
    note = _note(matches, len(hits), stopped=stopped)
    body = "\n\n".join(_block(file) for file in kept)
    return ToolResult(
        text="\n\n".join(part for part in (body or summary, note) if part),
        summary=summary,
        hits=hits,
        data={
            "matches": matches.total,
            "files": matches.files,
            "searched": matches.searched,
            "shown": len(hits),
            "complete": len(hits) == matches.total,
        },
        note=note,
    )


def _nothing(path: str, matches: Matches) -> str:
    where = "" if path == "." else f" {one_line(path)}:"
    searched = "" if matches.searched is None else f" {plural(matches.searched, 'file')} searched"
    return f"no matches;{where}{searched}" if searched else "no matches"


def _note(matches: Matches, shown: int, *, stopped: bool) -> str:
    notes: list[str] = []
    if shown < matches.total:
        notes.append(
            f"showing {shown:,} of {matches.total:,}{'+' if stopped else ''} matches;"
            " narrow the pattern, the path, or the files (-g)"
        )
    if matches.binary:
        others = f" and {len(matches.binary) - 1} more" if len(matches.binary) > 1 else ""
        notes.append(f"binary, searched only in part: {matches.binary[0]}{others}")
    return "; ".join(notes)


def _hits(file: FileMatches) -> list[Hit]:
    return [Hit(file.path, number, number, text=text) for number, text in map(_parsed, file.lines)]


def _block(file: FileMatches) -> str:
    rows = [f"  {number}: {text}" for number, text in map(_parsed, file.lines)]
    if file.total > len(rows):
        rows.append(f"  … {file.total - len(rows):,} more in this file")
    return "\n".join([one_line(file.path), *rows])


def _parsed(raw: bytes) -> tuple[int, str]:
    number, _, content = raw.partition(b":")
    text = printable(content.removesuffix(b"\r").decode("utf-8", "replace")).replace("\n", " ")
    return int(number), text if len(text) <= _WIDTH else text[:_WIDTH] + "…"
