"""The same picture in fewer bytes: what a terminal is told of colours anew, though it has them, is left out.

Each piece of a row comes with all of its colours, and with a reset behind it. Over ssh, while an answer
streams, these are most of what is sent. Here only what differs from the piece before is.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_CODES = re.compile(r"\x1b\[([0-9;:]*)m|\x1b\[[0-9;]*H")
"""Colours and attributes; a move of the cursor, for which they do not matter."""
_ATTRIBUTES = frozenset(("1", "2", "3", "4", "5", "7", "8", "9"))
_LONGEST = {"5": 3, "2": 5}
"""Words of a colour by its kind: 38;5;N, and 38;2;R;G;B."""


class Look(NamedTuple):
    """What the next character gets: colours as their codes ("" for the terminal's own), and attributes."""

    colour: str = ""
    background: str = ""
    attributes: frozenset[str] = frozenset()


PLAIN = Look()


class Thrift:
    """Rewrites what is written to one terminal. After each text the terminal is back at its own colours."""

    def __call__(self, text: str) -> str:
        """The text with fewer codes; cells and cursor come out the same."""
        if "\x1b[" not in text:
            return text
        out: list[str] = []
        wanted: Look | None = PLAIN
        now: Look | None = PLAIN
        at = 0
        for found in _CODES.finditer(text):
            if found.start() > at:
                if wanted != now:
                    out.append(_change(now, wanted))
                    now = wanted
                out.append(text[at : found.start()])
            at = found.end()
            codes = found[1]
            if codes is None:
                out.append(found[0])
            elif (after := _after(wanted, codes)) is not None:
                wanted = after
            else:
                out.append(_change(now, wanted) + found[0])
                wanted = now = None
        if wanted != now:
            out.append(_change(now, wanted))
            now = wanted
        out.append(text[at:])
        return "".join(out) if now == PLAIN else f"{''.join(out)}\x1b[0m"


@lru_cache(maxsize=4096)
def _after(look: Look | None, codes: str) -> Look | None:
    """The look that a terminal has after the codes; None where that is not known."""
    words = codes.split(";")
    number = 0
    while number < len(words):
        word = words[number]
        if word in ("", "0"):
            look = PLAIN
        elif look is None:
            return None
        elif word in _ATTRIBUTES:
            look = look._replace(attributes=look.attributes | {word})
        elif word in ("38", "48"):
            size = _LONGEST.get(words[number + 1] if number + 1 < len(words) else "", 0)
            colour = words[number : number + size]
            if not size or len(colour) < size:
                return None
            spelled = ";".join(colour)
            look = look._replace(colour=spelled) if word == "38" else look._replace(background=spelled)
            number += size - 1
        elif (place := _place(word)) is not None:
            look = look._replace(**{place: "" if word in ("39", "49") else word})
        else:
            return None
        number += 1
    return look


def _place(word: str) -> str | None:
    """Which colour a code of one word sets."""
    if not word.isdecimal():
        return None
    code = int(word)
    if 30 <= code <= 39 or 90 <= code <= 97:
        return "colour"
    return "background" if 40 <= code <= 49 or 100 <= code <= 107 else None


@lru_cache(maxsize=16_384)
def _change(now: Look | None, wanted: Look | None) -> str:
    """The shortest codes from one look to another; nothing where what is wanted is not known."""
    if wanted is None or wanted == now:
        return ""
    whole = ["0", *sorted(wanted.attributes), wanted.colour, wanted.background]
    anew = f"\x1b[{';'.join(filter(None, whole))}m"
    if now is None or now.attributes - wanted.attributes:
        return anew
    words = sorted(wanted.attributes - now.attributes)
    if wanted.colour != now.colour:
        words.append(wanted.colour or "39")
    if wanted.background != now.background:
        words.append(wanted.background or "49")
    return min(f"\x1b[{';'.join(words)}m", anew, key=len)
