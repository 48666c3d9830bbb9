"""What a plugin of each kind must have: said when it is loaded, not in the middle of something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent_core.plugins.kinds import PluginKind
from agent_core.plugins.limits import Plain

_NEEDED: Mapping[PluginKind, tuple[str, ...]] = {
    "tools": (
        *("name", "aliases", "summary", "action", "args_type", "positional", "takes_rest", "for_agent"),
        "run",
    ),
    "skills": ("named_predictors",),
    "verifiers": ("find",),
    "embedders": ("embed",),
    "log_sources": ("names", "read"),
}
_MOST_DIMS = 8192


class NotAPlugin(Plain):
    """It has not what its port asks for."""


def check(kind: PluginKind, made: Any) -> None:
    """Raise `NotAPlugin` where something is missing."""
    missing = [name for name in _NEEDED[kind] if not hasattr(made, name)]
    if missing:
        raise NotAPlugin(f"it has no {', '.join(missing)}")
    if kind == "embedders":
        _check_embedder(made)


def _check_embedder(made: Any) -> None:
    name, dims, recipient = (getattr(made, each, None) for each in ("id", "dims", "recipient"))
    if not isinstance(name, str) or not name or not name.isprintable() or len(name) > 200:
        raise NotAPlugin("its id is no name")
    if not isinstance(dims, int) or not 1 <= dims <= _MOST_DIMS:
        raise NotAPlugin(f"its dims are no number from 1 to {_MOST_DIMS}")
    if not isinstance(recipient, str):
        raise NotAPlugin("it does not say whom it sends texts to (recipient)")
