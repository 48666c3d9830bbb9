"""A log file as rows of the log pane: what it is, then its last lines."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from agent_core.text import human_size, one_line, plural
from tui.widgets.logrow import level_style
from tui.widgets.rows import Item
from tui.widgets.transcript.lines import Run

if TYPE_CHECKING:
    from agent_core.logs.discover import LogFile
    from agent_core.logs.tail import Tail

_DATE = re.compile(r"^(\[?)\d{4}[-/]\d\d[-/]\d\d[T ](?=\d\d:\d\d)")

NONE = (
    'No log files found. The setting log_files names others, such as log_files = ["build/*.txt"]; '
    "what is written from now on shows here by itself."
)


def heading(source: str, services: int) -> str:
    """What the pane is about: containers, or the bus with key events of so many services."""
    return f"The bus: key events of {plural(services, 'service')}" if source == "bus" else one_line(source)


def log_items(file: LogFile, tail: Tail, count: int, *, narrow: bool) -> list[Item]:
    """Its head and at most so many lines; where it is narrow, what they say comes before their dates."""
    when = datetime.fromtimestamp(tail.mtime_ns / 1e9).strftime("%H:%M")
    size, note = ("", "gone") if tail.gone else (f"{human_size(tail.size)} ", when)
    right: tuple[Run, ...] = ((size, "dim", None), (note, "dim", None))
    head = Item(one_line(file.path), "h2", right=right, key=file.path, middle=True, right_gives=True)
    lines = [line for line in tail.lines if line.strip()][-count:]
    if not lines:
        return [head, Item("empty", "dim", (("  ", "", None),), can_choose=False)]
    return [
        head,
        *(
            Item(_fitting(line, narrow), level_style(line), key=f"{file.path}\n{number}")
            for number, line in enumerate(lines)
        ),
    ]


def _fitting(line: str, narrow: bool) -> str:
    text = one_line(line)
    return _DATE.sub(r"\1", text) if narrow else text
