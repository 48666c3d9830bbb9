"""`api_key_command`: a program of the user's that prints the key, such as a password manager's."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from agent_core.capture import capture
from agent_core.credentials.key import usable
from agent_core.llm.errors import KeyFault
from agent_core.masking import mask_secrets
from agent_core.text import one_line, shorten

_PATIENCE_S = 30.0
_LIMIT = 64 * 1024
_HOW = "It is run without a shell, in your home folder, and prints the key as its first line."


async def key_by_command(line: str, *, host: str) -> str:
    """Run the command and return the first line that it says.

    It is run without a shell and without input, with `DSPY_TUI_ENDPOINT` naming the host in its environment;
    what it says on standard output is never shown.

    Raises:
        KeyFault: It cannot be started, fails, takes over 30 s, or says no key.
    """
    argv = words_of(line)
    env = {**os.environ, "DSPY_TUI_ENDPOINT": host}
    said_by = f"api_key_command ({one_line(argv[0])})"
    try:
        said = await capture(argv, cwd=Path.home(), env=env, timeout=_PATIENCE_S, limit=_LIMIT)
    except TimeoutError:
        message = f"{said_by} took longer than {_PATIENCE_S:.0f} s"
        raise KeyFault(message, hint="It must not wait for a terminal.") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise KeyFault(f"{said_by} cannot be started: {reason}", hint=_HOW) from None
    out = said.out.decode("utf-8", "replace")
    if said.code != 0:
        told = mask_secrets(said.err, [word for word in out.split() if len(word) >= 6])
        why = shorten(one_line(told.strip()), 200)
        raise KeyFault(
            f"{said_by} failed with exit code {said.code}" + (f": {why}" if why else ""), hint=_HOW
        )
    return usable(out.partition("\n")[0], said_by=said_by)


def words_of(line: str) -> list[str]:
    """The program and its arguments; raises `KeyFault`."""
    try:
        argv = shlex.split(line)
    except ValueError as error:
        raise KeyFault(f"api_key_command cannot be read: {error}", hint=_HOW) from None
    if not argv:
        raise KeyFault("api_key_command names no program", hint=_HOW)
    return argv
