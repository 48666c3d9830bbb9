"""`dspy-tui mcp`: the tools that only read, for other assistants, over standard input and output; and
`dspy-tui mcp servers`: the servers of others whose tools are used here."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from agent_core.errors import Interrupted, UsageError
from agent_core.mcp.serving import serve
from agent_core.runtime import open_runtime
from agent_core.words import quote
from tui.arguments import root_of, settings_of
from tui.cli import interruptible
from tui.ending import Ending, end_like_an_interruption

if TYPE_CHECKING:
    from tui.options import Parsed

_HOW = (
    "An assistant starts it. Such as, in its .mcp.json:"
    ' {"mcpServers": {"dspy-tui": {"command": "dspy-tui", "args": ["mcp", "--workspace", "DIR"]}}}'
)


def mcp(parsed: Parsed) -> int:
    """Serve until the other end has enough; returns the exit code."""
    if os.isatty(0):
        raise UsageError("mcp speaks a protocol with another program, and here is a terminal", hint=_HOW)
    try:
        interruptible()
        end_like_an_interruption()
        return asyncio.run(_serve(parsed))
    except KeyboardInterrupt:
        return Interrupted.exit_code


def servers(parsed: Parsed) -> int:
    """All of them, or those that are named in full; returns the exit code."""
    from tui.headless import run_batch

    commands = [f"/mcp show {quote(name)}" for name in parsed.words] or ["/mcp list"]
    return run_batch(parsed, lambda: commands, allow=())


async def _serve(parsed: Parsed) -> int:
    ending = Ending()
    runtime = open_runtime(
        root_of(parsed), flags=settings_of(parsed), interactive=False, debug=parsed.has("debug")
    )
    serving = asyncio.ensure_future(serve(runtime))
    ending.begin(serving.cancel)
    try:
        await serving
    except asyncio.CancelledError:
        return 0 if ending.is_told else Interrupted.exit_code
    finally:
        await runtime.aclose()
    return 0
