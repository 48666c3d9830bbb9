"""When our own data source takes the place of Spark's connector for a while: at what that does not read, or
would pass by.

Either goes on where the other was: nothing is lost, and a batch that comes again is known as a repeat.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from agent_core.streaming.values import TopicInfo
from stack.services.spark.checkpoint import folder_of, numbered
from stack.services.spark.failing import is_of_a_time
from stack.services.spark.query import Offsets, caught_up, offsets_in
from stack.services.spark.session import CONNECTOR, Session, with_ours

_LEAST_S = 600.0
"""After how long the connector is tried again that failed at a message: whoever sent one may send another."""
_log = logging.getLogger(__name__)


class Detour:
    """Which session the query uses.

    Args:
        usual: The one that it uses but for a while.
    """

    def __init__(self, usual: Session) -> None:
        self.session = self._usual = usual
        self._until = 0.0

    def helps(self, cause: str) -> bool:
        """Whether a query that failed for this is to be begun again at once: our own source reads on then."""
        return is_of_a_time(cause) and self._begin(
            "a message has a time that Spark's connector does not take", least_s=_LEAST_S
        )

    def look(self, state: Path, topics: Iterable[TopicInfo]) -> None:
        """Have our own source read what was made anew since the checkpoint: it begins at the beginning."""
        names = [f"{topic}/{number}" for topic, number in made_anew(known(state), topics)]
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            self._begin(
                f"{names[0]}{more} was made anew, of which the connector passes messages by", least_s=0
            )

    def is_over(self, progress: Any) -> bool:
        """Whether the usual session goes on now, given what Spark tells of the last batch that was noted."""
        if self.session is self._usual or not progress or time.monotonic() < self._until:
            return False
        if not caught_up(msgspec.json.decode(progress.json)):
            return False
        self.session = self._usual
        return True

    def _begin(self, why: str, *, least_s: float) -> bool:
        if self.session.format != CONNECTOR:
            return False
        _log.warning("our own data source reads on for a while, as %s", why)
        self.session = with_ours(self._usual, why)
        self._until = time.monotonic() + least_s
        return True


def known(state: Path) -> Offsets:
    """Up to where the query read, or is to, as Spark notes it of each batch; empty where that is not known.

    A batch that was begun and is not done comes again, from where the one before it ended.
    """
    found: Offsets = {}
    try:
        done = max(numbered(folder_of(state) / "commits"), default=0)
        notes = numbered(folder_of(state) / "offsets")
    except OSError:
        return found
    for number, note in notes.items():
        if number < done:
            continue
        try:
            ends = offsets_in(note.read_text(encoding="utf-8").splitlines()[-1])
        except (OSError, UnicodeDecodeError, IndexError):
            continue
        found |= {place: max(end, found.get(place, 0)) for place, end in ends.items()}
    return found


def made_anew(before: Offsets, topics: Iterable[TopicInfo]) -> list[tuple[str, str]]:
    """Partitions that end before where they were read to."""
    return [
        place
        for topic in topics
        for part in topic.partitions
        if part.end is not None and part.end < before.get(place := (topic.name, str(part.number)), 0)
    ]
