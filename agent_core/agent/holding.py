"""What of a reply is shown while it comes, and what is held back until it is clear what it is."""

from __future__ import annotations

import re
from typing import Literal, Protocol

from agent_core.agent.written import Scanner

Show = Literal["at once", "unless a call", "prose", "never"]
"""Everything; no tool call that is written as text; neither that nor edits; nothing."""

_LONGEST_CALL = 4000
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
    """Holds back everything from where a tool call begins; small models write them into their text.

    Args:
        after: Takes the text before that, and what turns out to be none because it is too long.
    """

    def __init__(self, after: Holding) -> None:
        self._after = after
        self._scanner = Scanner()
        self._held = ""
        self._is_call = self._open = False

    def take(self, text: str) -> str:
        """The text before what begins, or may begin, like a call."""
        if self._open:
            return self._after.take(text)
        self._held += text
        if not self._is_call:
            count, self._is_call = self._scanner.scan(self._held)
            return self._passed(count)
        if len(self._held) <= _LONGEST_CALL:
            return ""
        self._open = True
        return self._passed(len(self._held))

    def _passed(self, count: int) -> str:
        taken, self._held = self._held[:count], self._held[count:]
        return self._after.take(taken) if taken else ""

    @property
    def rest(self) -> str:
        """What may be a call, or what comes after is held back."""
        return self._after.rest + self._held


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
