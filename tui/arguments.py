"""What several subcommands read from their arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_core.errors import UsageError
from tui.options import Parsed

if TYPE_CHECKING:
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
    """The settings given with --set; raises `UsageError`."""
    found: dict[str, str] = {}
    for text in parsed.all("set"):
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"--set wants NAME=VALUE, not {text!r}", hint="Such as --set provider=none.")
        found[name.strip()] = value
    return found
