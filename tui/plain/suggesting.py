"""What could be next, as a numbered list, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_core.events import SuggestionsRanked
from agent_core.rl.api import Suggestion, ToolRecord
from agent_core.rl.saying import because, chance, history, how_known
from agent_core.text import one_line
from tui.plain.behind import Behind

if TYPE_CHECKING:
    from collections.abc import Sequence

_FEW = 3
_LEAST = 0.0005
"""A share of a reason that is read out as 0.000 says nothing."""
_HOW = "A number runs one, /why 1 says why, /dismiss 1 takes one off."


class Suggesting:
    """The list that was told last is the one that numbers mean.

    Args:
        behind: Where the session is.
    """

    def __init__(self, behind: Behind) -> None:
        self._behind = behind
        self._newest = SuggestionsRanked(items=(), evidence="")
        self._told = self._newest

    def take(self, ranked: SuggestionsRanked) -> None:
        """There is another list."""
        self._newest = ranked

    @property
    def is_new(self) -> bool:
        """Whether there is a list that was not told."""
        return self._newest.decision != self._told.decision or self._newest.items != self._told.items

    def in_short(self) -> list[str]:
        """The first ones in a line, where they are others than were told last."""
        before, now = self._told, self._newest
        if not now.items or [each.command for each in now.items] == [each.command for each in before.items]:
            return []
        self._tell()
        named = ", ".join(f"{at} {one_line(each.command)}" for at, each in enumerate(now.items[:_FEW], 1))
        return [f"Next could be: {named}. /next tells all of them."]

    def in_full(self) -> list[str]:
        """All of them, a line each."""
        self._tell()
        now = self._told
        if not now.items:
            return ["Nothing to suggest yet."]
        lines = [f"Suggestions, {one_line(now.evidence)}:" if now.evidence else "Suggestions:"]
        for number, each in enumerate(now.items, 1):
            likely = "" if each.probability is None else f", {chance(each.probability)}"
            lines.append(f"{number}: {one_line(each.command)}. {because(each, 2)}{likely}")
        lines += [f"{each.tool} again in {each.seconds:.0f} seconds" for each in now.waiting]
        return [*lines, _HOW]

    def accept(self, number: int) -> str | None:
        """The command of one that is taken; None where there is none of that number any more."""
        if self._named(number) is None:
            return None
        learning, decision = self._behind.runtime.learning, self._told.decision
        return self._behind.do(lambda: learning.accept(decision, number))

    def dismiss(self, number: int) -> list[str]:
        """One is not wanted now."""
        chosen = self._named(number)
        if chosen is None:
            return _none(number)
        learning, decision = self._behind.runtime.learning, self._told.decision
        self._behind.do(lambda: learning.dismiss(decision, number))
        return [f"Not suggested now: {one_line(chosen.command)}."]

    def why(self, number: int) -> list[str]:
        """What speaks for one and against it, and how its tool did before. Raises the `AgentError` tree."""
        chosen = self._named(number)
        if chosen is None:
            return _none(number)
        overview = self._behind.call(self._behind.runtime.learning.overview())
        records = {each.tool: each for each in overview.tools}
        return reasons(chosen, records.get(chosen.tool, ToolRecord(tool=chosen.tool)))

    def _tell(self) -> None:
        """A list that somebody heard is one that can be ignored."""
        self._told = self._newest
        learning, decision = self._behind.runtime.learning, self._told.decision
        self._behind.do(lambda: learning.shown(decision) if decision else learning.hidden())

    def _named(self, number: int) -> Suggestion | None:
        items: Sequence[Suggestion] = self._told.items
        return items[number - 1] if 1 <= number <= len(items) else None


def reasons(chosen: Suggestion, record: ToolRecord) -> list[str]:
    """Why it is suggested, in sentences; the shares are parts of the expected reward."""
    lines = [f"Why {one_line(chosen.command)}: {one_line(chosen.why)}."]
    shares = [reason for reason in chosen.reasons if abs(reason.weight) >= _LEAST]
    if chosen.value is None or not shares:
        return [*lines, "No evidence yet: nothing speaks for it, and nothing against."]
    for reason in shares:
        side = "for" if reason.weight > 0 else "against"
        lines.append(f"{side} it, {abs(reason.weight):.3f}: {one_line(reason.text)}")
    lines.append(f"Expected reward {chosen.value:.3f}, {how_known(record)}.")
    if chosen.probability is not None:
        trial = ", first here to learn more of it" if chosen.trial else ""
        lines.append(f"Put first in {chosen.probability:.1%} of such situations{trial}.")
    return [*lines, f"{history(record)}."]


def _none(number: int) -> list[str]:
    return [f"There is no suggestion {number}; /next tells them."]
