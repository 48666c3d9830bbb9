"""How a tool of a server is called: `server__tool`."""

from __future__ import annotations

BETWEEN = "__"


def is_of_server(name: str) -> bool:
    """Whether a command is a tool of somebody else's server, by its name, with which no question begins."""
    return BETWEEN in name
