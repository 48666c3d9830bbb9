"""The sizes of panes that were chosen in a workspace: read before the first paint, written after a change.

Of two sessions on one workspace, whoever changes something last is who the next start follows.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

import msgspec

from agent_core.errors import AgentError
from agent_core.files import load_state, update_state
from agent_core.migrations import Format
from agent_core.workspace import Workspace
from tui.screens.sizes import WHOLE, Sizes, class_of

_FILE = "panes.json"
_PAUSE_S = 1.0
"""What is changed step by step is written once."""
_UNTOUCHED = Sizes()
_log = logging.getLogger(__name__)


class _Kept(msgspec.Struct):
    """The file: the work screen by class of width; of other screens, by name, the first part's share."""

    schema: int = 1
    work: dict[str, Sizes] = {}
    parts: dict[str, int] = {}


FORMAT = Format(_Kept)


class KeptSizes:
    """What a person chose of the panes of a workspace. Making it reads one small file."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        kept, self.warning = load_state(workspace.state_dir / _FILE, FORMAT)
        kept = kept or _Kept()
        self._work = {name: sizes.bounded() for name, sizes in kept.work.items()}
        self._parts = kept.parts
        self._new = _Kept()
        self._writing: asyncio.Task[None] | None = None
        self._over = asyncio.Event()

    def sizes(self, width: int) -> Sizes:
        """What was chosen for terminals as wide as this one."""
        return self._work.get(class_of(width), _UNTOUCHED)

    def choose(self, width: int, sizes: Sizes) -> None:
        """Remember what was chosen for them."""
        name = class_of(width)
        self._work[name] = self._new.work[name] = sizes
        self._soon()

    def share(self, part: str) -> int:
        """What the first part of a screen takes, in thousandths; 0 where nothing was chosen."""
        return max(0, min(self._parts.get(part, 0), WHOLE))

    def choose_share(self, part: str, share: int) -> None:
        """Remember it; 0 for what it takes by itself."""
        self._parts[part] = self._new.parts[part] = share
        self._soon()

    def _soon(self) -> None:
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._later())

    async def _later(self) -> None:
        while self._new.work or self._new.parts:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), _PAUSE_S)
            await self._write()

    async def _write(self) -> None:
        new, self._new = self._new, _Kept()
        try:
            await asyncio.to_thread(self._update, new)
        except (AgentError, OSError) as error:
            _log.warning("the sizes of the panes could not be kept: %s", error)

    def _update(self, new: _Kept) -> None:
        def change(old: _Kept | None) -> _Kept:
            old = old or _Kept()
            return _Kept(work=old.work | new.work, parts=old.parts | new.parts)

        update_state(self._workspace.ensure_state_dir() / _FILE, FORMAT, change)

    async def aclose(self) -> None:
        """Write what is not written yet."""
        self._over.set()
        if self._writing is not None:
            await self._writing
