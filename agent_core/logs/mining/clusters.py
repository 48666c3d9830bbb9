"""Templates: which shapes are one, decided anew from all that are known."""

from __future__ import annotations

from agent_core.logs.mining.alike import joined
from agent_core.logs.mining.closing import SETTLED, Words, closed
from agent_core.logs.mining.masks import put_together, taken_apart
from agent_core.logs.mining.shapes import Shapes


class Clusters:
    """Groups the shapes of one store; what it knows of frames that did not change is kept."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes
        self._closed: dict[str, dict[Words, Words]] = {}

    def find(self) -> dict[int, str]:
        """The masked template of each shape that is kept, by its number."""
        groups = self._shapes.groups
        for frame, group in groups.items():
            if group.fresh or frame not in self._closed:
                self._closed[frame] = closed(group.rows, SETTLED)
                group.fresh = False
        self._closed = {frame: self._closed[frame] for frame in groups}
        first = {
            number: put_together(frame, self._closed[frame][words])
            for frame, group in groups.items()
            for words, number in group.rows.items()
        }
        second = joined(first.values())
        third = _closed(second)
        return {number: third.get(second[text], second[text]) for number, text in first.items()}


def _closed(second: dict[str, str]) -> dict[str, str]:
    """What texts become, now that some of their frame changed."""
    changed = {taken_apart(new)[0] for old, new in second.items() if old != new}
    frames: dict[str, list[Words]] = {}
    for frame, words in map(taken_apart, dict.fromkeys(second.values())):
        if frame in changed:
            frames.setdefault(frame, []).append(words)
    return {
        put_together(frame, row): put_together(frame, whole)
        for frame, rows in frames.items()
        for row, whole in closed(rows, SETTLED).items()
    }
