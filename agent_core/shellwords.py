"""Just enough of the shell's grammar to say whether a line is one plain command, erring towards no."""

from __future__ import annotations

import re

_OPERATORS = frozenset(";&|<>(){}\n\r")
_SPLIT = re.compile(r"&&|\|\||[;&|\n\r(){}`]|\$\(|<\(|>\(")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=\S*\s+")
_PREFIX = re.compile(r"(?:command|builtin|exec|nohup|time|env|sudo|then|do|else|!)\s+")


def simple(command: str) -> bool:
    """Whether the line runs one command and nothing else: no operator, redirection, substitution or line end.

    What stands in quotes is text, except that `$` and backquotes also work inside double quotes.
    """
    quote = ""
    skip = False
    for char in command:
        if skip:
            skip = False
            if char in "\n\r":
                return False
        elif char in "\n\r\0" or (char in "$`" and quote != "'"):
            return False
        elif char == "\\" and quote != "'":
            skip = True
        elif quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in _OPERATORS:
            return False
    return not quote and not skip


def segments(command: str) -> list[str]:
    """The line cut where another command may begin, in quotes too."""
    return _SPLIT.split(command)


def pieces(command: str) -> list[str]:
    """Every command that the line may run, as far as can be seen without running it.

    Each comes as it is written, without its leading assignments and words such as `sudo`, without quotes and
    backslashes, and with its program's folder taken off: what a rule that denies should be held against.
    """
    found: list[str] = []
    for part in segments(command):
        text = " ".join(part.split())
        while text:
            plain = re.sub(r"['\"\\]", "", text)
            program, _, rest = plain.partition(" ")
            found += [text, plain, f"{program.rpartition('/')[2]} {rest}".strip()]
            shorter = _PREFIX.sub("", _ASSIGNMENT.sub("", text, count=1), count=1)
            if shorter == text:
                break
            text = shorter
    return found
