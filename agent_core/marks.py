"""Knowing a process, and whatever it started, by a variable in its environment, wherever it moved."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

_MARK = "DSPY_TUI_PROCESS"
_ROUNDS = 5
_QUIET_ROUNDS = 2
"""Once is not enough: a process shows no environment while its program is being replaced by another."""


def marked_environment(env: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """A new mark, and the environment by which a process and what it starts can be known.

    The mark begins with the one that this process itself was started with: who kills by that finds them too.
    """
    outer = os.environ.get(_MARK, "")
    mark = f"{outer}/{os.getpid()}-{os.urandom(6).hex()}".removeprefix("/")
    return mark, {**env, _MARK: mark}


def kill_marked(mark: str) -> None:
    """Kill every process that carries the mark, on Linux."""
    quiet = 0
    for _ in range(_ROUNDS):  # what was being started meanwhile shows up in the next round
        escaped = _marked(mark)
        quiet = 0 if escaped else quiet + 1
        if quiet == _QUIET_ROUNDS:
            break
        for pid in escaped:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


def _marked(mark: str) -> list[int]:
    """The processes whose environment holds the mark and that still run."""
    if not sys.platform.startswith("linux"):
        return []
    wanted = f"{_MARK}={mark}".encode()
    found: list[int] = []
    with suppress(OSError):
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and wanted in _environment(folder):
                found.append(int(folder.name))
    return found


def _environment(folder: Path) -> bytes:
    """The environment of a process, empty for one that is over or somebody else's."""
    try:
        return (folder / "environ").read_bytes()
    except OSError:
        return b""
