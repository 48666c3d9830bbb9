"""What a person typed to see only some messages: a pattern, and in what of a message it is looked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy

from agent_core.logs.pattern import Pattern, pattern_of
from agent_core.streaming.live.raw import Entry, Note, Raw
from agent_core.streaming.live.shown import key_text, value_text, whole_text

_PARTS: dict[str, Callable[[Raw], str]] = {"key:": key_text, "value:": value_text}


class Wanted:
    """Which entries show.

    Args:
        typed: A pattern, behind `key:` or `value:` for those alone; "" for all.
        once: Leave repeats out.
    """

    def __init__(self, typed: str = "", *, once: bool = False) -> None:
        self.once = once
        self._text: Callable[[Raw], str] = whole_text
        for prefix, text in _PARTS.items():
            if typed.startswith(prefix):
                typed, self._text = typed.removeprefix(prefix).strip(), text
        self.pattern: Pattern | None = pattern_of(typed) if typed else None

    def but(self, *, once: bool) -> Wanted:
        """The same, with or without repeats."""
        other = copy(self)
        other.once = once
        return other

    @property
    def all(self) -> bool:
        """Whether all do."""
        return self.pattern is None and not self.once

    def of(self, entries: Sequence[Entry]) -> list[Entry]:
        """Those that show; what happened meanwhile always does."""
        if self.once:
            entries = [entry for entry in entries if not entry.repeat]
        if self.pattern is None or not entries:
            return list(entries)
        fits = self.pattern.matching(
            ["" if isinstance(entry.what, Note) else self._text(entry.what) for entry in entries]
        )
        return [
            entry for entry, fit in zip(entries, fits, strict=True) if fit or isinstance(entry.what, Note)
        ]
