"""Worker processes that read files for the index, when there are many of them."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path

from agent_core.index.counting import Vocabulary
from agent_core.index.digest import Digest, digest

_BATCH = 40
_FEW = 300
"""Up to so many files are read in a thread: processes take half a second to start."""
_FEW_AT_ONCE = 8
_MOST_WORDS = 500_000
"""A vocabulary of more words is begun anew: no process grows without end."""
_vocabulary = Vocabulary()


async def digests(
    root: Path, paths: Sequence[str], known: Mapping[str, bytes], *, at_once: int = 0
) -> AsyncIterator[Digest]:
    """Read files, some at a time.

    Args:
        root: The workspace's root.
        paths: Files below it, in the order in which they are wanted.
        known: The hashes of their contents so far.
        at_once: Processes; as many as there are cores by default.
    """
    if len(paths) <= _FEW:
        for batch in _batches(paths, _FEW_AT_ONCE):
            yield await asyncio.to_thread(digest, root, batch, known)
        return
    count = at_once or os.cpu_count() or 1
    pool = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), initializer=_end_with_parent)
    loop = asyncio.get_running_loop()
    batches = _batches(paths, _BATCH)
    try:
        running = {
            loop.run_in_executor(pool, _digest, root, batch, _of(known, batch))
            for batch in islice(batches, 2 * count)
        }
        while running:
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for batch in islice(batches, len(done)):
                running.add(loop.run_in_executor(pool, _digest, root, batch, _of(known, batch)))
            for task in done:
                yield task.result()
    finally:
        # Not waiting: whoever was cancelled must not be held up by a file of a megabyte.
        pool.shutdown(wait=False, cancel_futures=True)


def _batches(paths: Sequence[str], size: int):
    return (paths[start : start + size] for start in range(0, len(paths), size))


def _of(known: Mapping[str, bytes], batch: Sequence[str]) -> dict[str, bytes]:
    return {path: known[path] for path in batch if path in known}


def _digest(root: Path, batch: Sequence[str], known: Mapping[str, bytes]) -> Digest:
    """In a process of the pool: with the words that it has met before."""
    global _vocabulary
    if len(_vocabulary) > _MOST_WORDS:
        _vocabulary = Vocabulary()
    return digest(root, batch, known, vocabulary=_vocabulary)


def _end_with_parent() -> None:
    """Leave Ctrl-C to the parent, and end when it does, however that happens."""
    gc.disable()  # there are no cycles in what is made here, and much of it
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None, "this runs in a process of a pool"

    def wait() -> None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()
