"""Telling a file from the one that lies in its place later, whatever either is called."""

from __future__ import annotations

import os

Identity = tuple[int, int]


def identity_of(status: os.stat_result) -> Identity:
    """What stays when a file is renamed."""
    return status.st_dev, status.st_ino


def part_of(identity: Identity, emptied: int = 0) -> str:
    """Names what is in a file that was emptied so many times."""
    return f"{identity[0]:x}:{identity[1]:x}:{emptied}"
