"""What the Settings screen reads and writes: the configuration as a whole, and one setting in a file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from agent_core.config import Config
from agent_core.config_writing import Target, Where, set_value, take_out, written
from agent_core.workspace import Workspace


class SettingsDesk:
    """The settings of one workspace.

    Args:
        workspace: The workspace.
        read: Reads all origins again, with the flags that the program was started with.
        env: Where the user's folders are; this process's environment by default.
    """

    def __init__(
        self, *, workspace: Workspace, read: Callable[[], Config], env: Mapping[str, str] | None = None
    ) -> None:
        self._workspace, self._read, self._env = workspace, read, env

    async def config(self) -> Config:
        """The settings as the files have them now."""
        return await asyncio.to_thread(self._read)

    async def put(self, name: str, text: str, where: Where) -> None:
        """Write one, spelled as for a flag. Raises `ConfigError`, `WorkspaceError`."""
        await asyncio.to_thread(set_value, self._target(where), name, text)

    async def written(self, name: str, where: Where) -> str | None:
        """What that file says of it, as for a flag; None where it does not."""
        return await asyncio.to_thread(written, self._target(where), name)

    async def take_out(self, name: str, where: Where) -> bool:
        """Take one out; whether it stood there. Raises as `put` does."""
        return await asyncio.to_thread(take_out, self._target(where), name)

    def _target(self, where: Where) -> Target:
        return Target(where, self._workspace, self._env)
