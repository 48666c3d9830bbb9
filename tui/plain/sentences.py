"""An answer that comes in pieces, told in whole sentences and lines: a reader speaks what was printed."""

from __future__ import annotations

import re

from agent_core.text import printable

_FENCE = re.compile(r"\s*(`{3,}|~{3,})\s*([^`]*)$")
_END = re.compile(r"[.!?:](?=\s)[ \t]*|\n")
_LONGEST = 400
"""Characters after which a piece is told although no sentence ended; cut at a space."""
_LEAST = 24
"""A sentence shorter than this waits for the next one: an abbreviation ends in a dot, too."""


class Sentences:
    """Takes pieces and gives lines. Code and lists come line by line, as they were written."""

    def __init__(self) -> None:
        self._held = ""
        self._fence = ""

    def feed(self, piece: str) -> list[str]:
        """The lines that are whole now."""
        self._held += piece
        lines: list[str] = []
        while (line := self._next()) is not None:
            lines += self._told(line)
        return lines

    def end(self) -> list[str]:
        """What is left."""
        held, self._held = self._held, ""
        lines = self._told(held) if held.strip() else []
        self._fence = ""
        return lines

    def _next(self) -> str | None:
        """Take the first whole line or sentence off what is held."""
        stop = self._held.find("\n")
        if self._fence or self._held.lstrip()[:3] in ("```", "~~~"):
            return self._take(stop + 1) if stop >= 0 else None
        for match in _END.finditer(self._held):
            if match[0] == "\n" or match.start() >= _LEAST:
                return self._take(match.end())
        if len(self._held) > _LONGEST:
            return self._take(self._held.rfind(" ", 1, _LONGEST) + 1 or _LONGEST)
        return None

    def _take(self, end: int) -> str:
        piece, self._held = self._held[:end], self._held[end:]
        return piece

    def _told(self, line: str) -> list[str]:
        line = line.rstrip()
        fence = _FENCE.match(line)
        if self._fence:
            # the mark that begins code is as long as it takes for nothing in it to be its end
            if fence is None or fence[2] or not fence[1].startswith(self._fence):
                return [printable(line)]
            self._fence = ""
            return ["End of the code."]
        if fence is not None:
            self._fence, language = fence[1], fence[2].strip()
            return [f"Code, {printable(language)}:" if language else "Code:"]
        line = line.strip() if not line[:1].isspace() or not line.strip() else line
        return printable(line).split("\n") if line.strip() else []
