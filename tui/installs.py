"""`model install` and `rl install`: what ordinary extras cannot bring, with the installer's own lines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from agent_core.install import install_rl, install_weights
from tui.cli import interruptible, show


def install(what: str) -> int:
    """Install for `rl` or `model`; raises `ToolError`, KeyboardInterrupt."""
    interruptible()
    asyncio.run(_show_lines(install_rl() if what == "rl" else install_weights()))
    return 0


async def _show_lines(lines: AsyncGenerator[str]) -> None:
    async with aclosing(lines):
        async for line in lines:
            show(line)
