"""What is typed on the command line is meant; only a rule of the settings can keep it from the network."""

from __future__ import annotations

from pathlib import Path

from agent_core.config import Settings
from agent_core.errors import PermissionRefused
from agent_core.permissions import Permissions
from agent_core.streaming.access import access_of
from agent_core.text import one_line


def permit_bus(root: Path, settings: Settings) -> None:
    """Raise `PermissionRefused` where a rule denies reaching the bus, and `ConfigError`."""
    where = access_of(settings).named
    if Permissions(workspace=root, deny=settings.deny).decide("network", where) == "deny":
        raise PermissionRefused(
            f"A rule denies network {one_line(where)!r}", hint="See `dspy-tui config show`, setting deny."
        )
