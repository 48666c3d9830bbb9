"""What of a reply is shown while it comes, and what is held back until it is clear what it is."""

from __future__ import annotations

import re
from typing import Literal, Protocol

Show = Literal["at once", "unless a call", "prose", "never"]
"""Everything; no tool call that is written as text; neither that nor edits; nothing."""

_CALL_STARTS = (
    "{",
    "[{",
    "[TOOL_CALLS]",
    "<tool_call",
    "<function",
    "<|tool",
    "```json",
    "```tool",
    "```\n{",
)
_LONGEST_CALL = 4000
_TAGGED = re.compile(r"<tool_call>\s*(.*?)\s*(?:</tool_call>|$)", re.DOTALL)
_EDIT_OPENS = re.compile(
    r"\s*(?:`{3,}|~{3,}|<{4,}|\*\*\* Begin Patch|diff --git |--- \S|@@ -"
    r"|\{\s*\"|\[\s*\{\s*\"|</?(?:edit|file|patch)\b)"
)
_PATH = re.compile(
    r"\s*[#*\-\d.)\s]*(?:file(?:name)?:?\s*)?[`*]*(?:[\w@.+-]+/)*[\w@.+-]+\.\w{1,8}[`*]*:?\s*",
    re.IGNORECASE,
)


class Holding(Protocol):
    """Takes a reply in pieces."""

    def take(self, text: str) -> str:
        """What is to be shown now that this piece is here."""
        ...

    @property
    def rest(self) -> str:
        """What is held back, in order."""
        ...


def holding(show: Show) -> Holding:
    """What holds back for a way of showing."""
    match show:
        case "at once":
            return Nothing()
        case "unless a call":
            return Calls(Nothing())
        case "prose":
            return Calls(Edits())
        case "never":
            return Everything()


class Nothing:
    """Holds nothing back."""

    rest = ""

    def take(self, text: str) -> str:
        """All of it."""
        return text


class Everything:
    """Holds everything back."""

    def __init__(self) -> None:
        self.rest = ""

    def take(self, text: str) -> str:
        """Nothing."""
        self.rest += text
        return ""


class Calls:
    """Holds back what begins like a tool call; small models write them into their text.

    Args:
        after: Takes the text once it is known to be none.
    """

    def __init__(self, after: Holding) -> None:
        self._after = after
        self._held = ""
        self._open = True

    def take(self, text: str) -> str:
        """The text from when it is clear that it is no call."""
        if not self._open:
            return self._after.take(text)
        self._held += text
        start = self._held.lstrip()
        maybe_call = any(start.startswith(mark) or mark.startswith(start) for mark in _CALL_STARTS)
        if maybe_call and len(start) <= _LONGEST_CALL:
            return ""
        held, self._held, self._open = self._held, "", False
        return self._after.take(held)

    @property
    def rest(self) -> str:
        """What may be a call, or what comes after is held back."""
        return self._held + self._after.rest


class Edits:
    """Holds back everything from where edits begin: they are shown as a diff, once it is clear of what."""

    def __init__(self) -> None:
        self._pending = ""
        """Lines that are shown only if no edit follows: blank ones, and a path alone."""
        self._line: str = ""
        self._held: str = ""

    def take(self, text: str) -> str:
        """The whole lines before the first edit."""
        if self._held:
            self._held += text
            return ""
        shown = ""
        self._line += text
        while not self._held and "\n" in self._line:
            line, _, self._line = self._line.partition("\n")
            shown += self._whole(line + "\n")
        if self._held:
            self._held += self._line
            self._line = ""
        return shown

    @property
    def rest(self) -> str:
        """The edits, or what may belong to them."""
        return self._pending + self._held + self._line

    def _whole(self, line: str) -> str:
        if _EDIT_OPENS.match(line):
            self._held = line
            return ""
        if not line.strip() or _PATH.fullmatch(line.rstrip("\n")):
            self._pending += line
            return ""
        shown, self._pending = self._pending + line, ""
        return shown


def call_in_text(text: str) -> str | None:
    """The part of a reply that looks like a tool call written as text; None when nothing does."""
    tagged = _TAGGED.search(text)
    if tagged:
        return tagged[1]
    start = text.lstrip()
    return start if start.startswith(_CALL_STARTS) else None
