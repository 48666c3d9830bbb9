"""What there is to choose from at the moment."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from agent_core.index.api import Index
from agent_core.rl.api import SAFE_TOOLS, Suggestion, Waiting

if TYPE_CHECKING:
    from agent_core.cooldowns import Cooldowns
    from agent_core.tools.registry import Registry


class Choices:
    """The safe tools that there are, less those that wait and those that would find nothing to do."""

    def __init__(self, *, registry: Registry, cooldowns: Cooldowns, index: Index) -> None:
        self._registry, self._cooldowns, self._index = registry, cooldowns, index

    def allowed(self, asked: str, *, without: Collection[str] = ()) -> tuple[str, ...]:
        """What may be suggested after this question, in the order of the static rules."""
        from agent_core.rl.commands import possible

        return possible(
            {tool for tool in SAFE_TOOLS if self._registry.get(tool) is not None},
            asked=asked,
            without={*self._cooldowns.all(), *without},
            index=self._index.status,
        )

    def fixed(self, asked: str) -> tuple[Suggestion, ...]:
        """All of it in that order, for where nothing can be learnt."""
        from agent_core.rl.commands import command_of

        return tuple(Suggestion(tool, *command_of(tool, asked)) for tool in self.allowed(asked))

    def waiting(self) -> tuple[Waiting, ...]:
        """The heavy tools whose cooldown is not over."""
        return tuple(Waiting(*left) for left in sorted(self._cooldowns.all().items()))
