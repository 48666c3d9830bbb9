"""What is new in the logs, a sentence for each key event; told between turns only."""

from __future__ import annotations

from collections.abc import Callable

from agent_core.logs.api import Digest, KeyEvent
from agent_core.logs.saying import label
from agent_core.text import one_line, plural, shorten

_MOST = 3
_WIDTH = 160
_SETTLES_S = 4.0
"""Seconds after which the logs that were there are read: the end of one comes late."""


class LogsTold:
    """Knows which key events were told.

    Args:
        clock: Seconds that only go forward.
    """

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since: float | None = None
        self._known: dict[str, int] | None = None
        self._new: dict[str, KeyEvent] = {}

    def take(self, digest: Digest) -> None:
        """The logs say this now; what they said when it began is no news."""
        if digest.note and not digest.sources:
            return
        self._since = self._clock() if self._since is None else self._since
        if self._known is not None and self._clock() - self._since > _SETTLES_S:
            for event in digest.events:
                if event.is_grave and event.count > self._known.get(event.id, 0):
                    self._new[event.id] = event
        self._known = {**(self._known or {}), **{event.id: event.count for event in digest.events}}

    def news(self) -> list[str]:
        """What is new since the last time, the gravest first; then there is none."""
        new, self._new = list(self._new.values()), {}
        lines = [event_in_words(event) for event in new[:_MOST]]
        more = len(new) - _MOST
        if more > 0:
            lines.append(f"Logs: {plural(more, 'further key event')}.")
        return [*lines, "ctx tells all of them."] if lines else []


def event_in_words(event: KeyEvent) -> str:
    """Such as `Log logs/app.log, line 12, error, 3 times: connection refused`."""
    times = f", {event.count:,} times" if event.count > 1 else ""
    said = shorten(one_line(event.text.split("\n", 1)[0]), _WIDTH).replace("…", "...")
    return f"Log {label(event.source)}, line {event.first}, {event.level or event.kind}{times}: {said}"
