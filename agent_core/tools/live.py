"""The output of a command as a terminal would show it while it comes: lines, the open one anew, colours.

What comes out is printable but for `\\n`, `\\r` ("the open line is written anew from here on") and colours as
`\\x1b[…m` with the few codes of `CODES`. Everything else that moves, erases or draws is left out.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

from agent_core.text import printable

CODES = (1, 2, 3, 4, 7, *range(31, 37))
"""Bold, dim, italic, underlined, reversed; red, green, yellow, blue, magenta, cyan."""
_LONGEST = 2_000
_SGR = re.compile("\x1b\\[([0-9;:]{0,64})m")
_STEP = re.compile(
    "\x1b\\[([0-9;:?]{0,64})([A-Za-z])"  # what a terminal is told
    "|\x1b\\][^\x07\x1b]{0,4096}(?:\x07|\x1b\\\\)"  # titles, links, the clipboard
    "|\x1b[PX^_][^\x1b]{0,4096}\x1b\\\\|\x1b[ -/]{1,4}[0-~]|\x1b[0-9=>A-OQ-WYZ\\\\a-z|}~]"
    "|[\r\b]|[^\x1b\r\b]+|\x1b"
)
_HALF = re.compile("\x1b(?:\\[[0-9;:?]*|\\][^\x07]*)?")
_OFF = {22: (1, 2), 23: (3,), 24: (4,), 27: (7,), 39: tuple(range(31, 37))}
Style = tuple[int, ...]


class Live:
    """Takes bytes, gives what to show of them.

    Args:
        mask: Replaces secrets in a line.
    """

    def __init__(self, *, mask: Callable[[str], str]) -> None:
        self._mask = mask
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._cells: list[tuple[str, Style]] = []
        self._at = 0
        self._style: Style = ()
        self._shown = ""
        self._rest = ""

    def feed(self, chunk: bytes, *, final: bool = False) -> str:
        """What the bytes add: whole lines, and the open line as far as it came."""
        text = self._rest + self._decoder.decode(chunk, final)
        self._rest = ""
        if not final and (cut := _unfinished(text)):
            text, self._rest = text[:-cut], text[-cut:]
        *lines, last = text.split("\n")
        out: list[str] = []
        for line in lines:
            self._write(line.removesuffix("\r"))
            out.append(self._line() + "\n")
            self._cells, self._at = [], 0
        self._write(last)
        open_line = self._line()
        if not out and open_line == self._shown:
            return ""
        anew = "\r" if self._shown else ""
        self._shown = open_line
        return anew + "".join(out) + open_line

    def _write(self, text: str) -> None:
        for match in _STEP.finditer(text):
            piece = match[0]
            if piece == "\r":
                self._at = 0
            elif piece == "\b":
                self._at = max(0, self._at - 1)
            elif match[2] == "m":
                self._style = styled(self._style, match[1])
            elif match[2] == "K":
                self._erase(match[1])
            elif piece[0] != "\x1b":
                self._put(printable(piece))

    def _put(self, text: str) -> None:
        text = text[: max(0, _LONGEST - self._at)]
        self._cells += [(" ", ())] * (self._at - len(self._cells))
        self._cells[self._at : self._at + len(text)] = [(char, self._style) for char in text]
        self._at += len(text)

    def _erase(self, how: str) -> None:
        if how in ("", "0"):
            del self._cells[self._at :]
        elif how == "2":
            self._cells = []

    def _line(self) -> str:
        plain = "".join(char for char, _ in self._cells)
        masked = self._mask(plain)
        if masked != plain:
            return masked  # which letters the colours were of is not known any more
        out: list[str] = []
        style: Style = ()
        for char, wanted in self._cells:
            if wanted != style:
                out.append(f"\x1b[{';'.join(map(str, (0, *wanted)))}m")
                style = wanted
            out.append(char)
        return "".join(out) + ("\x1b[0m" if style else "")


def _unfinished(text: str) -> int:
    """How many characters at the end may be the beginning of a sequence."""
    at = text.rfind("\x1b", max(0, len(text) - 64))
    return len(text) - at if at >= 0 and _HALF.fullmatch(text, at) else 0


def styled(style: Style, parameters: str) -> Style:
    """The style after a sequence that sets one; of many colours the nearest of the six."""
    codes = [int(code) if code.isdecimal() else 0 for code in re.split("[;:]", parameters)]
    on = set(style)
    while codes:
        code = codes.pop(0)
        if code == 0:
            on.clear()
        elif code in _OFF:
            on.difference_update(_OFF[code])
        elif code in (38, 48):
            colour = _many(codes)
            if code == 38:
                on.difference_update(_OFF[39])
                on.update(colour)
        elif 30 <= code <= 37 or 90 <= code <= 97:
            on.difference_update(_OFF[39])
            on.update({30 + code % 10} & set(CODES) or ({2} if code == 90 else set()))
        elif code in CODES:
            on.add(code)
    return tuple(sorted(on))


def _many(codes: list[int]) -> set[int]:
    """The colour that follows a 38: one of 256 by its number, or red, green and blue."""
    kind = codes.pop(0) if codes else 0
    if kind == 5 and codes:
        number = codes.pop(0)
        if number < 16:
            return {30 + number % 8} & set(CODES)
        if number > 231:
            return set()
        red, green, blue = ((number - 16) // step % 6 for step in (36, 6, 1))
        return _nearest(red * 51, green * 51, blue * 51)
    if kind == 2 and len(codes) >= 3:
        red, green, blue = codes[:3]
        del codes[:3]
        return _nearest(red, green, blue)
    return set()


def _nearest(red: int, green: int, blue: int) -> set[int]:
    """The colour by which channels are strong; none for greys."""
    high, low = max(red, green, blue), min(red, green, blue)
    if high - low < 48:
        return set()
    middle = (high + low) / 2
    bits = (red > middle) + 2 * (green > middle) + 4 * (blue > middle)
    return {30 + bits} & set(CODES)


def plain(shown: str) -> str:
    """What was shown without colours, each line as it was at the end."""
    lines = _SGR.sub("", shown).split("\n")
    return "\n".join(line.rpartition("\r")[2] for line in lines)
