"""Processes that read files for the index: parsing burns CPU, and a file made for it can kill a parser.

tree-sitter can take any amount of memory for a text that was made to hurt a grammar, in a step that nobody
can stop. So files are parsed where that costs nothing but a process with a limit; a file that it does not
survive is cut into plain windows.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from itertools import islice
from pathlib import Path

from agent_core.index.counting import Vocabulary
from agent_core.index.digest import Digest, digest

_BATCH = 100
_FEW = 300
"""Up to so many files are read by one process: each takes half a second to start."""
_FEW_AT_ONCE = 8
_MOST_WORDS = 500_000
"""A vocabulary of more words is begun anew: no process grows without end."""
_MOST_MEMORY = 2 << 30
"""What a process may take on top of what it has when it begins, in bytes."""
_vocabulary = Vocabulary()
_log = logging.getLogger(__name__)


class Readers:
    """Reads files of one workspace; its processes are started when they are needed and kept.

    Args:
        root: The workspace's root.
        at_once: Processes at most; as many as there are cores by default.
    """

    def __init__(self, root: Path, *, at_once: int = 0) -> None:
        self._root = root
        self._count = at_once or os.cpu_count() or 1
        self._pool: ProcessPoolExecutor | None = None

    async def digests(self, paths: Sequence[str], known: Mapping[str, bytes]) -> AsyncIterator[Digest]:
        """Read files, some at a time.

        Args:
            paths: Files below the root, in the order in which they are wanted.
            known: The hashes of their contents so far.
        """
        few = len(paths) <= _FEW
        batches = _batches(paths, max(_FEW_AT_ONCE, len(paths) // _FEW_AT_ONCE) if few else _BATCH)
        at_once = 1 if few else 2 * self._count
        running = {self._read(batch, known) for batch in islice(batches, at_once)}
        try:
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

    def rest(self) -> None:
        """End the processes; the next file starts one again."""
        pool, self._pool = self._pool, None
        if pool is not None:
            # Not waiting: whoever was cancelled must not be held up by a file of a megabyte.
            pool.shutdown(wait=False, cancel_futures=True)

    def _read(self, batch: Sequence[str], known: Mapping[str, bytes]) -> asyncio.Task[list[Digest]]:
        own = {path: known[path] for path in batch if path in known}
        return asyncio.create_task(self._survived(batch, own))

    async def _survived(self, batch: Sequence[str], known: Mapping[str, bytes]) -> list[Digest]:
        """Digests of a batch; where a process does not survive it, of each of its files."""
        with suppress(BrokenProcessPool):
            return [await self._in_process(batch, known)]
        if len(batch) > 1:
            found = [await self._survived([path], known) for path in batch]
            return [digest for digests in found for digest in digests]
        with suppress(BrokenProcessPool):  # it may have been another batch's file
            return [await self._in_process(batch, known, alone=True)]
        if batch:
            _log.warning("no parser survives %s: it is cut into plain pieces", batch[0])
        return [await asyncio.to_thread(digest, self._root, batch, known, structure=False)]

    async def _in_process(
        self, batch: Sequence[str], known: Mapping[str, bytes], *, alone: bool = False
    ) -> Digest:
        pool = self._new(1) if alone else self._current()
        broken = False
        try:
            return await asyncio.get_running_loop().run_in_executor(pool, _digest, self._root, batch, known)
        except BrokenProcessPool:
            broken = True
            raise
        finally:
            if broken and self._pool is pool:
                self._pool = None
            if broken or alone:
                pool.shutdown(wait=False, cancel_futures=True)

    async def warm(self) -> None:
        """Have a process ready, so that the first change need not wait for one."""
        await self._survived([], {})

    def _current(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = self._new(self._count)
        return self._pool

    def _new(self, count: int) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(count, context, initializer=_begin)


def _batches(paths: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (paths[start : start + size] for start in range(0, len(paths), size))


def _digest(root: Path, batch: Sequence[str], known: Mapping[str, bytes]) -> Digest:
    """In a process of the pool: with the words that it has met before."""
    global _vocabulary
    if len(_vocabulary) > _MOST_WORDS:
        _vocabulary = Vocabulary()
    return digest(root, batch, known, vocabulary=_vocabulary)


def _begin() -> None:
    """Leave Ctrl-C to the parent, end when it does, however that happens, and take no more than a share."""
    gc.set_threshold(500_000)  # there are hardly any cycles in what is made here, and much of it
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None, "this runs in a process of a pool"

    def wait() -> None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()
    with suppress(ImportError, OSError, ValueError):  # where there are no such limits, the system has its own
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        limit = pages * resource.getpagesize() + _MOST_MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
