"""The result that `undo` and `redo` share."""

from __future__ import annotations

import msgspec

from agent_core.checkpoints.api import Undone
from agent_core.checkpoints.saying import undone
from agent_core.text import plural
from agent_core.tools.base import ToolResult


def result_of(done: Undone, verb: str, next_step: str) -> ToolResult:
    """What was put back, for people and programs."""
    left = f", {len(done.skipped):,} left alone" if done.skipped else ""
    return ToolResult(
        text=f"{undone(done, verb)}\n{next_step}",
        summary=f"{verb} turn {done.turn.number}, {plural(len(done.files), 'file')}{left}",
        data={
            "turn": msgspec.to_builtins(done.turn),
            "files": [msgspec.to_builtins(row) for row in done.files],
            "skipped": [{"path": path, "what": what} for path, what in done.skipped],
        },
        changed=tuple(row.path for row in done.files),
        note="; ".join(done.warnings),
    )
