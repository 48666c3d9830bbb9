"""Running one hook: JSON in, JSON out, for a limited time, with nothing of it left behind."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from agent_core.draining import drain
from agent_core.hooks.model import REFUSES, Hook, HookInput, HookReply, Said
from agent_core.ignore import git_folder
from agent_core.process import NotStarted, Process, stream_process
from agent_core.text import human_duration, one_line, printable, shorten
from agent_core.verify.copying import remove_tree
from agent_core.verify.environment import without_secrets
from agent_core.verify.sandbox import Sandbox
from agent_core.workspace import STATE_FOLDER

_GRACE_S = 0.5
_MOST_SAID = 256 << 10
_STRING = 65_536
_NOTE, _REASON = 4_000, 1_000
_KEPT = (".git", STATE_FOLDER, ".mcp.json")
_QUIET = {"TERM": "dumb", "NO_COLOR": "1", "GIT_TERMINAL_PROMPT": "0", "PAGER": "cat", "GIT_PAGER": "cat"}
Mask = Callable[[str], str]


class _Failed(Exception):
    """The hook itself failed; the text says how."""


async def run_hook(hook: Hook, given: HookInput, *, root: Path, sandbox: Sandbox | None, mask: Mask) -> Said:
    """What it says; one that fails says what its `on_failure` is. Cancelling ends it with its group.

    Args:
        hook: The hook.
        given: What it is told; secrets are masked here.
        root: The workspace, in which it runs.
        sandbox: Where a workspace's hook runs; None runs it as the user's own program.
        mask: Replaces secrets.
    """
    try:
        reply = await _answer(hook, encoded(given, mask), root=root, sandbox=sandbox)
    except _Failed as failed:
        why = shorten(mask(one_line(str(failed))), _REASON)
        reason = f"it failed, and then it refuses: {why}" if hook.on_failure == "refuse" else ""
        return Said(decision=hook.on_failure, reason=reason, failure=why)
    return Said(
        decision=reply.decision,
        reason=shorten(one_line(mask(reply.reason)), _REASON),
        note=_bounded(printable(mask(reply.note)).strip()),
    )


def encoded(given: HookInput, mask: Mask) -> bytes:
    """The input as JSON: masked, and its texts cut."""
    return msgspec.json.encode(_masked(msgspec.to_builtins(given), mask))


def _masked(value: object, mask: Mask) -> object:
    match value:
        case str():
            return mask(value[:_STRING])
        case dict():
            return {name: _masked(each, mask) for name, each in value.items()}  # pyright: ignore
        case list() | tuple():
            return [_masked(each, mask) for each in value]  # pyright: ignore
        case _:
            return value


async def _answer(hook: Hook, data: bytes, *, root: Path, sandbox: Sandbox | None) -> HookReply:
    scratch = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="dspy-tui-hook-"))
    try:
        given = scratch / "input.json"
        await asyncio.to_thread(given.write_bytes, data)
        argv, env = _call(hook, root=root, sandbox=sandbox, scratch=scratch)
        code, out, errors = await _run(argv, env, given, hook.timeout, root)
    finally:
        await asyncio.shield(asyncio.to_thread(remove_tree, scratch))
    return _reply(code, out, errors)


def _call(
    hook: Hook, *, root: Path, sandbox: Sandbox | None, scratch: Path
) -> tuple[tuple[str, ...], Mapping[str, str]]:
    env = {**os.environ, **_QUIET}
    if hook.trusted:
        return hook.argv, env
    if sandbox is None:
        return hook.argv, without_secrets(env)
    home = scratch / "home"
    home.mkdir()
    return sandbox.wrap(
        hook.argv,
        env=env,
        root=root,
        stands_for=root,
        cwd=".",
        scratch=scratch,
        home=home,
        kept=_kept(root),
    )


def _kept(root: Path) -> list[Path]:
    """What a workspace's hook must not write, as git, or this, would run what it wrote there outside of the
    sandbox; all of the workspace where it could put something else in such a place, by a link."""
    places = [path for path in (root / name for name in _KEPT) if os.path.lexists(path)]
    if any(path.is_symlink() for path in places):
        return [root]
    folder = Path(os.path.realpath(git_folder(root)))
    if folder.is_relative_to(root) and folder.exists():  # where a work tree's `.git` leads
        places.append(folder)
    return places


async def _run(
    argv: tuple[str, ...], env: Mapping[str, str], given: Path, seconds: float, root: Path
) -> tuple[int, bytes, str]:
    fd = os.open(given, os.O_RDONLY | os.O_CLOEXEC)
    try:
        async with stream_process(argv, cwd=root, env=env, grace=_GRACE_S, stdin=fd) as process:
            try:
                async with asyncio.timeout(seconds):
                    out = await _read(process)
                    return await process.wait(), out, process.errors
            except TimeoutError:
                raise _Failed(f"it was ended after {human_duration(seconds)}") from None
    except NotStarted as error:
        raise _Failed(f"{argv[0]} cannot be run: {error.strerror}") from None
    finally:
        os.close(fd)


async def _read(process: Process) -> bytes:
    """What it says, which is not much."""
    said = bytearray()

    def take(chunk: bytes) -> None:
        said.extend(chunk)
        if len(said) > _MOST_SAID:
            raise _Failed(f"it said more than {_MOST_SAID >> 10} KiB")

    await drain(process, take)
    return bytes(said)


def _reply(code: int, out: bytes, errors: str) -> HookReply:
    if code not in (0, REFUSES):
        said = one_line(errors.strip().rpartition("\n")[2])
        ended = f"exit code {code}" if code >= 0 else f"signal {-code}"
        raise _Failed(f"{ended}{f': {said}' if said else ''}")
    if code == REFUSES and not out.strip().startswith(b"{"):
        return HookReply(decision="refuse", reason=errors.strip() or out.decode("utf-8", "replace").strip())
    try:
        reply = msgspec.json.decode(out, type=HookReply) if out.strip() else HookReply()
    except (ValueError, RecursionError) as error:
        raise _Failed(f"what it said is no reply: {error}") from None
    if code == REFUSES:
        return HookReply(decision="refuse", reason=reply.reason or errors.strip(), note=reply.note)
    return reply


def _bounded(note: str) -> str:
    return note if len(note) <= _NOTE else f"{note[:_NOTE]}…"
