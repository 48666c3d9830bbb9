"""What the autoscaler would do, for the Stack screen: nothing is changed by looking."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from agent_core.config import Settings
from agent_core.errors import AgentError, StackFault
from agent_core.streaming.access import access_of
from agent_core.streaming.reach import reach
from agent_core.workspace import Workspace
from stack.autoscale import Autoscaler
from stack.running import Operation, Running
from stack.scaling import Decision

_LOOK_S, _AGAIN_S = 10.0, 30.0
"""Between two looks, and where the bus or the engine did not answer."""


class Scaling:
    """Looks from time to time while it runs.

    Args:
        root: The workspace, which remembers.
        settings: How the bus is reached.
    """

    def __init__(self, *, root: Path, settings: Settings) -> None:
        self._root, self._settings = root, settings
        self._scaler: Autoscaler | None = None
        self.decisions: tuple[Decision, ...] = ()
        """What it would do now; none where that is not known."""

    def said(self, service: str = "") -> tuple[str, ...]:
        """Sentences about a service, or about all: where it would change something, tasks wait, or it is not
        told how many."""
        return tuple(
            each.text
            for each in self.decisions
            if (each.changes or each.waiting or each.fault) and service in ("", each.service)
        )

    async def run(self, stack: Running, changed: Callable[[], None]) -> None:
        """Look until it is cancelled.

        Args:
            stack: Where the workers run.
            changed: Told when it would do something else.
        """
        from agent_core.streaming.admin import BusAdmin

        while True:
            before, pause = self.decisions, _LOOK_S
            try:
                access = access_of(self._settings)
                await asyncio.to_thread(reach, access)  # a client is loaded only where somebody listens
                async with BusAdmin(access) as admin:
                    self._scaler = Autoscaler(stack=stack, admin=admin, workspace=Workspace.open(self._root))
                    while True:
                        self.decisions = await self._scaler.look()
                        if self.decisions != before:
                            before = self.decisions
                            changed()
                        await asyncio.sleep(_LOOK_S)
            except AgentError:
                self.decisions, pause = (), _AGAIN_S
                if before:
                    changed()
            finally:
                self._scaler = None
            await asyncio.sleep(pause)

    async def operation(self) -> Operation:
        """What brings all services there; raises `StackFault`."""
        scaler = self._scaler
        operation = await scaler.operation(self.decisions) if scaler is not None else None
        if operation is None:
            raise StackFault("All services have the containers that they need")
        return operation
