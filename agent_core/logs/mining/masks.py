"""What varies by its look in one canonical message, beyond what whole blocks can be searched for.

Here "0" stands for something variable, as in `canon`; it is "<*>" in a template. What counts as variable
follows the guidelines by which the labels of public log collections were corrected (Khan et al., "Guidelines
for assessing the accuracy of log message template identification techniques", ICSE 2022): numbers, addresses,
paths, identifiers, truth values and names that every system has.
"""

from __future__ import annotations

import re
from itertools import islice

VARIABLE = "0"
WORD = "\x00"
"""In a frame: the place of a word."""
MOST_WORDS = 200

_BEGIN, _END = r"(?<!\w)", r"(?!\w)"
_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6}"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}"
_SOURCES = r"(?:c|cc|cpp|cs|cxx|go|h|hpp|java|js|kt|m|mm|php|py|rb|rs|scala|swift|ts)"
_PART = r"(?:0|[A-Fa-f]{1,4}|[A-Fa-f]\d)"
_MASKS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (sign, re.compile(pattern))
    for sign, pattern in (
        # A date in words, with its time, its zone and its year.
        (
            " 0",
            rf"{_BEGIN}(?:{_DAY},? )?{_MONTH} 0(?:,? 0:0(?::0)?)?(?: [A-Z]{{3,4}}{_END})?(?: 0{_END})?",
        ),
        # Hardware and version 6 addresses: their parts may lack digits.
        ("0:", rf"{_BEGIN}(?=[A-Fa-f\d:]{{0,40}}0)(?:{_PART}:){{4,}}{_PART}{_END}"),
        ("://", rf"{_BEGIN}\w{{2,12}}://[^\s\"'<>\])}},;]*0[^\s\"'<>\])}},;]*"),
        # Paths, with what follows them.
        ("/0", rf"{_BEGIN}(?:~|\.{{1,2}})?/{{1,2}}0{_END}(?:[/*][^\s,;:\"'()\[\]]*)?(?: HTTP/0)?"),
        ("\\0", rf"{_BEGIN}(?:[A-Za-z]:)?\\{{1,2}}0{_END}(?:[\\*][^\s,;:\"'()\[\]]*)?"),
        # A host with its port, but no source file with its line.
        (":0", rf"{_BEGIN}(?:[\w-]+\.)+(?!{_SOURCES}:)\w+:0{_END}"),
        # An address of mail, or an object with its address.
        ("0@", r"0(?<!\w.)@[\w.-]+"),
        # Numbers that are joined: times, lists, ranges.
        ("0", rf"(?:(?<!\w)[-+])?0(?<!\w.){_END}(?:[:/.,_~-]+[-+]?0{_END})+"),
        ("-0", rf"{_BEGIN}-0{_END}"),
        ("+0", rf"{_BEGIN}\+0{_END}"),
        # A bound, which is no bracket.
        ("<0", r"<0(?= )"),
        # Truth values, names that every system has, and hexadecimal numbers that have no digit.
        (
            "",
            rf"{_BEGIN}(?:[tT]rue|[fF]alse|TRUE|FALSE|null|root|admin|[a-f]{{8,}}|[A-F]{{8,}}){_END}(?![./-][A-Za-z])",
        ),
    )
)
"""What is variable, each with a text that is in every message where it can be found."""
_WORD = re.compile(r"[^\s:=,;()\[\]{}<>\"'|\x00]+")
_BLANKS = re.compile(r"[^\S ]\s*| \s+|\x00")
_SHOWN = re.compile(rf"{_BEGIN}0{_END}")


def masked(text: str) -> str:
    """The canonical message with what varies as `VARIABLE`, and with single spaces for blanks."""
    for sign, mask in _MASKS:
        if sign in text:
            text = mask.sub(VARIABLE, text)
    return _BLANKS.sub(" ", text).strip()


def taken_apart(text: str) -> tuple[str, tuple[str, ...]]:
    """The frame of a masked message and its words: what stands between blanks, brackets, quotes and `:=,;|`.

    The frame is the message with `WORD` in place of each word. What comes after `MOST_WORDS` words is left
    out.
    """
    words = _WORD.findall(text)
    if len(words) > MOST_WORDS:
        text = text[: next(islice(_WORD.finditer(text), MOST_WORDS, None)).start()]
        words = words[:MOST_WORDS]
    return _WORD.sub(WORD, text), tuple(words)


def put_together(frame: str, words: tuple[str, ...]) -> str:
    """The masked message of a frame and its words."""
    left = iter(words)
    return "".join(next(left) if char == WORD else char for char in frame)


def shown(text: str) -> str:
    """A masked message as a template: with "<*>" for what varies."""
    return _SHOWN.sub("<*>", text)
