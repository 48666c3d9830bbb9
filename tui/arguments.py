"""What several subcommands read from their arguments."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from agent_core.errors import UsageError
from agent_core.plain import VARIABLE, is_wanted
from tui.options import Parsed

if TYPE_CHECKING:
    from agent_core.config import Config, Settings
    from agent_core.session.saved.conversation import Conversation


def root_of(parsed: Parsed) -> str:
    """The folder to work in: as it was named, else the one we are in."""
    return parsed.one("workspace") or parsed.positional or "."


async def open_session(parsed: Parsed, conversation: Conversation) -> None:
    """Prepare the session that the options name; raises as `Conversation.prepare` does."""
    if parsed.has("session") and parsed.has("resume"):
        raise UsageError("--session and --resume name two sessions", hint="Give one of them.")
    if parsed.has("resume"):
        await conversation.prepare(parsed.one("resume"))
    elif parsed.has("session"):
        await conversation.begin(parsed.one("session"))


def settings_of(parsed: Parsed) -> dict[str, str]:
    """The settings given with --set, and --plain; raises `UsageError`."""
    found = {"plain": "true"} if parsed.has("plain") else {}
    for text in parsed.all("set"):
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"--set wants NAME=VALUE, not {text!r}", hint="Such as --set provider=none.")
        found[name.strip()] = value
    return found


def config_of(parsed: Parsed, root: Path) -> Config:
    """The settings of a subcommand, which holds to `plain` from then on. Raises as `load` does."""
    from agent_core.config import load

    config = load(root=root, flags=settings_of(parsed))
    hold_to_plain(config.settings)
    return config


def hold_to_plain(settings: Settings) -> None:
    """Have this process, and whatever runs on its behalf, write words, or not: a file may say so, too."""
    if settings.plain != is_wanted(os.environ):
        os.environ[VARIABLE] = "true" if settings.plain else "false"
