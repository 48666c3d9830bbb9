"""All examples of a workspace: from its history, its tests, its logs and its sessions."""

from __future__ import annotations

import asyncio

from agent_core.agent.budget import UNKNOWN_WINDOW
from agent_core.masking import masker
from agent_core.rl.gepa.api import Job, Target
from agent_core.rl.gepa.code import read_code
from agent_core.rl.gepa.examples import Example, chosen
from agent_core.rl.gepa.from_history import from_history
from agent_core.rl.gepa.from_logs import from_logs
from agent_core.rl.gepa.from_sessions import from_sessions, sessions_of
from agent_core.rl.gepa.from_tests import from_tests
from agent_core.rl.gepa.history import commits
from agent_core.rl.gepa.making import Material
from agent_core.workspace import Workspace

_CHARS = 2.5
"""Of code, that make a token at the most sparing."""
_MOST_ROOM = 8000
_SHARE = 0.45
"""Of the window, for what a call is about: the rest is for its instructions and its reply."""


def room_of(window: int) -> int:
    """Characters that the inputs of a call may take in a window of so many tokens."""
    return min(_MOST_ROOM, int((window or UNKNOWN_WINDOW) * _SHARE * _CHARS))


async def collect(workspace: Workspace, job: Job) -> dict[Target, list[Example]]:
    """The examples of each target, bounded; the same for the same workspace."""
    mask = masker(job.settings)
    history = await commits(workspace)
    latest = dict.fromkeys(path for commit in history for path in commit.touched)
    code = await asyncio.to_thread(read_code, workspace, mask=mask, first=latest)
    room = room_of(job.window)
    material = Material(code=code, mask=mask, room=room, tools=job.tools, native=job.native)
    found = await from_history(workspace, history, material)
    found += await asyncio.to_thread(from_tests, material)
    found += await asyncio.to_thread(lambda: from_sessions(sessions_of(workspace), material))
    found += from_logs(job.logs, room=room)
    return chosen(found, job.targets)
