"""What the Stack screen keeps between two openings: the stack as it was opened, and what is done to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from stack.engine.values import Program
from stack.running import Running, open_stack
from tui.screens.bus_desk import Bus
from tui.screens.stack_job import Jobs
from tui.screens.stack_scaling import Scaling


class StackDesk:
    """The stack of a workspace for the screen.

    Args:
        root: The workspace.
        stack_dir: The setting of that name.
        jobs: Runs the operations.
        mask: Masks secrets in what containers say.
        init: Asks for the files to be written, as if `stack init` were typed.
        bus: The bus.
        scaling: What the autoscaler would do.
        into_pane: Makes the logs of containers (`compose` or `compose:SERVICE`) what the log pane is about.
    """

    def __init__(
        self,
        *,
        root: Path,
        stack_dir: str,
        jobs: Jobs,
        mask: Callable[[str], str],
        init: Callable[[], object],
        bus: Bus,
        scaling: Scaling,
        into_pane: Callable[[str], None],
    ) -> None:
        self.root, self.stack_dir = root, stack_dir
        self.jobs, self.mask, self.init, self.into_pane = jobs, mask, init, into_pane
        self.bus, self.scaling = bus, scaling
        self._stack: Running | None = None
        self._engine: Program | None = None

    async def open(self) -> Running:
        """The stack; raises `StackFault` and `NoEngine` as `open_stack` does."""
        if self._stack is None or not await self.is_there():
            self._stack = None
            self._stack = await open_stack(self.root, stack_dir=self.stack_dir, look=True)
        return self._stack

    async def is_there(self) -> bool:
        """Whether there are files of a stack."""
        return await asyncio.to_thread((self.root / self.stack_dir / "docker-compose.yml").is_file)

    async def engine(self) -> str:
        """Which engine runs it, and which compose; raises `NoEngine`."""
        if self._engine is None:
            self._engine = await (await self.open()).compose.engine()
        found = self._engine
        name = found.argv[0].removesuffix("-compose").capitalize()
        return f"{name} {found.engine}, compose {found.compose}"
