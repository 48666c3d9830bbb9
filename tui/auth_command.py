"""`dspy-tui auth …`: keys in the keyring, typed hidden or read from standard input, and never shown."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import msgspec

from agent_core.batch_formats import to_json
from agent_core.config import Config
from agent_core.credentials.finding import endpoint_of
from agent_core.credentials.known import unreadable
from agent_core.credentials.managing import login, remove, standings, try_key
from agent_core.credentials.saying import removed_line, standing_lines, stored_lines, tried_line
from agent_core.errors import ToolError, UsageError
from agent_core.text import one_line
from tui.arguments import config_of
from tui.cli import interruptible, say, show, show_text

if TYPE_CHECKING:
    from tui.options import Parsed

SCHEMA = "dspy-tui.auth/1"
_LIMIT = 64 * 1024


def auth(parsed: Parsed) -> int:
    """Run one of them; returns the exit code."""
    interruptible()
    config = config_of(parsed, _root(parsed))
    for warning in config.warnings:
        say(f"dspy-tui: warning: {one_line(warning)}")
    lines, data = _done(parsed.command.words[1], config, parsed.positional)
    if parsed.one("format") == "json":
        show(msgspec.json.format(to_json({"schema": SCHEMA, **data}), indent=2).decode())
    else:
        show_text("auth", "\n".join(lines))
    return 0


def _done(what: str, config: Config, endpoint: str) -> tuple[list[str], dict[str, Any]]:
    """What was done, in lines and as data; raises the `AgentError` tree."""
    match what:
        case "login":
            stored = asyncio.run(login(config, endpoint, _typed(config, endpoint)))
            return stored_lines(stored), {"stored": msgspec.to_builtins(stored)}
        case "list":
            found = asyncio.run(standings(config))
            trouble = unreadable()
            data = {"endpoints": msgspec.to_builtins(found), "trouble": trouble}
            return standing_lines(found, trouble), data
        case "test":
            tried = asyncio.run(try_key(config, endpoint))
            return [tried_line(tried)], {"tested": msgspec.to_builtins(tried)}
        case _:
            try:
                host, was = asyncio.run(remove(config, endpoint))
            except OSError as error:
                raise ToolError(f"it cannot be noted that the key is gone: {error.strerror}") from None
            return [removed_line(host, was)], {"host": host, "removed": was}


def _root(parsed: Parsed) -> Any:
    from agent_core.workspace import Workspace

    return Workspace.open(parsed.one("workspace") or ".").root


def _typed(config: Config, endpoint: str) -> str:
    """The key: hidden at a terminal, else the first line of standard input; raises `UsageError`."""
    _, host = endpoint_of(config.settings, endpoint)  # before anything is typed in vain
    if os.isatty(0):
        import getpass

        try:
            return getpass.getpass(f"Key for {host} (nothing is shown): ")
        except EOFError:
            raise UsageError("no key was typed") from None
    data = os.read(0, _LIMIT)
    while b"\n" not in data and len(data) < _LIMIT and (more := os.read(0, _LIMIT)):
        data += more
    return data.partition(b"\n")[0].decode("utf-8", "replace")
