"""The files of a change as rows of a list."""

from __future__ import annotations

import re

from agent_core.text import one_line
from tui.widgets.diff.draft import FileDraft
from tui.widgets.diff.paint import mark_of
from tui.widgets.rows import Item
from tui.widgets.transcript.lines import Run

_SURE = re.compile(r"(\d+)% sure")
_LETTERS: dict[str, Run] = {
    "changed": ("M", "mark", None),
    "new": ("A", "ok", None),
    "deleted": ("D", "bad", None),
    "renamed": ("R", "warn", None),
}


def file_item(file: FileDraft) -> Item:
    """Ticked or not, what happens to it, its path; how sure the places are; lines added and removed."""
    right: list[Run] = []
    if file.note:
        sure = [int(share) for share in _SURE.findall(file.note)]
        right.append((f"▲{f' {min(sure)}%' if sure else ''} ", "warn", None))
    if file.edited:
        right.append(("edited ", "mark", None))
    right += [(f"+{file.added:,}", "ok", None), (f" -{file.removed:,}", "bad", None)]
    lead: tuple[Run, ...] = (mark_of(file.state), (" ", "", None), _LETTERS[file.kind], (" ", "", None))
    style = "dim" if file.state == "none" else "title"
    return Item(one_line(file.path), style, lead, tuple(right), key=file.path, middle=True)
