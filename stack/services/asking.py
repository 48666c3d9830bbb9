"""Whether the bus answers, for a program that has no client of its own which would know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from agent_core.config import load
from agent_core.errors import AgentError, ErrorInfo
from agent_core.streaming.access import access_of
from agent_core.streaming.reach import connected

if TYPE_CHECKING:
    from agent_core.streaming.admin import BusAdmin


class Asking:
    """Asks with a client that is made once somebody listens there, and kept: a broker that hangs takes
    connections all the same.

    Args:
        env: The environment, which says where the bus is.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._admin: BusAdmin | None = None

    async def fault(self) -> ErrorInfo | None:
        """Why no broker answers now; None where one does. It takes seconds to find out that one hangs."""
        from agent_core.streaming.admin import BusAdmin

        try:
            if self._admin is None:
                access = access_of(load(root=None, env=self._env).settings)
                _, writer = await connected(access)
                writer.close()
                self._admin = BusAdmin(access)
            await self._admin.ask()
        except AgentError as error:
            return error.info
        return None

    async def aclose(self) -> None:
        """Give the client back; the next question makes another."""
        admin, self._admin = self._admin, None
        if admin is not None:
            await admin.aclose()
