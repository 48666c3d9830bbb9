"""Running a program and reading what it says while it says it.

    async with stream_process(["rg", "x"], cwd=root) as process:
        async for chunk in process:
            ...
        code = await process.wait()

The program gets a session of its own, and no input but what it is given. When the block is left, however
that happens, nothing of it is left running: its process group is killed, and on Linux, when it had not ended
by itself, also whatever it started that moved to another session (known by a variable in its environment). At
most about a megabyte of output waits to be read; past that the program waits.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Literal, cast

from agent_core.marks import kill_marked, marked_environment

_PIPE_SIZE = 1 << 20
_HIGH = 1 << 20
_BATCH = 1 << 16
_PATIENCE_S = 0.01
_ERRORS = 16 * 1024
_ROWS = 40


class NotStarted(OSError):
    """A program could not be started; `strerror` says why."""


class Process(asyncio.SubprocessProtocol):
    """A running program; iterate over it for its output, in chunks of any size. Made by `stream_process`."""

    def __init__(self, mark: str, *, is_terminal: bool = False) -> None:
        self.pid = 0
        self._is_terminal = is_terminal
        self.mark = mark
        self._transport: asyncio.SubprocessTransport | None = None
        self._pipe: asyncio.ReadTransport | None = None
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._paused = False
        self._due = False
        self._timer: asyncio.TimerHandle | None = None
        self._changed = asyncio.Event()
        self._exited = asyncio.Event()
        self._ended = False
        self._open_pipes: set[int] = set()
        self._errors = bytearray()

    @property
    def errors(self) -> str:
        """What it said on standard error so far: the first 16 KiB, undecodable bytes replaced."""
        return self._errors.decode("utf-8", "replace")

    @property
    def returncode(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        return self._transport.get_returncode() if self._transport else None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (chunk := await self.read()) is not None:
            yield chunk

    async def read(self) -> bytes | None:
        """The next chunk, once there is one; None when standard output and standard error are at their end.

        Small pieces are collected for a hundredth of a second: each wake-up costs more than it brings.
        """
        while self._size < _BATCH and not self._due and not self._ended:
            self._changed.clear()
            await self._changed.wait()
        self._due = False
        if not self._chunks:
            return None
        chunk = self._take()
        if self._paused and self._size < _HIGH // 2 and self._pipe is not None:
            self._paused = False
            self._pipe.resume_reading()
        return chunk

    def _take(self) -> bytes:
        """What came first: one chunk, or several small ones joined."""
        taken = [self._chunks.popleft()]
        size = len(taken[0])
        while self._chunks and size < _BATCH:
            taken.append(self._chunks.popleft())
            size += len(taken[-1])
        self._size -= size
        return taken[0] if len(taken) == 1 else b"".join(taken)

    async def wait(self) -> int:
        """Its exit code, once it has one; output may still be waiting."""
        await self._exited.wait()
        code = self.returncode
        assert code is not None
        return code

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of the protocol."""
        self._transport = cast(asyncio.SubprocessTransport, transport)
        self.pid = self._transport.get_pid()
        if self._is_terminal:
            self._open_pipes = {1}
            return
        self._open_pipes = {fd for fd in (1, 2) if self._transport.get_pipe_transport(fd) is not None}
        self._pipe = cast("asyncio.ReadTransport | None", self._transport.get_pipe_transport(1))
        if self._pipe is not None:
            _enlarge(self._pipe.get_extra_info("pipe"))

    def attach(self, pipe: asyncio.ReadTransport) -> None:
        """Its output comes from a terminal's other end."""
        self._pipe = pipe

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Part of the protocol."""
        if fd == 2:
            self._errors += data[: _ERRORS - len(self._errors)]
            return
        self._chunks.append(data)
        self._size += len(data)
        if self._size >= _HIGH and self._pipe is not None and not self._paused:
            self._paused = True
            self._pipe.pause_reading()
        if self._size >= _BATCH:
            self._changed.set()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_PATIENCE_S, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._due = bool(self._chunks)
        self._changed.set()

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        """Part of the protocol."""
        self._open_pipes.discard(fd)
        if not self._open_pipes:
            self._ended = True
            self._changed.set()

    def process_exited(self) -> None:
        """Part of the protocol."""
        self._exited.set()

    def group_alive(self) -> bool:
        """Whether anything in its process group still exists."""
        try:
            os.killpg(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:  # somebody else's by now, as with sudo
            return True
        return True

    def kill(self) -> None:
        """Kill all of it at once."""
        _signal_group(self.pid, signal.SIGKILL)
        kill_marked(self.mark)

    async def end(self, grace: float) -> None:
        """Leave nothing of it running; `grace` is how many seconds it has to clean up after SIGTERM."""
        by_itself = self._exited.is_set() and self._ended
        try:
            if grace and not self._exited.is_set():
                _signal_group(self.pid, signal.SIGTERM)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._exited.wait(), grace)
        finally:
            if by_itself:
                _signal_group(self.pid, signal.SIGKILL)
            else:
                self.kill()
            if self._timer is not None:
                self._timer.cancel()
            # Closing asks the system for the exit code itself, and whoever waits for it would not get it.
            try:
                await self._exited.wait()
            finally:
                if self._transport is not None:
                    self._transport.close()
                if self._is_terminal and self._pipe is not None:
                    self._pipe.close()


@asynccontextmanager
async def stream_process(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    errors: Literal["apart", "merged"] = "apart",
    grace: float = 0.0,
    columns: int = 0,
    stdin: int = asyncio.subprocess.DEVNULL,
) -> AsyncGenerator[Process]:
    """Run a program for as long as the block lasts.

    Args:
        argv: The program and its arguments.
        cwd: Its working folder.
        env: Its environment; this process's by default.
        errors: Whether standard error is kept apart (`Process.errors`) or comes within the output.
        grace: Seconds between SIGTERM and SIGKILL if it still runs when the block is left; 0 kills at once.
        columns: Of a terminal that it writes to, both output and errors, so that it writes at once and in
            colours; 0 for pipes.
        stdin: A descriptor that it reads its input from; there is none by default.

    Raises:
        NotStarted: It cannot be started; what is raised inside the block comes through as it is.
    """
    mark, environment = marked_environment(os.environ if env is None else env)
    process = Process(mark, is_terminal=columns > 0)
    ends: list[int] = []
    out: int = asyncio.subprocess.PIPE
    try:
        if columns:
            ends += _open_terminal(columns)
            out = ends[1]
        await asyncio.get_running_loop().subprocess_exec(
            lambda: process,
            *argv,
            cwd=cwd,
            env=environment,
            stdin=stdin,
            stdout=out,
            stderr=asyncio.subprocess.STDOUT if errors == "merged" else asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        if ends:
            terminal = os.fdopen(ends.pop(0), "rb", buffering=0)
            await asyncio.get_running_loop().connect_read_pipe(lambda: _TerminalReader(process), terminal)
    except OSError as error:
        raise NotStarted(error.errno or 0, error.strerror or str(error)) from error
    except ValueError as error:  # a NUL, or what is no text
        raise NotStarted(0, str(error)) from error
    finally:
        for fd in ends:
            os.close(fd)
    try:
        yield process
    finally:
        await process.end(grace)


def _open_terminal(columns: int) -> tuple[int, int]:
    """Both ends of a new terminal that passes on what is written as it is."""
    import fcntl
    import struct
    import termios

    ours, theirs = os.openpty()
    attributes = termios.tcgetattr(theirs)
    attributes[1] &= ~termios.OPOST
    attributes[3] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(theirs, termios.TCSANOW, attributes)
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, columns, 0, 0))
    return ours, theirs


class _TerminalReader(asyncio.Protocol):
    """Hands what a terminal's program writes to its process."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of the protocol."""
        self._process.attach(cast(asyncio.ReadTransport, transport))

    def data_received(self, data: bytes) -> None:
        """Part of the protocol."""
        self._process.pipe_data_received(1, data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody has the other end any more: that is how the output of a terminal ends."""
        self._process.pipe_connection_lost(1, None)


def _enlarge(pipe: Any) -> None:
    """Let a megabyte wait in the pipe, so that a fast writer is not held up by each turn of the loop."""
    with suppress(ImportError, AttributeError, OSError, ValueError):  # it may be over already
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)


def _signal_group(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if pid > 0:
            os.killpg(pid, number)
