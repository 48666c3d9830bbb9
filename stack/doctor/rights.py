"""Check of the workspace: the containers may write there as group 10001; they only read its `.dspy_tui`."""

from __future__ import annotations

import asyncio
import os
import shlex
import stat
import sys
from pathlib import Path

from agent_core.doctor.check import Check
from agent_core.text import one_line, plural
from agent_core.workspace import STATE_FOLDER
from stack.compose.images import USER
from stack.compose.ours import WORKSPACE
from stack.compose.telling import permit
from stack.doctor.seen import Seen

_MOST = 2_000
"""Entries of the workspace's top that are looked at: enough to see whether the script ran."""


async def check_rights(seen: Seen) -> Check:
    """The folder that is mounted as the workspace, and what lies right in it, may be written there."""
    for _, service in seen.of_file():
        for mount in service.get("volumes") or ():
            if mount.get("type") == "bind" and mount.get("target") == WORKSPACE:
                source = str(mount.get("source", "")).replace("$$", "$")  # compose writes what it can read
                return await asyncio.to_thread(_rights, Path(source))
    return Check("workspace", "ok", "no container has it")


def _rights(folder: Path) -> Check:
    shown = one_line(str(folder))
    if sys.platform != "linux":
        return Check("workspace", "ok", f"{shown} (its rights are the engine's business here)")
    step = f"sudo {permit(shlex.quote(str(folder)))}"
    try:
        if not _is_ours(folder.stat()):
            return Check("workspace", "warn", f"the containers (group 10001) may not write to {shown}", step)
        refused = _refused(folder)
    except OSError as error:
        return Check("workspace", "fail", f"{shown}: {error.strerror}", "`stack init --workspace DIR`")
    if refused:
        more = f"{plural(len(refused), 'entry', 'entries')} of {shown}, such as {one_line(refused[0])}"
        return Check("workspace", "warn", f"the containers (group 10001) may not write to {more}", step)
    return Check("workspace", "ok", f"the containers may write to {shown}")


def _refused(folder: Path) -> list[str]:
    refused: list[str] = []
    with os.scandir(folder) as entries:
        for count, entry in enumerate(entries):
            if count >= _MOST:
                break
            needless = 0o2 if entry.name == STATE_FOLDER else 0
            if not entry.is_symlink() and not _is_ours(entry.stat(follow_symlinks=False), needless):
                refused.append(entry.name)
    return sorted(refused)


def _is_ours(status: os.stat_result, needless: int = 0) -> bool:
    """Whether UID and GID of our images may read and write it, and enter a folder; less what is needless."""
    number = int(USER.partition(":")[0])
    wanted = (0o7 if stat.S_ISDIR(status.st_mode) else 0o6) & ~needless
    mode = stat.S_IMODE(status.st_mode)
    if status.st_uid == number:
        return (mode >> 6) & wanted == wanted
    return ((mode >> 3) if status.st_gid == number else mode) & wanted == wanted
