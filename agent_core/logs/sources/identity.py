"""Telling a file from the one that lies in its place later, whatever either is called."""

from __future__ import annotations

import os

Identity = tuple[int, int]


def identity_of(status: os.stat_result) -> Identity:
    """What stays when a file is renamed."""
    return status.st_dev, status.st_ino


def key_of(part: str) -> str:
    """What names the file that a part is in, as `Place.key` does."""
    return part.rpartition(":")[0]


def part_of(identity: Identity, number: int) -> str:
    """Names what is in a file; another number where it was emptied, or where another has its inode now."""
    return f"{identity[0]:x}:{identity[1]:x}:{number}"
