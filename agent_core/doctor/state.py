"""Check of the state that the program keeps of a workspace: whether it may be written."""

from __future__ import annotations

import asyncio
import os
import shlex
from collections import deque
from pathlib import Path

from agent_core.doctor.check import Check
from agent_core.text import one_line
from agent_core.workspace import Workspace

_MOST = 2_000
"""Entries that are looked at, those of the upper folders first."""
_EFFECTIVE = os.access in os.supports_effective_ids


async def check_state(workspace: Workspace) -> Check:
    """Every folder of it may be written; one that another user's program made, as in a container, may not."""
    return await asyncio.to_thread(_check, workspace)


def _check(workspace: Workspace) -> Check:
    folder = workspace.state_dir
    name = folder.name if workspace.elsewhere is None else one_line(str(folder))
    try:
        if not folder.exists():
            return Check("state", "ok", f"{name} is not made yet")
        foreign = _foreign(folder)
    except OSError as error:
        return Check("state", "warn", f"{name}: {error.strerror or error}", "Check what lies there.")
    if foreign is None:
        return Check("state", "ok", f"{name} may be written")
    place = one_line(str(Path(name) / foreign.relative_to(folder)))
    owner = foreign.lstat().st_uid
    if owner == os.geteuid():
        return Check(
            "state", "warn", f"{place} is yours, and write-protected", _step("chmod -R u+rwX", folder)
        )
    return Check(
        "state",
        "warn",
        f"{place} belongs to user {owner}, and you may not write there: nothing new is kept in it",
        _step(f"sudo chown -R {os.geteuid()}", folder),
    )


def _step(command: str, folder: Path) -> str:
    return f"{command} {shlex.quote(str(folder))}"


def _foreign(folder: Path) -> Path | None:
    """The first folder that may not be written; None where all may be, as far as was looked."""
    waiting, left = deque([folder]), _MOST
    while waiting:
        here = waiting.popleft()
        if not os.access(here, os.R_OK | os.W_OK | os.X_OK, effective_ids=_EFFECTIVE):
            return here
        with os.scandir(here) as entries:
            for entry in entries:
                left -= 1
                if left < 0:
                    return None
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))
    return None
