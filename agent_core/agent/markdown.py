"""Text of files and tools inside Markdown: nothing in it can end the block that it stands in."""

from __future__ import annotations

import re

from agent_core.code.languages import language_of

MOST_SHOWN = 60
"""Lines of a block."""


def bounded(text: str) -> str:
    """The first lines, and how many more there are."""
    lines = text.rstrip().split("\n")
    more = len(lines) - MOST_SHOWN
    return "\n".join(lines[:MOST_SHOWN]) + (f"\n… {more:,} more lines" if more > 0 else "")


def code_in_line(line: str) -> str:
    """A line of code within a line of Markdown."""
    line = line.strip()[:160]
    ticks = "``" if "`" in line else "`"
    return f"{ticks} {line} {ticks}" if "`" in line else f"{ticks}{line}{ticks}"


def fenced(text: str, path: str = "") -> str:
    """A block of code that no line of it can end, headed by the language that the file's name tells."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    extension = path.rpartition(".")[2] if "." in path else ""
    language = language_of(path) or (extension if re.fullmatch(r"[a-z]{1,6}", extension) else "")
    return f"{fence}{language}\n{text}\n{fence}"
