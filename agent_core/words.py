"""The words of a typed line.

The grammar is a shell's, made kind to regular expressions: outside quotes a backslash stays as it is unless
it stands before white space or a quote, inside double quotes unless it stands before a double quote, and
single quotes keep everything. So what is typed is what is searched for.
"""

from __future__ import annotations

import re

import msgspec

_SPAN = re.compile(r"(.+?):(\d{1,9})(-(\d{1,9})?)?", re.DOTALL)


class Word(msgspec.Struct, frozen=True):
    """One word: its text, whether it begins with a quote, and where it stands in the line."""

    text: str
    quoted: bool
    start: int
    end: int


def next_word(line: str, position: int) -> Word | None:
    """The word at or after the position; None at the end. Raises ValueError when a quote is not closed."""
    length = len(line)
    while position < length and line[position].isspace():
        position += 1
    if position >= length:
        return None
    start = position
    parts: list[str] = []
    while position < length and not line[position].isspace():
        char = line[position]
        if char in "'\"":
            text, position = _quoted(line, position)
            parts.append(text)
        elif (
            char == "\\"
            and position + 1 < length
            and (line[position + 1].isspace() or line[position + 1] in "'\"")
        ):
            parts.append(line[position + 1])
            position += 2
        else:
            parts.append(char)
            position += 1
    return Word("".join(parts), line[start] in "'\"", start, position)


def _quoted(line: str, position: int) -> tuple[str, int]:
    """The text of the quoted part that begins here, and where it is over."""
    quote = line[position]
    parts: list[str] = []
    position += 1
    while position < len(line):
        char = line[position]
        if char == quote:
            return "".join(parts), position + 1
        if quote == '"' and line.startswith('\\"', position):
            char = '"'
            position += 1
        parts.append(char)
        position += 1
    raise ValueError("a quote is not closed")


def split(line: str) -> list[Word]:
    """All words; raises ValueError when a quote is not closed."""
    words: list[Word] = []
    position = 0
    while (word := next_word(line, position)) is not None:
        words.append(word)
        position = word.end
    return words


def quote(value: str) -> str:
    """The value as one word that `split` reads back."""
    plain = value and not value.startswith("-") and not value.endswith("\\")
    if plain and not any(char in "'\"" or char.isspace() for char in value):
        return value
    return enquote(value)


def enquote(value: str) -> str:
    """The value as one word in quotes."""
    if "'" not in value:
        return f"'{value}'"
    if '"' not in value and not value.endswith("\\"):
        return f'"{value}"'
    return "'" + value.replace("'", "'\"'\"'") + "'"


def split_span(text: str) -> tuple[str, int | None, int | None]:
    """A path and the lines named after it: `a.py:10-40`, `a.py:10` (that line), `a.py:10-` (to the end).

    Without lines both numbers are None; an open end is None.
    """
    found = _SPAN.fullmatch(text)
    if found is None:
        return text, None, None
    first = int(found[2])
    if found[3] is None:
        return found[1], first, first
    if found[4] is None:
        return found[1], first, None
    return found[1], min(first, int(found[4])), max(first, int(found[4]))
