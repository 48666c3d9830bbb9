"""What work leaves behind in this process when it is over for a while, and giving it back to the system."""

from __future__ import annotations

import ctypes
import gc
import sys
from contextlib import suppress
from multiprocessing import resource_tracker


def give_back() -> None:
    """End multiprocessing's helper process, and return the memory that is free; some milliseconds.

    No process that multiprocessing started may run any more. Both come back when they are needed.
    """
    gc.collect()  # what is left of a pool reports to that helper when it goes, which would start it again
    # There is no public way, and it takes 12 MiB for nothing.
    stop = getattr(resource_tracker._resource_tracker, "_stop", None)  # pyright: ignore
    if stop is not None:
        stop()
    if sys.platform.startswith("linux"):
        with suppress(AttributeError):  # other C libraries than glibc have it not
            ctypes.CDLL(None).malloc_trim(0)
