"""The workspace's own state, made by its owner before a container wants something of it."""

from __future__ import annotations

import os
from contextlib import closing, suppress
from pathlib import Path

from agent_core.errors import AgentError
from agent_core.rl.identity import identity
from agent_core.rl.store.store import Store
from agent_core.workspace import Workspace


def begin(root: Path) -> None:
    """Give the workspace its name on the bus and a place for what is learnt, where this is its owner.

    For anybody else it does nothing: what another user made, root too, would be in the owner's way. What
    cannot be made is what `doctor` names.
    """
    with suppress(AgentError, OSError):
        workspace = Workspace.open(root)
        if os.geteuid() != root.stat().st_uid:
            return
        identity(workspace)
        with closing(Store(workspace)) as store:
            store.open()
