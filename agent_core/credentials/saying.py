"""Keys in words, which never show one."""

from __future__ import annotations

from collections.abc import Sequence

from agent_core.credentials.managing import Standing, Stored, Tried
from agent_core.text import one_line


def stored_lines(stored: Stored) -> list[str]:
    """That a key was kept, and what else has to be known."""
    return [f"The key for {stored.host} is in the keyring ({stored.keyring}).", *stored.notes]


def removed_line(host: str, was: bool) -> str:
    """That a key is gone."""
    return f"The key for {host} is gone." if was else f"The keyring had no key for {host}."


def tried_line(tried: Tried) -> str:
    """That an endpoint takes its key."""
    return f"{tried.detail}; key: {tried.origin}"


def standing_lines(standings: Sequence[Standing], trouble: str = "") -> list[str]:
    """One row for each endpoint; * is the one that the settings name. `trouble`: why some may be missing."""
    width = max((len(one.host) for one in standings), default=0)
    rows = [f"{'*' if one.used else ' '} {one.host:<{width}}  {_origin(one)}" for one in standings]
    return [*rows, f"! {one_line(trouble)}"] if trouble else rows


def _origin(one: Standing) -> str:
    said = one.origin or "no key"
    if one.stored and not one.origin.startswith("the keyring"):
        said += "; the keyring has one, too"
    return f"{said} (! {one.trouble})" if one.trouble else said
