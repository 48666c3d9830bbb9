"""What the screen does when something is copied: hand it on, and say in a few words what became of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from agent_core.text import one_line, plural, shorten
from tui import clipboard

if TYPE_CHECKING:
    from textual.app import App
    from textual.driver import Driver

_LONGEST = 40
"""Columns of a line that is shown as it was copied."""


async def copy(app: App[Any], driver: Driver, text: str, mode: clipboard.Mode) -> None:
    """Put a text on the clipboard and say how."""
    if driver.is_web:
        told = clipboard.Told("", "a browser lets no program do that: hold Shift, and select with the mouse")
    else:
        told = await clipboard.put(text, write=driver.write, env=os.environ, mode=mode)
    done = f"Copied {what(text)} · {told.how}" if told.how else "Not copied"
    said = f"{done}: {told.remark}" if told.remark else done
    severity = "warning" if told.remark else "information"
    app.notify(said, severity=severity, timeout=8 if told.remark else 3, markup=False)


def what(text: str) -> str:
    """What was copied: a short line itself, of others how many."""
    lines = text.splitlines()
    if len(lines) == 1 and (line := one_line(text).strip()):
        return shorten(line, _LONGEST)
    return plural(len(lines), "line")
