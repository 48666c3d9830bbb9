"""Records that could not be written yet, and the state with them.

In the log they will come behind what others write meanwhile, and its order is the order of learning. So the
state with them is one to look at until they are written, and then given up.
"""

from __future__ import annotations

from collections import deque

from agent_core.rl.records import Record
from agent_core.rl.store.folding import State
from agent_core.rl.store.log import Place

_MOST_WAITING = 1000
"""How many records wait in memory while nothing can be written, before the oldest are given up."""


class Ahead:
    """What waits to be written, in its order."""

    def __init__(self) -> None:
        self.waiting: deque[Record] = deque(maxlen=_MOST_WAITING)
        self._state: State | None = None
        self._made_of: tuple[State, Place | None] | None = None

    def of(self, kept: State) -> State:
        """The state with what waits; `kept`, which has what is written, where nothing waits."""
        if not self.waiting:
            self._state = self._made_of = None
            return kept
        is_same = self._made_of is not None and self._made_of[0] is kept and self._made_of[1] == kept.place
        if self._state is None or not is_same:
            self._state, self._made_of = kept.copy(), (kept, kept.place)
        for record in self.waiting:
            self._state.take(record)  # each counts once
        return self._state
