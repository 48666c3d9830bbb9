"""The lines of a log that match a pattern: found by ripgrep in what there is, one by one in what is added."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import AsyncGenerator
from pathlib import Path

from agent_core.errors import LogFault
from agent_core.logs.pattern import Pattern
from agent_core.logs.view import Line, LogView
from agent_core.process import NotStarted, stream_process
from agent_core.ripgrep import complaint, find_ripgrep

_MOST = 4_000_000
"""Offsets kept, in 32 MB; of more matches the last ones are kept."""


_OFFSET = re.compile(rb"^(\d+):", re.MULTILINE)


class Matches:
    """Implements `window.Lines` for the lines whose offsets were added.

    Args:
        view: Reads the lines.
    """

    def __init__(self, view: LogView) -> None:
        self._view = view
        self._starts = array("q")
        self.left_out = 0
        """Matches that were found and not kept."""

    def __len__(self) -> int:
        return len(self._starts)

    @property
    def size(self) -> int:
        """Offset behind the last matching line that was added."""
        return self._starts[-1] + 1 if self._starts else 0

    @property
    def last(self) -> int:
        """Where the last matching line begins; -1 without any."""
        return self._starts[-1] if self._starts else -1

    def add(self, starts: array[int]) -> None:
        """Add offsets of lines; they follow those that are there."""
        self._starts.extend(starts)
        surplus = len(self._starts) - _MOST
        if surplus > 0:
            self.left_out += surplus
            del self._starts[:surplus]

    def clear(self) -> None:
        """Forget them all: the file began anew."""
        del self._starts[:]
        self.left_out = 0

    def after(self, offset: int, count: int) -> list[Line]:
        """See `window.Lines.after`."""
        at = bisect_left(self._starts, offset)
        return self._read(self._starts[at : at + count])

    def before(self, offset: int, count: int) -> list[Line]:
        """See `window.Lines.before`."""
        at = bisect_left(self._starts, offset)
        return self._read(self._starts[max(0, at - count) : at])

    def share(self, first: Line, last: Line) -> tuple[float, float]:
        """See `window.Lines.share`: by the number of lines that match."""
        count = max(1, len(self._starts))
        return bisect_left(self._starts, first.start) / count, bisect_left(self._starts, last.next) / count

    def _read(self, starts: array[int]) -> list[Line]:
        lines: list[Line] = []
        for start in starts:
            found = self._view.after(start, 1)
            # The next match follows; what lies between is not shown.
            lines += [line._replace(next=line.start + 1) for line in found]
        return lines


async def find(path: Path, pattern: Pattern, *, until: int) -> AsyncGenerator[array[int]]:
    """Offsets of the matching lines among the first `until` bytes of a file, in parts, as they are found.

    ripgrep searches, at gigabytes a second and in a process of its own; it ends with the generator.

    Raises:
        LogFault: It cannot be run, or reads the pattern in another way.
    """
    try:
        async with stream_process(_command(path, pattern), cwd=path.parent) as process:
            rest = b""
            async for chunk in process:
                said, _, rest = (rest + chunk).rpartition(b"\n")
                found = array("q", (offset for offset in map(int, _OFFSET.findall(said)) if offset < until))
                if found:
                    yield found
            if process.errors:
                raise LogFault(complaint(process.errors).message)
    except NotStarted as error:
        raise LogFault(f"ripgrep cannot be run ({error.strerror})") from None


def _command(path: Path, pattern: Pattern) -> list[str]:
    return [
        find_ripgrep(), "--no-config", "--color=never", "--no-filename", "--no-line-number", "--byte-offset",
        "--text", "--no-messages", "--max-columns=1",
        *(["--fixed-strings"] if pattern.literal else []),
        *(["--ignore-case"] if pattern.ignores_case else []),
        f"--regexp={pattern.text}", "--", f"./{path.name}",
    ]  # fmt: skip
