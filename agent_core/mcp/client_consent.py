"""Which servers may be started here: what a person said, kept in the user's state, of what was written."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from agent_core.files import load_state, update_state
from agent_core.folders import user_state_dir
from agent_core.mcp.client_config import Named
from agent_core.permissions import Permissions, exact_rule

Verdict = Literal["allowed", "asks", "denied", "disabled"]
_MOST = 500
"""Answers that are kept for a workspace, the last ones."""


class Store(msgspec.Struct):
    """The file: answers by server, by workspace."""

    schema: int = 1
    workspaces: dict[str, dict[str, bool]] = {}


class Consent:
    """The answers for one workspace.

    What the user's own configuration names needs none. A rule `run:mcp start NAME@CONTENT` answers, too: so a
    headless run is allowed to start one. No wider rule does: who lets a project's commands run knows nothing
    of what its `.mcp.json` starts, outside the sandbox. One on another machine needs one for its host, too.

    Args:
        workspace: Its root.
        permissions: The rules.
        store: The file of answers; the one in the user's state folder by default.
    """

    def __init__(self, *, workspace: Path, permissions: Permissions, store: Path | None = None) -> None:
        self._key = str(workspace)
        self._permissions = permissions
        self._path = store or user_state_dir() / "mcp.json"
        self._answers: dict[str, bool] | None = None
        self.trouble = ""
        """Why the answers of earlier sessions cannot be had; "" where they can."""
        self._not_now: set[str] = set()

    def load(self) -> None:
        """Read the answers. For a thread."""
        store, self.trouble = load_state(self._path, Store, aside=False)
        self._answers = (store or Store()).workspaces.get(self._key, {})

    def verdict(self, named: Named) -> Verdict:
        """Whether it may be started."""
        if named.entry.disabled:
            return "disabled"
        answered = (self._answers or {}).get(_id(named))
        if answered is False or _id(named) in self._not_now or self._is_denied(named):
            return "denied"
        allowed = answered or named.source == "user" or self._is_named(named)
        return "allowed" if allowed else "asks"

    def _is_denied(self, named: Named) -> bool:
        decide = self._permissions.decide
        reaches = named.is_remote and named.source == "workspace"
        return decide("run", subject(named)) == "deny" or (
            reaches and decide("network", named.host) == "deny"
        )

    def _is_named(self, named: Named) -> bool:
        """Whether rules allow exactly this."""
        if not self._permissions.names("run", subject(named)):
            return False
        return not named.is_remote or (
            bool(named.host) and self._permissions.decide("network", named.host) == "allow"
        )

    def refuse_now(self, named: Named) -> None:
        """Not in this session; nothing is kept."""
        self._not_now.add(_id(named))

    def answer(self, named: Named, allowed: bool) -> None:
        """Keep an answer; raises `BusyError`, OSError. For a thread."""

        def change(store: Store | None) -> Store:
            store = store or Store()
            answers = store.workspaces.get(self._key, {})
            answers.pop(_id(named), None)
            kept = dict([*answers.items()][-_MOST + 1 :])
            store.workspaces[self._key] = {**kept, _id(named): allowed}
            return store

        self._not_now.discard(_id(named))
        self._answers = {**(self._answers or {}), _id(named): allowed}
        store, _ = update_state(self._path, Store, change)
        self._answers = store.workspaces[self._key]


def subject(named: Named) -> str:
    """What rules are about: the server as it is written now, and nothing else under its name."""
    return f"mcp start {_id(named)}"


def rules_for(named: Named) -> tuple[str, ...]:
    """The rules that allow it, and nothing else."""
    reach = (exact_rule("network", named.host),) if named.is_remote else ()
    return (exact_rule("run", subject(named)), *reach)


def _id(named: Named) -> str:
    return f"{named.name}@{named.content}"
