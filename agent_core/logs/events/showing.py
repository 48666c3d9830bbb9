"""The text of a key event: what is shown of a record, of a stack trace, of several records together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agent_core.logs.traces import Own, collapse
from agent_core.text import printable

LINES, WIDTH = 12, 240
_TAIL_LINES = 3
_TAIL = 60
_READ = 65536

Mask = Callable[[str], str]


def shown_record(text: bytes, mask: Mask, own: Own | None = None) -> str:
    """A record, or a stack trace with the frames of libraries folded and its root cause kept."""
    safe = _safe(text, mask)
    return _fitted((collapse(safe, own=own) if "\n" in safe else safe).split("\n"))


def shown_together(texts: Sequence[bytes], mask: Mask) -> str:
    """Records that belong together, a line for each of the first ones."""
    heads = [_safe(text, mask).split("\n")[0] for text in texts[: LINES - 1]]
    left = len(texts) - len(heads)
    return _fitted([*heads, f"… {left} more"] if left else heads)


def _safe(text: bytes, mask: Mask) -> str:
    return printable(mask(text[:_READ].decode("utf-8", "replace"))).rstrip()


def _fitted(lines: Sequence[str]) -> str:
    if len(lines) > LINES:
        head = LINES - 1 - _TAIL_LINES
        left = len(lines) - head - _TAIL_LINES
        lines = [*lines[:head], f"… {left} more lines", *lines[-_TAIL_LINES:]]
    return "\n".join(_cut(line) for line in lines)


def _cut(line: str) -> str:
    line = line.replace("\t", "    ").rstrip()
    return line if len(line) <= WIDTH else f"{line[: WIDTH - _TAIL - 1]}…{line[-_TAIL:]}"
