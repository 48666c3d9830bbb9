"""The inside of a process that reads files: it imports no more than that takes, as a start waits for it."""

from __future__ import annotations

import atexit
import gc
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing.synchronize import Semaphore
from pathlib import Path

from agent_core.index.counting import Vocabulary
from agent_core.index.digest import Digest, digest

_MOST_WORDS = 500_000
"""A vocabulary of more words is begun anew: no process grows without end."""
_MOST_MEMORY = 2 << 30
"""What a process may take on top of what it has when it begins, in bytes."""
_SELDOM = 500_000
"""Objects between two searches for garbage: much is made here, and hardly any of it in cycles."""
_vocabulary = Vocabulary()


def read(root: Path, batch: Sequence[str], known: Mapping[str, bytes]) -> Digest:
    """See `digest`; with the words that the process has met before."""
    global _vocabulary
    if len(_vocabulary) > _MOST_WORDS:
        _vocabulary = Vocabulary()
    return digest(root, batch, known, vocabulary=_vocabulary)


def begin(begun: Semaphore) -> None:
    """Leave Ctrl-C to the parent, end when it does, however that happens, and take no more than a share.

    Args:
        begun: Released when all that is done: what ends the process from then on is what it reads.
    """
    gc.set_threshold(_SELDOM)
    atexit.register(os._exit, 0)  # taking apart all words, one by one, would hold up what waits for an answer
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
    begun.release()
