"""The services that a stack's files name, read without compose: what completion offers."""

from __future__ import annotations

import re
from pathlib import Path

from agent_core.files import read_bounded
from stack.compose.writing import COMPOSE, OVERRIDE

_SERVICES = re.compile(r"(?m)^services:[ \t]*$((?:\n(?:[ #].*)?)*)")
_NAME = re.compile(r"(?m)^  ([A-Za-z0-9][A-Za-z0-9._-]*):")


def services_in_files(folder: Path) -> tuple[str, ...]:
    """Their names, sorted; none where there are no files, or they are written in another way than usual."""
    found: set[str] = set()
    for name in (COMPOSE, OVERRIDE):
        try:
            text = read_bounded(folder / name).decode("utf-8", "replace")
        except OSError:
            continue
        for match in _SERVICES.finditer(text):
            found.update(_NAME.findall(match[1]))
    return tuple(sorted(found))
