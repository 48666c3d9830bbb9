"""A turn and its snapshot: kept before the first thing that may change files, compared at the turn's end."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from agent_core.bus import Publish
from agent_core.errors import AgentError
from agent_core.events import Notice, WorkspaceChanged
from agent_core.session.ends import End
from agent_core.text import one_line, plural

if TYPE_CHECKING:
    from agent_core.checkpoints.api import Changed, Snapshot
    from agent_core.checkpoints.checkpoints import Checkpoints

_NAMED = 3
_log = logging.getLogger(__name__)


class Stock:
    """What one turn changes.

    Args:
        checkpoints: Where it is kept; None keeps nothing.
        turn_id: The turn.
        title: What was typed.
        publish: Told what cannot be kept, and what was changed.
    """

    def __init__(
        self, *, checkpoints: Checkpoints | None, turn_id: str, title: str, publish: Publish
    ) -> None:
        self._checkpoints = checkpoints
        self._turn_id = turn_id
        self._title = title
        self._publish = publish

    async def before(self, progress: Callable[[str], None] | None = None) -> None:
        """Keep the state of the workspace, the first time; where that cannot be done, say so and go on."""
        if self._checkpoints is None:
            return
        snapshot = await self._checkpoints.before(self._turn_id, self._title, progress=progress)
        if snapshot is not None:
            self._tell(snapshot)

    def _tell(self, snapshot: Snapshot) -> None:
        for warning in snapshot.warnings:
            self._notice("warning", warning)
        if not snapshot.kept:
            self._notice("warning", f"What this turn does cannot be undone: {snapshot.why}")
        elif snapshot.left_out and self._checkpoints is not None:
            told = self._checkpoints.told_left_out
            new = [(path, why) for path, why in snapshot.left_out if path not in told]
            told.update(path for path, _ in new)
            if new:
                shown = ", ".join(f"{one_line(path)} ({why})" for path, why in new[:_NAMED])
                more = f" and {plural(len(new) - _NAMED, 'more file')}" if len(new) > _NAMED else ""
                self._notice("info", f"Undo does not cover {shown}{more}")

    def _notice(self, level: str, message: str, hint: str = "") -> None:
        notice = Notice(
            level="warning" if level == "warning" else "info",
            message=message,
            hint=hint,
            turn_id=self._turn_id,
        )
        self._publish(notice)

    async def after(self, end: End) -> End:
        """See what was changed, tell it, and put it into the turn's end."""
        if self._checkpoints is None:
            return end
        try:
            changed = await self._checkpoints.after(self._turn_id)
        except (AgentError, OSError) as error:
            _log.warning("what turn %s changed is not known: %s", self._turn_id, error)
            info = error.info if isinstance(error, AgentError) else None
            message = info.message if info else f"What this turn did cannot be undone: {error}"
            self._notice("warning", message, info.hint if info else "")
            return end
        if changed is None:
            return end
        self._publish(_event(changed))
        if changed.beside:
            self._notice(
                "info", "A turn of another session ran at the same time; some of this may be its work"
            )
        known = [str(path) for path in end.data.get("changed", ())]
        paths = dict.fromkeys([*known, *(row.path for row in changed.files), *changed.lost])
        return msgspec.structs.replace(
            end,
            outcome="changed" if end.outcome == "answered" else end.outcome,
            data={**end.data, "changed": list(paths), "undo": changed.number},
        )


def _event(changed: Changed) -> WorkspaceChanged:
    return WorkspaceChanged(
        turn_id=changed.turn_id,
        number=changed.number,
        files=changed.files,
        total=changed.total,
        added=changed.added,
        removed=changed.removed,
        lost=changed.lost,
    )
