"""Walking a workspace: each folder that the ignore rules leave, with what lies in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from agent_core.ignore import FolderRules, IgnoreRules


class Listing(NamedTuple):
    """One folder.

    `prefix` is its path with a slash at the end, "" for the root. `folders` are those that are walked next,
    `hidden` those that are ignored; `others` is everything else (links too), to be judged by `rules`. A
    folder that cannot be read is empty and not `readable`.
    """

    prefix: str
    rules: FolderRules
    folders: list[os.DirEntry[str]]
    hidden: list[os.DirEntry[str]]
    others: list[os.DirEntry[str]]
    readable: bool = True


def walk_folders(root: Path) -> Iterator[Listing]:
    """Every folder below the root, itself first. Links are not followed, so it ends."""
    rules, _ = IgnoreRules(root).for_folder()
    waiting: list[tuple[str, str, FolderRules, str]] = [(str(root), "", rules, "")]
    while waiting:
        folder, prefix, rules, name = waiting.pop()
        try:
            with os.scandir(folder) as listing:
                entries = list(listing)
        except OSError:
            yield Listing(prefix, rules, [], [], [], readable=False)
            continue
        if name:
            rules = rules.enter(name, present={entry.name for entry in entries})
        found = _sorted_out(prefix, rules, entries)
        yield found
        waiting += [(entry.path, f"{prefix}{entry.name}/", rules, entry.name) for entry in found.folders]


def _sorted_out(prefix: str, rules: FolderRules, entries: list[os.DirEntry[str]]) -> Listing:
    folders: list[os.DirEntry[str]] = []
    hidden: list[os.DirEntry[str]] = []
    others: list[os.DirEntry[str]] = []
    for entry in entries:
        try:
            is_folder = entry.is_dir(follow_symlinks=False)
        except OSError:
            continue
        if not is_folder:
            others.append(entry)
        elif rules.ignored(entry.name, True):
            hidden.append(entry)
        else:
            folders.append(entry)
    return Listing(prefix, rules, folders, hidden, others)
