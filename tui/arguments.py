"""What several subcommands read from their arguments."""

from __future__ import annotations

from agent_core.errors import UsageError
from tui.options import Parsed


def root_of(parsed: Parsed) -> str:
    """The folder to work in: as it was named, else the one we are in."""
    return parsed.one("workspace") or parsed.positional or "."


def settings_of(parsed: Parsed) -> dict[str, str]:
    """The settings given with --set; raises `UsageError`."""
    found: dict[str, str] = {}
    for text in parsed.all("set"):
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"--set wants NAME=VALUE, not {text!r}", hint="Such as --set provider=none.")
        found[name.strip()] = value
    return found
