"""Committing some files with git, as the user would: with their hooks, their identity, their signature."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from agent_core.capture import Captured, capture
from agent_core.errors import ToolError
from agent_core.files import read_bounded
from agent_core.gitstate import git_environment, safe_git
from agent_core.process import NotStarted, stream_process
from agent_core.text import one_line, printable, shorten

_MOST_SAID = 8_000
_DIFF = ("diff", "--no-ext-diff", "--no-textconv", "--no-color", "--find-renames")
_UNKNOWN = re.compile(r"Please tell me who you are|empty ident name|no email was given")
_NEW = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""The tree without files, which a first commit is compared with."""


class Committed(msgspec.Struct, frozen=True, kw_only=True):
    """A commit that was made: its short hash, and what git and the hooks said."""

    commit: str
    said: str


class Repository:
    """The git repository that a workspace lies in.

    Args:
        root: The workspace's root; paths are relative to it.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._git: list[str] | None = None

    async def earlier_subjects(self, count: int = 5) -> tuple[str, ...]:
        """The first lines of the last commits' messages, newest first."""
        asked = await self._ask("log", f"-{count}", "--format=%s")
        return tuple(printable(line) for line in asked.out.decode("utf-8", "replace").splitlines())

    async def staged(self) -> tuple[str, ...]:
        """The files with staged changes, below the root."""
        asked = await self._ask("diff", "--cached", "--name-only", "--relative", "-z")
        names = asked.out.decode("utf-8", "surrogateescape").split("\0")
        return tuple(name for name in names if name)

    async def diff(self, paths: Sequence[str], *, limit: int) -> str:
        """How the files differ from the last commit, printable; those that git does not know yet are new."""
        known = await self._ask("rev-parse", "--verify", "--quiet", "HEAD")
        base = "HEAD" if known.code == 0 else _NEW
        asked = await self._ask(*_DIFF, base, "--", *paths, limit=limit)
        told = printable(asked.out.decode("utf-8", "replace"))
        new = await self._untracked(paths)
        return told + await asyncio.to_thread(_as_new, self._root, new, limit - len(asked.out))

    async def commit(
        self, message: str, paths: Sequence[str], *, staged: bool, progress: Callable[[str], None]
    ) -> Committed:
        """Commit the files as they are, or what is staged, and nothing else.

        Hooks run, and may take their time; nothing asks, since there is no terminal to ask on.

        Raises:
            ToolError: git, or a hook, refused.
        """
        env = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_EDITOR": "true", "GIT_PAGER": "cat"}
        argv = ["git", "--literal-pathspecs", "commit", "--message", message]
        new: list[str] = []
        if not staged:
            argv += ["--only", "--", *paths]
            new = await self._unknown(paths)
        try:
            if new:  # files that git does not know yet have to be named to it first
                add = ["git", "--literal-pathspecs", "add", "--intent-to-add", "--", *new]
                await self._run(add, env, progress)
            said = await self._run(argv, env, progress)
        except BaseException:
            if new:
                forget = ("--literal-pathspecs", "rm", "--cached", "--quiet", "--ignore-unmatch", "--", *new)
                await asyncio.shield(self._ask(*forget))
            raise
        asked = await self._ask("rev-parse", "--short", "HEAD")
        return Committed(commit=asked.out.decode().strip(), said=said)

    async def _unknown(self, paths: Sequence[str]) -> list[str]:
        """The files that are there and that git does not know."""
        asked = await self._ask("--literal-pathspecs", "ls-files", "-z", "--", *paths, limit=16 << 20)
        known = set(asked.out.decode("utf-8", "surrogateescape").split("\0"))
        unknown = [path for path in paths if path not in known]
        return await asyncio.to_thread(_there, self._root, unknown)

    async def _untracked(self, paths: Sequence[str]) -> list[str]:
        """The files that git would take in, also those in the folders among the paths."""
        words = ("--literal-pathspecs", "ls-files", "--others", "--exclude-standard", "-z", "--", *paths)
        asked = await self._ask(*words)
        return asked.out.decode("utf-8", "surrogateescape").split("\0")[:-1]

    async def _run(self, argv: Sequence[str], env: Mapping[str, str], progress: Callable[[str], None]) -> str:
        said = ""
        try:
            async with stream_process(argv, cwd=self._root, env=env, errors="merged", grace=0.5) as process:
                async for chunk in process:
                    piece = printable(chunk.decode("utf-8", "replace"))
                    progress(piece)
                    said = (said + piece)[-_MOST_SAID:]
                code = await process.wait()
        except NotStarted as error:
            raise ToolError(f"git cannot be run: {error.strerror}", hint="Install git.") from None
        if code != 0 and _UNKNOWN.search(said):
            raise ToolError(
                "Nothing was committed: git does not know who you are",
                hint='`!git config user.name "NAME"` and `!git config user.email ADDRESS`, then `commit`.',
            )
        if code != 0:
            why = shorten(one_line(said.strip()) or f"exit {code}", 300)
            raise ToolError(
                f"Nothing was committed: {why}", hint="Mend what git or the hook complains of, then `commit`."
            )
        return said

    async def _ask(self, *words: str, limit: int = 256 * 1024) -> Captured:
        try:
            if self._git is None:
                self._git = await safe_git(self._root)
            return await capture(
                [*self._git, *words], cwd=self._root, env=git_environment(), timeout=30, limit=limit
            )
        except TimeoutError:
            raise ToolError("git did not answer in time", hint="Try again.") from None
        except OSError:
            raise ToolError("git cannot be run", hint="Install git.") from None


def _there(root: Path, paths: Sequence[str]) -> list[str]:
    return [path for path in paths if os.path.lexists(root / path)]


def _as_new(root: Path, paths: Sequence[str], limit: int) -> str:
    """Patches that make the files, of no more than about `limit` bytes; what is no text is named alone."""
    told = ""
    for path in paths:
        if (room := limit - len(told)) <= 0:
            break
        told += f"new file {one_line(path)}\n"
        try:
            content = read_bounded(root / path, room, follow=False)
        except OSError:  # a link, or gone since
            continue
        if b"\0" not in content:
            lines = printable(content.decode("utf-8", "replace")).splitlines()
            told += "".join(f"+{line}\n" for line in lines)
    return told
