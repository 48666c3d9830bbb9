"""What varies by its look in one canonical message, beyond what whole blocks can be searched for.

Here "0" stands for something variable, as in `canon`; it is "<*>" in a template. What counts as variable
follows the guidelines by which the labels of public log collections were corrected (Khan et al., "Guidelines
for assessing the accuracy of log message template identification techniques", ICSE 2022): numbers, addresses,
paths, identifiers, truth values. Of words (the users that every system has, among them) only those vary that
other messages show to, see `closing`.
"""

from __future__ import annotations

import re

VARIABLE = "0"
WORD = "\x00"
"""In a frame: the place of a word."""
MOST_WORDS = 200

_BEGIN, _END = r"(?<!\w)", r"(?!\w)"
_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6}"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}"
_SOURCES = (
    r"(?:c|cc|cpp|cs|cxx|dart|erl|exs?|go|groovy|h|hpp|hs|java|[cm]?jsx?|kts?|lua|mm?|php|py|rb|rs|scala|svelte"
    r"|swift|tsx?|vue)"
)
_HEX = r"[A-Fa-f\d]{1,4}"
_PART = r"(?:0|[A-Fa-f]{1,4}|[A-Fa-f]\d)"
_MASKS: tuple[tuple[str, re.Pattern[str] | None, re.Pattern[str]], ...] = tuple(
    (sign, re.compile(ahead) if ahead else None, re.compile(pattern))
    for sign, ahead, pattern in (
        # Hardware and version 6 addresses: their parts may lack digits.
        (
            "0:",
            rf":{_HEX}:{_HEX}:{_HEX}:",
            rf"{_BEGIN}(?=[A-Fa-f\d:]{{0,40}}0)(?:{_PART}:){{4,}}{_PART}{_END}",
        ),
        ("://", "", rf"{_BEGIN}\w{{2,12}}://[^\s\"'<>\])}},;]*0[^\s\"'<>\])}},;]*"),
        # Paths, with what follows them.
        ("/0", "", rf"{_BEGIN}(?:~|\.{{1,2}})?/{{1,2}}0{_END}(?:[/*][^\s,;:\"'()\[\]]*)?(?: HTTP/0)?"),
        ("\\0", "", rf"{_BEGIN}(?:[A-Za-z]:)?\\{{1,2}}0{_END}(?:[\\*][^\s,;:\"'()\[\]]*)?"),
        # A host with its port, but no source file with its line.
        (":0", r"\.\w+:0", rf"(?<![\w.-])(?:[\w-]+\.)+(?!{_SOURCES}:)\w+:0{_END}"),
        # Parts of an identifier that lack digits.
        ("0-", r"0-(?:[a-f]{4}|[A-F]{4})-", rf"0(?:-(?:[a-f]{{4}}|[A-F]{{4}}|0))+-0{_END}"),
        # An address of mail, or an object with its address.
        ("0@", "", r"0(?<!\w.)@[\w.-]+"),
        # Versions with what they were built from: "1.2.0-rc.1+build.5", "1.2+dfsg-1", "1.2~beta3".
        ("0", r"0[+~]\w", rf"0(?<!\w.)(?:[+~][\w.-]*\w)+{_END}"),
        # Numbers that are joined: times, lists, ranges.
        ("0", r"0[:/.,_~-]+[-+]?0", rf"0(?<!\w.){_END}(?:[:/.,_~-]+[-+]?0{_END})+"),
        ("-0", "", rf"{_BEGIN}-0{_END}"),
        ("+0", "", rf"{_BEGIN}\+0{_END}"),
        # A bound, which is no bracket.
        ("<0", "", r"<0(?= )"),
        # A date in words, with its time, its zone and its year.
        (
            " 0",
            r"[JFMASOND][a-z]{2,8} 0",
            rf"{_BEGIN}(?:{_DAY},? )?{_MONTH} 0(?:,? 0)?(?: [A-Z]{{3,4}}{_END})?(?: 0{_END})?",
        ),
        # Hexadecimal numbers that have no digit.
        ("", r"[A-Fa-f]{8}", rf"{_BEGIN}(?:[a-f]{{8,}}|[A-F]{{8,}}){_END}"),
    )
)
"""What is variable; before it a text and a pattern, quickly found, that are in every message that has it."""
_NAMES = frozenset(("true", "false", "True", "False", "TRUE", "FALSE", "null"))
"""Truth values, and what stands for none."""
_WORD = re.compile(r"([^\s:=,;()\[\]{}<>\"'|\x00]+)")
_BLANKS = re.compile(r"[\s\x00]+")
_SHOWN = re.compile(rf"{_BEGIN}0{_END}")


def masked(text: str) -> str:
    """The canonical message with what varies as `VARIABLE`, and with single spaces for blanks."""
    for sign, ahead, mask in _MASKS:
        if sign in text and (ahead is None or ahead.search(text)):
            text = mask.sub(VARIABLE, text)
    return text.strip() if text.isprintable() else _BLANKS.sub(" ", text).strip()


def taken_apart(text: str) -> tuple[str, tuple[str, ...]]:
    """The frame of a masked message and its words: what stands between blanks, brackets, quotes and `:=,;|`.

    The frame is the message with `WORD` in place of each word. What comes after `MOST_WORDS` words is left
    out.
    """
    parts = _WORD.split(text, MOST_WORDS)
    words = parts[1::2]
    if len(words) == MOST_WORDS:
        parts[-1] = ""
    if not _NAMES.isdisjoint(words):
        words = [VARIABLE if word in _NAMES else word for word in words]
    return WORD.join(parts[::2]), tuple(words)


def put_together(frame: str, words: tuple[str, ...]) -> str:
    """The masked message of a frame and its words."""
    left = iter(words)
    return "".join(next(left) if char == WORD else char for char in frame)


def shown(text: str) -> str:
    """A masked message as a template: with "<*>" for what varies."""
    return _SHOWN.sub("<*>", text)
