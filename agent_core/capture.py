"""Asking another program something: its whole answer, within bounds of time and size.

`process.stream_process` is for output that is followed while it comes; here both outputs are read to the end.
"""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec


class Captured(msgspec.Struct, frozen=True):
    """How a program answered. `code` is its exit code, negative for a signal; `cut`: output was lost."""

    code: int
    out: bytes
    err: str
    cut: bool = False


async def capture(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    given: bytes = b"",
    timeout: float = 10.0,  # noqa: ASYNC109 - a bound of the program's time, not of the wait alone
    limit: int = 8 * 1024 * 1024,
    memory: int | None = None,
) -> Captured:
    """Run a program and collect what it says; `given` is its whole input.

    It gets a session of its own, and the whole of it is killed when the time is up, when it says more than
    `limit` bytes, or when the caller is cancelled. Where it runs on Linux, no process of it gets more than
    `memory` bytes for its data.

    Raises:
        OSError: It cannot be started.
        TimeoutError: It took longer than `timeout` seconds.
    """
    process = await asyncio.create_subprocess_exec(
        *argv,
        cwd=cwd,
        env=None if env is None else dict(env),
        stdin=asyncio.subprocess.PIPE if given else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None and process.stderr is not None
    try:
        if memory is not None and sys.platform == "linux":
            with suppress(ProcessLookupError, PermissionError):
                resource.prlimit(process.pid, resource.RLIMIT_DATA, (memory, memory))
        async with asyncio.timeout(timeout):
            out, err, _ = await asyncio.gather(
                _read(process.stdout, limit, lambda: _end(process)),
                _read(process.stderr, limit, lambda: _end(process)),
                _give(process.stdin, given),
            )
            code = await process.wait()
        cut = max(len(out), len(err)) > limit
        return Captured(code, out[:limit], err[:limit].decode("utf-8", "replace"), cut)
    finally:
        _end(process)
        if process.returncode is None:
            await asyncio.shield(process.wait())


async def _read(stream: asyncio.StreamReader, limit: int, on_full: Callable[[], None]) -> bytes:
    """Everything up to the limit, and a little more to show that there was more."""
    chunks: list[bytes] = []
    size = 0
    while size <= limit and (chunk := await stream.read(65536)):
        chunks.append(chunk)
        size += len(chunk)
    if size > limit:
        on_full()
    return b"".join(chunks)


async def _give(stream: asyncio.StreamWriter | None, given: bytes) -> None:
    if stream is not None:
        with suppress(ConnectionError):  # it ended without reading all of it
            stream.write(given)
            await stream.drain()
        stream.close()


def _end(process: asyncio.subprocess.Process) -> None:
    """Kill the program and what it started in its session, also when it has ended itself.

    Its pipes are closed here: asyncio waits for their ends as well, and never comes to that of one that is
    full and that nobody reads any more.
    """
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    transport = process._transport  # pyright: ignore[reportPrivateUsage, reportUnknownMemberType, reportAttributeAccessIssue, reportUnknownVariableType]
    for number in range(3):
        pipe = transport.get_pipe_transport(number)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        if pipe is not None:
            pipe.close()  # pyright: ignore[reportUnknownMemberType]
