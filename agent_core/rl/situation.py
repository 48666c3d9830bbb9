"""What is known when suggestions are made: plain facts, before they become features."""

from __future__ import annotations

import msgspec

from agent_core.index.api import IndexStatus
from agent_core.logs.api import Digest


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """The facts.

    Query: `asked` is the last question or task ("" for none yet), `mentions` how many files it names with @,
    `wants_change` whether it asks for an edit, `acting` whether the agent is about to act on it.
    Conversation: `failed` says whether the last turn ended in an error or with failed checks, `cited` counts
    the places that its answer cites. Tools: `recent` are the names of the tools that ran, newest first. Logs:
    `log_errors` and `log_new` count key events that are errors, and new ones; None where no log is followed.
    Index: `index`; `unread` where one lies on the disk that is not opened yet.
    git: `changed` counts files that differ from the last commit; None without a repository.
    """

    asked: str = ""
    mentions: int = 0
    wants_change: bool = False
    acting: bool = False
    failed: bool = False
    cited: int = 0
    recent: tuple[str, ...] = ()
    log_errors: int | None = None
    log_new: int | None = None
    index: IndexStatus | None = None
    unread: bool = False
    changed: int | None = None


def counted(digest: Digest) -> tuple[int, int]:
    """Of what logs say: how many key events are errors, and how many are new."""
    return sum(event.is_grave for event in digest.events), sum(event.kind == "new" for event in digest.events)
