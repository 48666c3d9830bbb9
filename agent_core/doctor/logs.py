"""The check of the workspace's logs."""

from __future__ import annotations

from agent_core.config import Settings
from agent_core.doctor.check import Check
from agent_core.errors import PathRefused
from agent_core.logs.saying import HOW_TO_CONFIGURE, source_row
from agent_core.logs.sources.find import Finder
from agent_core.text import one_line, plural
from agent_core.workspace import Workspace

_SHOWN = 3
_HOW_TO_MAP = 'Each is PREFIX=FOLDER, with a folder of the workspace: log_paths = ["/srv/app=."].'


async def check_logs(workspace: Workspace, settings: Settings) -> Check:
    """Which log sources are found, and whether the paths in them are mapped to what there is."""
    if wrong := [pair for pair in settings.log_paths if not _leads(workspace, pair)]:
        return Check("logs", "warn", f"log_paths: {one_line(wrong[0])!r} leads to no folder", _HOW_TO_MAP)
    known = await Finder(workspace=workspace, configured=settings.log_files, settings=settings).known()
    if not known:
        return Check("logs", "warn", "no log sources found in the workspace", HOW_TO_CONFIGURE)
    shown = "; ".join(map(source_row, known[:_SHOWN]))
    more = len(known) - _SHOWN
    detail = f"{plural(len(known), 'source')}: {shown}" + (f"; and {more:,} more" if more > 0 else "")
    return Check("logs", "ok", detail)


def _leads(workspace: Workspace, pair: str) -> bool:
    prefix, _, folder = pair.partition("=")
    try:
        return bool(prefix) and "=" in pair and workspace.resolve(folder or ".").is_dir()
    except PathRefused:
        return False
