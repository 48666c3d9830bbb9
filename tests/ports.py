"""Ports for servers that tests start, or that nobody is to listen on."""

from __future__ import annotations

import os
import random
import socket
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

_FIRST, _LAST = 10_000, 60_000
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
_kept = ExitStack()
"""What reserves the ports that this process was given; the system releases it when it ends."""


def free_ports(count: int) -> int:
    """The first of several ports in a row that are free now, and that nobody else is given by this.

    No connection gets one of them by itself either: a server may be away for a while and find its port free,
    and a port on which nobody listens stays one.
    """
    chance = random.Random(os.urandom(8))  # the seed of a test run is the same in all of its processes
    first, last = _beside(_ephemeral())
    while True:
        port = chance.randint(first, last - count)
        with ExitStack() as names, ExitStack() as probes, suppress(OSError):
            for number in range(port, port + count):
                if sys.platform == "linux":  # a name without a file, which one process has at a time
                    names.enter_context(socket.socket(socket.AF_UNIX)).bind(f"\0dspy-tui-test-port-{number}")
                probes.enter_context(socket.socket()).bind(("127.0.0.1", number))
            _kept.push(names.pop_all())
            return port


def _ephemeral() -> tuple[int, int]:
    """The ports that the system gives to connections, the first and the last of them."""
    try:
        first, last = map(int, _EPHEMERAL.read_text().split())
    except (OSError, ValueError):
        return 32_768, 60_999
    return first, last


def _beside(ephemeral: tuple[int, int]) -> tuple[int, int]:
    """The larger of the ranges before and behind those; all, where little is left."""
    before, behind = (_FIRST, min(_LAST, ephemeral[0] - 1)), (max(_FIRST, ephemeral[1] + 1), 65_535)
    best = max(before, behind, key=lambda span: span[1] - span[0])
    return best if best[1] - best[0] >= 2_000 else (_FIRST, _LAST)
