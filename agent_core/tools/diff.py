"""`diff`: what has changed since the last commit."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec

from agent_core.capture import Captured, capture
from agent_core.errors import ToolError
from agent_core.events import ActionClass
from agent_core.gitstate import git_environment, safe_git, status
from agent_core.ignore import repository_root
from agent_core.text import encodable, human_size, one_line, plural, printable, shorten
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.workspace import Workspace

if TYPE_CHECKING:
    from agent_core.changes.model import FileChange
    from agent_core.checkpoints.checkpoints import Checkpoints

_MOST_BYTES = 256 * 1024
_MOST_LINES = 2_000
_WIDTH = 500
_MOST_FILES = 500
_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_OPTIONS = (
    "--no-ext-diff", "--no-textconv", "--no-color", "--relative", "--submodule=short",
    "--ignore-submodules=dirty", "--src-prefix=a/", "--dst-prefix=b/", "--find-renames",
)  # fmt: skip


class DiffArgs(msgspec.Struct, frozen=True, kw_only=True):
    """Arguments of `diff`."""

    path: Annotated[
        str,
        msgspec.Meta(description="Only this file or folder; everything without it.", extra={"path": True}),
    ] = "."
    session: Annotated[
        bool, msgspec.Meta(description="What this session changed, by edits and commands, instead.")
    ] = False
    turn: Annotated[
        str,
        msgspec.Meta(
            description="What one turn changed, by its number in `undo --list`, instead.",
            extra={"flag": "--turn", "metavar": "N"},
        ),
    ] = ""


class DiffTool:
    """Shows the changes of the working tree against the last commit, staged or not, and names untracked
    files; or what this session, or one turn, changed, which needs no git.

    Nothing that the repository configures is run: no external diff, text conversion, filter, hook, monitor
    or pager, and nothing is fetched.
    """

    name: ClassVar[str] = "diff"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "show what has changed since the last commit, in this session, or by a turn"
    action: ClassVar[ActionClass] = "read"
    args_type: ClassVar[type[msgspec.Struct]] = DiffArgs
    positional: ClassVar[tuple[str, ...]] = ("path",)
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = True

    def __init__(self, *, checkpoints: Checkpoints | None = None) -> None:
        self._checkpoints = checkpoints

    async def run(self, args: DiffArgs, context: ToolContext) -> ToolResult:
        """Compare; raises `PathRefused`, and `ToolError` without git, a repository, or such a path."""
        workspace = context.workspace
        path = workspace.relative(workspace.resolve(args.path))
        if args.session or args.turn:
            return await self._kept(args.turn, path)
        if repository_root(workspace.root) is None:
            raise ToolError(
                "This folder is in no git repository",
                hint="`!git init` makes it one; then commit a first state.",
            )
        try:
            git = _Git(workspace, await safe_git(workspace.root), path)
            base = "HEAD" if await git.has_commit() else _EMPTY_TREE
            files = _files((await git.diff(base, "--numstat", "-z")).out)
            patch = await git.diff(base, "--patch")
        except TimeoutError:
            raise ToolError("git did not answer in time", hint="Name a file or a folder.") from None
        except OSError:
            raise ToolError("git cannot be run", hint="Install git.") from None
        untracked = await _untracked(workspace, path)
        if not files and not untracked and not (workspace.root / path).exists():
            raise ToolError(f"{one_line(args.path)} does not exist")
        return _result(path, files, untracked, patch)

    async def _kept(self, turn: str, path: str) -> ToolResult:
        """What the session, or one turn, changed."""
        if self._checkpoints is None:
            raise ToolError("Nothing is kept of the turns here")
        prefix = "" if path == "." else path + "/"
        changes = [
            change
            for change in await self._checkpoints.changes(turn)
            if (change.path + "/").startswith(prefix)
        ]
        return await asyncio.to_thread(
            _shown, changes, f"by turn {one_line(turn)}" if turn else "in this session"
        )


def _shown(changes: list[FileChange], by: str) -> ToolResult:
    from agent_core.changes.hunks import counts, is_binary, unified

    files: list[dict[str, Any]] = []
    for change in changes:
        added, removed = (None, None) if is_binary(change) else counts(change)
        files.append({"path": encodable(change.path), "added": added, "removed": removed})
    text = "".join(unified(change) for change in changes).encode("utf-8", "surrogateescape")
    patch = Captured(0, text[:_MOST_BYTES], "", len(text) > _MOST_BYTES)
    return _result(".", files, [], patch, by)


class _Git:
    def __init__(self, workspace: Workspace, command: list[str], path: str) -> None:
        self._root, self._command, self._path = workspace.root, command, path
        self._environment = git_environment()

    async def has_commit(self) -> bool:
        asked = await self._ask("rev-parse", "--verify", "--quiet", "HEAD")
        return asked.code == 0

    async def diff(self, base: str, *options: str) -> Captured:
        answer = await self._ask("diff", *_OPTIONS, *options, base, "--", self._path)
        if answer.code != 0 and not answer.cut:
            raise ToolError(f"git diff failed: {shorten(one_line(answer.err), 300)}")
        return answer

    async def _ask(self, *words: str) -> Captured:
        argv = [*self._command, *words]
        return await capture(argv, cwd=self._root, env=self._environment, timeout=30, limit=_MOST_BYTES)


def _files(listed: bytes) -> list[dict[str, Any]]:
    """The rows of `git diff --numstat -z`; added and removed are None for a binary file."""
    rows: list[dict[str, Any]] = []
    fields = iter(listed.decode("utf-8", "replace").split("\0"))
    for field in fields:
        parts = field.split("\t", 2)
        if len(parts) < 3:
            continue
        added, removed, path = parts
        if not path:  # renamed: the old and the new path follow
            next(fields, None)
            path = next(fields, "")
        rows.append(
            {
                "path": path,
                "added": int(added) if added.isdigit() else None,
                "removed": int(removed) if removed.isdigit() else None,
            }
        )
    return rows


async def _untracked(workspace: Workspace, path: str) -> list[str]:
    prefix = "" if path == "." else path + "/"
    state = await status(workspace)
    return sorted(
        encodable(name)
        for name, code in state.files.items()
        if code == "?" and (name + "/").startswith(prefix)
    )


def _result(
    path: str, files: list[dict[str, Any]], untracked: list[str], patch: Captured, by: str = ""
) -> ToolResult:
    lines = printable(patch.out.decode("utf-8", "replace")).splitlines()
    cut = patch.cut or len(lines) > _MOST_LINES
    shown = [shorten(line, _WIDTH) for line in lines[:_MOST_LINES]]
    note = ""
    if cut:
        size = f"the first {human_size(_MOST_BYTES)}" if patch.cut else f"{len(lines):,} lines"
        note = f"cut: {len(shown):,} lines of {size} shown; name a file to see all of its changes"
    parts = ["\n".join(shown)] if shown else []
    if untracked:
        more = [f"  … {len(untracked) - _MOST_FILES:,} more"] if len(untracked) > _MOST_FILES else []
        parts.append(
            "\n".join(["Untracked:", *(f"  {one_line(name)}" for name in untracked[:_MOST_FILES]), *more])
        )
    if note:
        parts.append(f"… {note}")
    where = "" if path == "." else f" in {one_line(path)}"
    return ToolResult(
        text="\n\n".join(parts) or f"No changes{where} {by or 'since the last commit'}.",
        summary=_summary(files, untracked) + where + (f" {by}" if by else ""),
        data={
            "path": encodable(path),
            "files": files[:_MOST_FILES],
            "untracked": untracked[:_MOST_FILES],
            "complete": not cut and len(files) <= _MOST_FILES and len(untracked) <= _MOST_FILES,
        },
        note=note,
    )


def _summary(files: list[dict[str, Any]], untracked: list[str]) -> str:
    if not files and not untracked:
        return "no changes"
    added = sum(row["added"] or 0 for row in files)
    removed = sum(row["removed"] or 0 for row in files)
    changed = f"{plural(len(files), 'file')} changed, +{added:,} -{removed:,}"
    return f"{changed}, {len(untracked):,} untracked" if untracked else changed
