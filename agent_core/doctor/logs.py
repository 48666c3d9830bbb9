"""The check of the workspace's logs."""

from __future__ import annotations

from agent_core.config import Settings
from agent_core.doctor.check import Check
from agent_core.logs.saying import HOW_TO_CONFIGURE, source_row
from agent_core.logs.sources.find import Finder
from agent_core.text import plural
from agent_core.workspace import Workspace

_SHOWN = 3


async def check_logs(workspace: Workspace, settings: Settings) -> Check:
    """Which log sources are found."""
    known = await Finder(workspace=workspace, configured=settings.log_files).known()
    if not known:
        return Check("logs", "warn", "no log sources found in the workspace", HOW_TO_CONFIGURE)
    shown = "; ".join(map(source_row, known[:_SHOWN]))
    more = len(known) - _SHOWN
    detail = f"{plural(len(known), 'source')}: {shown}" + (f"; and {more:,} more" if more > 0 else "")
    return Check("logs", "ok", detail)
