"""Where in the workspace a question is answered, found without an index.

The search runs in a worker process: on a large tree it burns a second of CPU, and it can be killed at any
moment.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import msgspec

from agent_core.agent.evidence_worker import JOB
from agent_core.agent.searching import Found, Job
from agent_core.errors import ToolError
from agent_core.process import stream_process
from agent_core.tools.ripgrep import find_ripgrep

__all__ = ["Found", "find_evidence"]

_GRACE_S = 6.0
_MOST_QUESTION = 8000
"""Characters of a question that are searched for; what comes after them is pasted, not asked."""


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
    question = question[:_MOST_QUESTION].encode("utf-8", "replace").decode()
    job = Job(root=str(root), question=question, ripgrep=find_ripgrep(), limit=limit, seconds=seconds)
    environment = {**os.environ, JOB: msgspec.json.encode(job).decode()}
    # -P keeps the working folder off the module path: nothing of the workspace may be imported.
    command = [sys.executable, "-P", "-m", "agent_core.agent.evidence_worker"]
    output = bytearray()
    async with stream_process(command, cwd=root, env=environment) as process:
        try:
            async with asyncio.timeout(seconds + _GRACE_S):
                async for chunk in process:
                    output += chunk
                code = await process.wait()
        except TimeoutError:
            return Found(cut=True)
    try:
        return msgspec.json.decode(output, type=Found)
    except msgspec.DecodeError:
        reason = process.errors.strip().rpartition("\n")[2] or f"exit code {code}"
        raise ToolError(f"the search for evidence broke: {reason}") from None
