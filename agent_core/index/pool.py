"""Processes that read files for the index: parsing burns CPU, and a file made for it can kill a parser.

tree-sitter can take any amount of memory for a text that was made to hurt a grammar, in a step that nobody
can stop. So files are parsed where that costs nothing but a process with a limit; a file that it does not
survive is cut into plain windows. Only where no process can be started, files are parsed in this one.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from itertools import islice
from pathlib import Path

from agent_core.index.digest import Digest, digest
from agent_core.index.reader import begin, read
from agent_core.index.remains import give_back

_BATCH = 100
_FEW = 300
"""Up to so many files are read by one process: each takes a while of every core to start."""
_FEW_AT_ONCE = 8
_TRIES = 3
"""After so many pools in a row of which no process started, none is tried for:"""
_WITHOUT_S = 60.0
_FIRST_S, _LATER_S = 3.0, 60.0
"""How long the processes are kept when there is no more to read: a start brings some files, then mostly none
for long; somebody who changes files goes on with that."""
_LOOK_S = 0.1
_log = logging.getLogger(__name__)


class _NoProcess(Exception):
    """No process can be started."""


class Readers:
    """A pool of processes for one workspace, started when they are needed, and kept for a while.

    Args:
        root: The workspace's root.
        at_once: Processes at most; as many as there are cores by default.
        first_s: How long they are kept after what is read first.
        later_s: How long they are kept once they were started again.
    """

    def __init__(
        self, root: Path, *, at_once: int = 0, first_s: float = _FIRST_S, later_s: float = _LATER_S
    ) -> None:
        self._root = root
        self._kept_s, self._later_s = first_s, later_s
        self._busy = 0
        self._closed = False
        self._timer: asyncio.TimerHandle | None = None
        self._tiring: asyncio.Task[None] | None = None
        self._count = at_once or os.cpu_count() or 1
        self._pool: _Pool | None = None
        self._first: asyncio.Task[None] | None = None
        self._refused = 0
        self._without_until = 0.0
        self._told = False

    async def digests(self, paths: Sequence[str], known: Mapping[str, bytes]) -> AsyncIterator[Digest]:
        """Read files, some at a time.

        Args:
            paths: Files below the root, in the order in which they are wanted.
            known: The hashes of their contents so far.
        """
        few = len(paths) <= _FEW
        batches = _batches(paths, max(_FEW_AT_ONCE, len(paths) // _FEW_AT_ONCE) if few else _BATCH)
        at_once = 1 if few else 2 * self._count
        running: set[asyncio.Task[list[Digest]]] = set()
        self._begin()
        try:
            if few and self._first is not None:
                await asyncio.wait({self._first})  # else a second process would be started beside it
            running = {self._read(batch, known) for batch in islice(batches, at_once)}
            while running:
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                running |= {self._read(batch, known) for batch in islice(batches, len(done))}
                for task in done:
                    for found in task.result():
                        yield found
        finally:
            for task in running:
                task.cancel()
            if not few:
                self.rest()
            self._finish()

    def start(self) -> None:
        """Start a process while it is being found out what there is to read."""
        if self._first is None:
            self._first = asyncio.create_task(self._warm())
            self._first.add_done_callback(self._started)

    def _started(self, _: asyncio.Task[None]) -> None:
        self._first = None

    async def _warm(self) -> None:
        """Have a process ready."""
        self._begin()
        try:
            await self._survived([], {})
        finally:
            self._finish()

    def _begin(self) -> None:
        self._busy += 1
        self._forget()

    def _finish(self) -> None:
        """When nothing is read any more, keep the processes for a while."""
        self._busy -= 1
        self._forget()
        if not self._busy and not self._closed:
            self._timer = asyncio.get_running_loop().call_later(self._kept_s, self._tire)

    def _forget(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None

    def _tire(self) -> None:
        """There was nothing to read for a while."""
        self._kept_s = self._later_s
        self._timer = None
        pool, self._pool = self._pool, None
        self._tiring = asyncio.create_task(self._go_to_rest(pool))

    async def _go_to_rest(self, pool: _Pool | None) -> None:
        """End the processes, and multiprocessing's own, and give back the memory that all this left."""
        if pool is not None:
            await asyncio.to_thread(pool.wait)
        del pool
        # Some are not waited for when they end.
        while multiprocessing.active_children() and self._unused():  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(_LOOK_S)
        if self._unused():
            give_back()

    def _unused(self) -> bool:
        return self._pool is None and not self._busy and not self._closed

    async def aclose(self) -> None:
        """End the processes for good."""
        self._closed = True
        first = self._first
        self.rest()
        await asyncio.gather(*filter(None, (first, self._tiring)), return_exceptions=True)

    def rest(self) -> None:
        """End the processes; the next file starts one again."""
        self._forget()
        if self._first is not None:
            self._first.cancel()
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.end(cancel=True)

    def _read(self, batch: Sequence[str], known: Mapping[str, bytes]) -> asyncio.Task[list[Digest]]:
        own = {path: known[path] for path in batch if path in known}
        return asyncio.create_task(self._survived(batch, own))

    async def _survived(self, batch: Sequence[str], known: Mapping[str, bytes]) -> list[Digest]:
        """Digests of a batch; where a process does not survive it, of each of its files."""
        with suppress(BrokenProcessPool):
            return [await self._somewhere(batch, known)]
        if len(batch) > 1:
            found = [await self._survived([path], known) for path in batch]
            return [digest for digests in found for digest in digests]
        with suppress(BrokenProcessPool):  # it may have been another batch's file
            return [await self._somewhere(batch, known, alone=True)]
        if batch:
            _log.warning("no parser survives %s: it is cut into plain pieces", batch[0])
        return [await asyncio.to_thread(digest, self._root, batch, known, structure=False)]

    async def _somewhere(
        self, batch: Sequence[str], known: Mapping[str, bytes], *, alone: bool = False
    ) -> Digest:
        """Read a batch in a process, or here if none can be started; raises BrokenProcessPool."""
        while time.monotonic() >= self._without_until:
            with suppress(_NoProcess):
                return await self._in_process(batch, known, alone=alone)
        return await asyncio.to_thread(digest, self._root, batch, known)

    async def _in_process(self, batch: Sequence[str], known: Mapping[str, bytes], *, alone: bool) -> Digest:
        pool = self._current() if not alone else _Pool(1)
        usable = not alone
        try:
            found = await pool.read(self._root, batch, known)
        except _NoProcess as reason:
            usable = False
            if alone or self._pool is pool:  # several wait for one
                self._refuse(reason)
            raise
        except BrokenProcessPool:
            usable = False
            raise
        finally:
            if not usable:
                self._pool = None if self._pool is pool else self._pool
                pool.end()
        self._refused = 0
        return found

    def _refuse(self, reason: _NoProcess) -> None:
        """Count a pool without a process; after some of them, do without for a while."""
        self._refused += 1
        if self._refused < _TRIES:
            return
        self._refused, self._without_until = 0, time.monotonic() + _WITHOUT_S
        if not self._told:
            self._told = True
            _log.warning("no process that reads files can be started (%s): they are read in this one", reason)

    def _current(self) -> _Pool:
        if self._pool is None:
            self._pool = _Pool(self._count)
        return self._pool


class _Pool:
    """Some processes, each started when there is work for it."""

    def __init__(self, count: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._begun = context.Semaphore(0)
        self._has_begun = False
        self._processes = ProcessPoolExecutor(count, context, initializer=begin, initargs=(self._begun,))

    async def read(self, root: Path, batch: Sequence[str], known: Mapping[str, bytes]) -> Digest:
        """See `digest`; raises BrokenProcessPool when a process does not survive it, or _NoProcess."""
        try:
            future = self._processes.submit(read, root, batch, known)
        except BrokenProcessPool as error:
            raise self._meaning(error) from error
        except (OSError, RuntimeError) as error:  # no room for a process, or for the thread that watches it
            raise _NoProcess(str(error)) from error
        try:
            return await asyncio.wrap_future(future)
        except BrokenProcessPool as error:
            raise self._meaning(error) from error

    def _meaning(self, error: BrokenProcessPool) -> Exception:
        """A process that ended before it had begun was not ended by what it read."""
        self._has_begun = self._has_begun or self._begun.acquire(block=False)
        return error if self._has_begun else _NoProcess("each ends at once")

    def end(self, *, cancel: bool = False) -> None:
        """End the processes when they have done what is asked of them, or only what they have begun."""
        # Not waiting: whoever was cancelled must not be held up by a file of a megabyte.
        self._processes.shutdown(wait=False, cancel_futures=cancel)

    def wait(self) -> None:
        """End the processes, and return when they have ended. The pool is of no use any more."""
        self._processes.shutdown(cancel_futures=True)
        # Whoever calls this from a thread may hold the pool a moment longer: what it holds must go now.
        del self._processes, self._begun


def _batches(paths: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (paths[start : start + size] for start in range(0, len(paths), size))
