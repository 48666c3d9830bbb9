"""Whether this person was shown around: kept in the user's state folder, for every workspace."""

from __future__ import annotations

import logging
from collections.abc import Callable

import msgspec

from agent_core.errors import AgentError
from agent_core.files import load_state, update_state
from agent_core.folders import user_state_dir

_FILE = "tour.json"
_MOST = 3
"""So often the tour is offered to who neither takes it nor sends it away."""
_log = logging.getLogger(__name__)


class Seen(msgspec.Struct):
    """The file: how often the tour was offered, and whether it was gone through or sent away."""

    schema: int = 1
    offered: int = 0
    over: bool = False


def offers() -> bool:
    """Whether to offer it now, which counts; never where that cannot be kept. Blocks for milliseconds."""
    path = user_state_dir() / _FILE
    before, _ = load_state(path, Seen)
    before = before or Seen()
    if before.over or before.offered >= _MOST:
        return False
    return _keep(lambda old: Seen(offered=(old or Seen()).offered + 1, over=(old or Seen()).over))


def end() -> None:
    """Offer it never again. Blocks for milliseconds."""
    _keep(lambda old: Seen(offered=(old or Seen()).offered, over=True))


def _keep(change: Callable[[Seen | None], Seen]) -> bool:
    try:
        update_state(user_state_dir() / _FILE, Seen, change)
    except (AgentError, OSError) as error:
        _log.info("whether the tour was seen cannot be kept: %s", error)
        return False
    return True
