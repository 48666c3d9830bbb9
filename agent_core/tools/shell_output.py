"""The output of a command as a person would have seen it, kept within bounds."""

from __future__ import annotations

import codecs
import re
from collections import deque
from collections.abc import Callable

from agent_core.text import printable

_LONGEST = 8 * 1024
_WIDTH = 2_000
_TOO_LONG = re.compile(rf"[^\n]{{{_WIDTH + 1},}}")


class Output:
    """Takes bytes, gives finished lines, and keeps the first and the last of them.

    Lines come out printable and with secrets masked, so they are held back until they are whole (or 8 KiB
    long). Of a line that a carriage return wrote anew, the last state counts, as on a terminal.

    Args:
        mask: Replaces secrets in a text.
        head: How many characters of the beginning are kept.
        tail: How many characters of the end are kept.
    """

    def __init__(self, *, mask: Callable[[str], str], head: int, tail: int) -> None:
        self._mask, self._head_room, self._tail_room = mask, head, tail
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._open = ""
        self._head: list[str] = []
        self._tail: deque[str] = deque()
        self._tail_size = 0
        self.lines = 0
        self.left_out = 0
        """How many lines are in neither the kept beginning nor the kept end."""

    def feed(self, chunk: bytes, *, final: bool = False) -> str:
        """Take in bytes; returns the lines that they finish, with their ends."""
        text = self._open + self._decoder.decode(chunk, final)
        whole, end, self._open = text.rpartition("\n")
        if final or len(self._open) > _LONGEST:
            whole, end, self._open = whole + end + self._open, "", ""
            end = "\n" if whole and not whole.endswith("\n") else ""
        elif "\r" in self._open[:-1]:
            self._open = self._open[self._open.rindex("\r", 0, -1) + 1 :]
        shown = self._shown(whole + end)
        self._keep(shown)
        return shown

    def text(self) -> str:
        """What is kept; a line between beginning and end says what is missing."""
        missing = [f"… {self.left_out:,} lines left out …"] if self.left_out else []
        return "\n".join([*self._head, *missing, *self._tail])

    def _shown(self, text: str) -> str:
        if "\r" in text:
            text = "\n".join(line.removesuffix("\r").rpartition("\r")[2] for line in text.split("\n"))
        return _TOO_LONG.sub(_shortened, printable(self._mask(text)))

    def _keep(self, text: str) -> None:
        """Take in whole lines; what is neither beginning nor end is only counted."""
        if self._head_room > 0 and text:
            cut = text.find("\n", self._head_room - 1) + 1 or len(text)
            beginning, text = text[:cut], text[cut:]
            self._head_room -= len(beginning)
            self._head += beginning.split("\n")[:-1]
            self.lines += beginning.count("\n")
        self.lines += text.count("\n")
        if len(text) > self._tail_room:
            cut = text.rfind("\n", 0, len(text) - self._tail_room) + 1
            self.left_out += text.count("\n", 0, cut) + len(self._tail)
            text = text[cut:]
            self._tail.clear()
            self._tail_size = 0
        for line in text.split("\n")[:-1]:
            self._tail.append(line)
            self._tail_size += len(line) + 1
        while self._tail_size > self._tail_room and len(self._tail) > 1:
            self._tail_size -= len(self._tail.popleft()) + 1
            self.left_out += 1


class Pace:
    """Keeps what is shown of a flood of output within a rate, in characters per second.

    A burst of four seconds' worth is let through; past that whole pieces are left out, and the next one that
    is shown says so.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._room = 4.0 * rate
        self._last = 0.0
        self._skipped = 0

    def let(self, lines: str, now: float) -> str:
        """What to show of these lines at this time (seconds of any clock); "" for nothing."""
        skipped = self.room_for(len(lines), lines.count("\n"), now)
        if skipped is None:
            return ""
        return f"… {skipped:,} lines not shown …\n{lines}" if skipped else lines

    def room_for(self, size: int, lines: int, now: float) -> int | None:
        """Whether so many characters in so many lines may be shown at this time: how many lines were left
        out before them; None to leave these out, too."""
        self._room = min(4.0 * self._rate, self._room + (now - self._last) * self._rate)
        self._last = now
        if size > self._room:
            self._skipped += lines
            return None
        self._room -= size
        skipped, self._skipped = self._skipped, 0
        return skipped


def _shortened(line: re.Match[str]) -> str:
    text = line[0]
    return f"{text[: _WIDTH // 2]} … {len(text) - _WIDTH:,} characters … {text[-_WIDTH // 2 :]}"
