"""What an entry leaves to the environment and to commands, filled in when its server is started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from agent_core.errors import McpFault
from agent_core.mcp.client_entry import Entry, Filled, commands_in, filled
from agent_core.process import NotStarted, stream_process

_LIMIT_S = 15.0
_LONGEST = 64 << 10


async def filled_in(entry: Entry, env: Mapping[str, str], root: Path) -> Filled:
    """The entry as it is used; `env` is all that it is given. Raises `McpFault`, which names no value."""
    try:
        commands = commands_in(entry)
        said = {written: await _said(argv, env, root) for written, argv in commands.items()}
        return filled(entry, env, said)
    except ValueError as error:
        raise McpFault(f"Its settings cannot be filled in: {error}") from None


async def _said(argv: Sequence[str], env: Mapping[str, str], root: Path) -> str:
    """What a command says on its first line."""
    import asyncio

    if not argv:
        raise ValueError("$() holds no command")
    out = b""
    try:
        async with asyncio.timeout(_LIMIT_S), stream_process(argv, cwd=root, env=env) as process:
            async for chunk in process:
                out = (out + chunk)[:_LONGEST]
            code = await process.wait()
    except NotStarted as error:
        raise ValueError(f"{argv[0]} cannot be started: {error.strerror}") from None
    except TimeoutError:
        raise ValueError(f"{argv[0]} said nothing within {_LIMIT_S:g} s") from None
    lines = out.decode("utf-8", "replace").splitlines()
    if code or not lines:
        raise ValueError(f"{argv[0]} ended with exit code {code} and {len(lines)} lines")
    return lines[0].strip()
