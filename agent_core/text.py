"""Text from outside, made fit to be shown: literal, and as short as the place allows."""

from __future__ import annotations

import re

_ESCAPE = r"""(?x)
    (?:\x1b\[|\x9b)[0-?]{0,64}[ -/]{0,8}[@-~]                          # CSI: colours, cursor, erase
    | (?:\x1b\]|\x9d)[^\x07\x1b\x9c]{0,4096}(?:\x07|\x1b\\|\x9c)       # OSC: title, links, clipboard
    | (?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x9c]{0,4096}(?:\x1b\\|\x9c)  # DCS, SOS, PM, APC
    | \x1b[ -/]{1,4}[0-~]                                              # character sets and the like
    | \x1b[0-9=>A-OQ-WYZ\\a-z|}~]                                      # two-character sequences
"""
_ODD = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def printable(text: str) -> str:
    """The text with nothing in it that could draw, reorder or hide: only visible characters, `\\n` and `\\t`.

    Terminal escape sequences are removed. Other control characters become their pictures (`␀`), what is
    invisible or reorders text (bidirectional overrides, zero-width and tag characters) becomes `⟨U+202E⟩`,
    bytes that were not text become `�`. `\\r\\n` becomes `\\n`.
    """
    if _ODD.search(text) is None:
        return text
    text = text.replace("\r\n", "\n")
    return _ODD.sub(_shown, re.sub(_ESCAPE, "", text))


def _shown(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if 0xD800 <= code <= 0xDFFF:
        return "�"
    return f"⟨U+{code:04X}⟩"


_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def pictured(text: str) -> str:
    """The text with a visible character in place of each control character and each byte that was no text.

    For text that is to be edited: everything else stays, `\\n` and `\\t` too. Line ends become `\\n`.
    """
    if _CONTROL.search(text) is None:
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub(lambda match: shown if len(shown := _shown(match)) == 1 else "�", text)


def one_line(text: str) -> str:
    """The printable text on one line: line ends and tabs become single spaces."""
    return " ".join(printable(text).split())


_NO_TEXT = re.compile("[\ud800-\udfff]")


def encodable(text: str) -> str:
    """The text for programs, as JSON can hold it: as it is, with `�` for bytes that were not text."""
    return _NO_TEXT.sub("�", text)


def cells(text: str) -> int:
    """How many terminal cells the (printable) text takes."""
    if text.isascii():
        return len(text)
    return sum(_cell(char) for char in text)


def _cell(char: str) -> int:
    if char < "\u0300":
        return 1
    from unicodedata import combining, east_asian_width

    if combining(char) or char in "\u200d\ufe0f\ufe0e":
        return 0
    return 2 if east_asian_width(char) in "WF" else 1


def shorten(text: str, width: int) -> str:
    """The text cut at its end to at most `width` cells, with `…` for what is missing."""
    if cells(text) <= width:
        return text
    return _head(text, width - 1) + "…" if width > 0 else ""


def shorten_middle(path: str, width: int) -> str:
    """The text in at most `width` cells: the middle goes, a path's file name stays if it can."""
    if cells(path) <= width:
        return path
    if width <= 1:
        return "…" if width == 1 else ""
    name = path[path.rfind("/") :]
    room = width - 1
    tail = min(cells(name), room) if "/" in path else room // 2
    tail = max(tail, room - room // 3)
    return _head(path, room - tail) + "…" + _tail(path, tail)


def _head(text: str, width: int) -> str:
    used = 0
    for index, char in enumerate(text):
        used += _cell(char)
        if used > width:
            return text[:index]
    return text


def _tail(text: str, width: int) -> str:
    used = 0
    for index in range(len(text) - 1, -1, -1):
        used += _cell(text[index])
        if used > width:
            return text[index + 1 :]
    return text


def human_size(n: int) -> str:
    """Bytes for people, in powers of 1024: `512 B`, `1.5 KB`, `20 MB`."""
    if n < 1024:
        return f"{n} B"
    value = float(n)
    for unit in ("KB", "MB", "GB", "TB"):
        value /= 1024
        if value < 1023.95 or unit == "TB":
            return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"
    raise AssertionError  # the last unit always returns


def human_duration(s: float) -> str:
    """Seconds for people: `0.3 s`, `12 s`, `3 min 5 s`, `2 h 3 min`, `1 h`."""
    if s < 9.95:
        return f"{s:.1f} s"
    seconds = round(s)
    if seconds < 60:
        return f"{seconds} s"
    minutes, rest = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def human_age(s: float) -> str:
    """How long ago something was, for people: `just now`, `5 min ago`, `3 h ago`, `12 days ago`."""
    if s < 60:
        return "just now"
    if s < 3600:
        return f"{int(s // 60)} min ago"
    return f"{int(s // 3600)} h ago" if s < 48 * 3600 else f"{int(s // 86400)} days ago"


def plural(count: int, one: str, many: str = "") -> str:
    """The count with its noun: `1 match`, `2 matches`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
