"""A pattern that a person typed, looked for in linear time: none can hold up what looks for it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from agent_core.text import encodable

_BEGIN, _END = "\x00", "\x01"
"""Around what matches: no printable text has them."""

Spans = tuple[tuple[int, int], ...]
"""Where a text matches: characters from start to end."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression as RE2 and ripgrep read it, or plain text; the methods block, and never for long.

    RE2 knows neither look-around nor references to groups, which is what makes it linear.

    Args:
        text: What was typed.
        literal: Whether it is taken as plain text, since it is no regular expression.
        ignores_case: Whether capitals and small letters are the same.
    """

    text: str
    literal: bool
    ignores_case: bool

    def matching(self, texts: Sequence[str]) -> list[bool]:
        """Which of the texts match somewhere."""
        arrow, compute = _re2()
        found = compute.match_substring_regex(arrow.array(texts, arrow.string()), pattern=self._expression)
        return found.to_pylist()

    def spans(self, texts: Sequence[str]) -> list[Spans]:
        """Where each of the (printable) texts matches."""
        arrow, compute = _re2()
        marked = compute.replace_substring_regex(
            arrow.array(texts, arrow.string()),
            pattern=f"({self._expression})",
            replacement=f"{_BEGIN}\\1{_END}",
        )
        return [_spans(text) for text in marked.to_pylist()]

    @property
    def _expression(self) -> str:
        said = re.escape(self.text) if self.literal else self.text
        return f"(?{'i' if self.ignores_case else ''}m:{said})"


def pattern_of(typed: str) -> Pattern:
    """The pattern that was typed: case counts where a capital is in it, and what is no regular expression is
    taken literally. Imports RE2 at the first use, which takes a fifth of a second."""
    text = encodable(typed)
    ignores_case = text == text.lower()
    wanted = Pattern(text, literal=False, ignores_case=ignores_case)
    try:
        wanted.matching([""])
    except _re2()[0].ArrowInvalid:
        return Pattern(text, literal=True, ignores_case=ignores_case)
    return wanted


def _re2() -> tuple[Any, Any]:
    """pyarrow, which has RE2 and no types."""
    return import_module("pyarrow"), import_module("pyarrow.compute")


def _spans(marked: str) -> Spans:
    found: list[tuple[int, int]] = []
    at = 0
    for number, piece in enumerate(re.split(f"[{_BEGIN}{_END}]", marked)):
        if number % 2 and piece:
            found.append((at, at + len(piece)))
        at += len(piece)
    return tuple(found)
