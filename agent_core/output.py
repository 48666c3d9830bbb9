"""Writing to standard output and standard error without ever waiting for whoever reads them."""

from __future__ import annotations

import asyncio
import errno
import os
import stat
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from queue import SimpleQueue

from agent_core.files import write_all

STDOUT, STDERR = 1, 2
_BACKLOG = 1 << 20
_PIECE = 1 << 16


class Writer:
    """Writes in order, from a thread of its own: a reader that stalls stalls neither the work nor Ctrl-C.

    Until `close` standard output is its alone: what anything else in the process prints there (a plugin, a
    library, what they run) comes out on standard error, so that a document stays one.

    Args:
        on_lost: Called, from that thread, when nobody reads standard output any more or it cannot be written.
    """

    def __init__(self, *, on_lost: Callable[[], None]) -> None:
        self._on_lost = on_lost
        self._fds = {STDOUT: _printing_goes_to(STDERR), STDERR: STDERR}
        self._queue: SimpleQueue[tuple[int, bytes] | None] = SimpleQueue()
        self._lost: set[int] = set()
        self.error: OSError | None = None
        """Why standard output could not be written; None also when its reader just went away."""
        self._backlog = 0
        self._written_count = 0
        self._lock = threading.Lock()
        self._waiting: asyncio.Future[None] | None = None
        self._thread = threading.Thread(target=self._run, name="output", daemon=True)
        self._thread.start()

    def out(self, data: bytes) -> None:
        """Results."""
        with self._lock:
            self._backlog += len(data)
        self._queue.put((STDOUT, data))

    def watch(self) -> None:
        """Notice from now on, in the running loop, that a pipe's reader went away, whatever is written."""
        fd = self._fds[STDOUT]
        if sys.platform != "linux" or not stat.S_ISFIFO(os.fstat(fd).st_mode):
            return
        loop = asyncio.get_running_loop()

        def gone() -> None:  # there is nothing to read in this end: only its hang-up wakes us
            loop.remove_reader(fd)
            self._lose(STDOUT, BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)))

        loop.add_reader(fd, gone)

    async def room(self) -> None:
        """Wait until no more than a mebibyte of results waits for its reader. One task at a time."""
        loop = asyncio.get_running_loop()
        with self._lock:
            if self._backlog <= _BACKLOG:
                return
            self._waiting = loop.create_future()
        await self._waiting

    def diagnose(self, line: str) -> None:
        """A line for people, on standard error."""
        self.err(line + "\n")

    def err(self, text: str) -> None:
        """Something for people, as it is, on standard error."""
        self._queue.put((STDERR, text.encode("utf-8", "replace")))

    @property
    def lost(self) -> bool:
        """Whether standard output is gone."""
        return STDOUT in self._lost

    def close(self, *, patience: float | None = None) -> None:
        """Wait until everything is written, or nobody reads it.

        Args:
            patience: Give up after so many seconds in which the reader took nothing; None waits on.
        """
        self._queue.put(None)
        seen = -1
        while self._thread.is_alive() and seen != self._written_count:
            seen = self._written_count
            self._thread.join(patience)
        os.close(_printing_goes_to(self._fds[STDOUT]))

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            fd, data = item
            if fd not in self._lost:
                try:
                    self._write(fd, data)
                except OSError as error:
                    self._lose(fd, error)
            if fd == STDOUT:
                self._written(len(data))

    def _write(self, fd: int, data: bytes) -> None:
        for start in range(0, len(data), _PIECE):
            write_all(self._fds[fd], data[start : start + _PIECE])
            self._written_count += 1

    def _written(self, count: int) -> None:
        with self._lock:
            self._backlog -= count
            if self._waiting is None or self._backlog > _BACKLOG:
                return
            waiting, self._waiting = self._waiting, None
        with suppress(RuntimeError):  # the loop has ended
            waiting.get_loop().call_soon_threadsafe(_settle, waiting)

    def _lose(self, fd: int, error: OSError) -> None:
        self._lost.add(fd)
        if fd != STDOUT:
            return
        self._lost.add(STDERR)  # nobody wants to know how the rest went
        if error.errno not in (errno.EPIPE, errno.EBADF):
            self.error = error
        self._on_lost()


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


@contextmanager
def nothing_printed() -> Generator[None]:
    """While the block runs, what anything in the process prints comes out on standard error."""
    results = _printing_goes_to(STDERR)
    try:
        yield
    finally:
        os.close(_printing_goes_to(results))
        os.close(results)


def _printing_goes_to(fd: int) -> int:
    """Have standard output lead there from now on; returns where it led, to where what is buffered goes."""
    with suppress(OSError, ValueError):  # nobody reads it, or somebody closed it
        sys.stdout.flush()
    before = os.dup(STDOUT)
    os.dup2(fd, STDOUT)
    return before


def open_missing_streams() -> None:
    """Put the null device where a standard stream is closed, so that no file of ours takes its number."""
    for fd, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(fd)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != fd:
                os.dup2(opened, fd)
                os.close(opened)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(fd, "w" if fd else "r", closefd=False))
