"""What a program puts on the records that are its own: ids that rise, and times that never fall."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

import msgspec

from agent_core.rl.records import Control, Decision, Score, Signal
from agent_core.rl.store.folding import Marks, is_sound

R = TypeVar("R", Decision, Signal, Score, Control)


class Writer:
    """One run of one program.

    Args:
        clock: Seconds since 1970; it may be set back.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._number = 0
        self._latest = 0.0
        self.name = os.urandom(6).hex()
        """The first part of the ids."""

    def now(self) -> float:
        """Seconds since 1970, and never less than before."""
        self._latest = max(self._latest, self._clock())
        return self._latest

    def stamped(self, record: R, marks: Marks) -> R:
        """The record, with the next id and the time where it has no id.

        Raises:
            ValueError: A number of it cannot be, or by the marks its id does not rise.
        """
        if not record.id:
            self._number += 1
            record = msgspec.structs.replace(record, id=f"{self.name}:{self._number}", at=self.now())
        if not is_sound(record):
            raise ValueError(f"{record!r} has numbers that cannot be")
        if marks.has(record):
            raise ValueError(f"{record.id} does not rise")
        return record
