"""What `rl train` says beside its progress: what it noticed first, what is kept, its report."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from agent_core.errors import AgentError
from agent_core.text import one_line

if TYPE_CHECKING:
    from agent_core.tools.base import ToolResult
    from agent_core.workspace import Workspace

MORE = "The Learning screen and `rl status` show its report."


async def noticed_in(workspace: Workspace) -> tuple[str, ...]:
    """What is wrong with the configuration and does not keep it from being used."""
    from agent_core.rl.offline.config import load_training_config

    try:
        _, warnings = await asyncio.to_thread(load_training_config, workspace.root)
    except AgentError:  # the training itself tells
        return ()
    return tuple(map(one_line, warnings))


def kept_in(workspace: Workspace) -> str:
    """What a training of the order of checks that is ended now leaves to go on with."""
    from agent_core.rl.offline.begun import TRAINING
    from agent_core.rl.offline.running import FOLDER

    there = (workspace.own.state_dir / FOLDER / TRAINING / "checkpoint").exists()
    last = ", and so is the last checkpoint" if there else ""
    return f"What was recorded is kept{last}: add --resume to go on"


async def keep_report_of(result: ToolResult, workspace: Workspace, command: str) -> None:
    """Keep what a training came to, where it left anything."""
    from agent_core.rl.offline.running import FOLDER
    from agent_core.rl.trained import keep_report

    folder = workspace.own.state_dir / FOLDER
    report = "\n".join(filter(None, (result.text, result.note)))
    with suppress(OSError, AgentError):  # it has ended all the same, and that is told
        if await asyncio.to_thread(folder.is_dir):
            await asyncio.to_thread(keep_report, folder, command, report)


def report_in(workspace: Workspace, *, now: float) -> str:
    """The report of the last training, for people, `now` in seconds since 1970; "" without any."""
    from agent_core.rl.offline.running import FOLDER
    from agent_core.rl.trained import last_report
    from agent_core.text import human_age

    last = last_report(workspace.own.state_dir / FOLDER)
    if last is None:
        return ""
    return f"the last training, {human_age(now - last.at)}: {last.command}\n{last.report}"
