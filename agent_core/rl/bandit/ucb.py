"""UCB1: the tool whose mean reward could be the highest, whatever the situation."""

from __future__ import annotations

import math
from collections.abc import Sequence

from agent_core.rl.api import Reason
from agent_core.rl.bandit.base import Drawing
from agent_core.rl.bandit.drawing import Shares, even_best
from agent_core.rl.features import BIAS, WORDS
from agent_core.rl.knowledge import Knowledge
from agent_core.rl.policy import Features


class Ucb1(Drawing):
    """The highest mean + c·√(ln N / n); what was never observed comes first.

    n and N count observations that still weigh something, see `knowledge.py`.

    Args:
        knowledge: What was learnt; looked at anew for every order.
        ucb_c: c, from 0.
    """

    name = "ucb1"

    def __init__(self, knowledge: Knowledge, *, ucb_c: float) -> None:
        super().__init__(knowledge)
        self._ucb_c = ucb_c

    def reasons(self, features: Features, tool: str) -> tuple[Reason, ...]:
        """Its mean reward alone, for no feature is looked at; nothing when it was never observed."""
        _, mean = self._knowledge.pulls(tool)
        return (Reason(BIAS, WORDS[BIAS], mean),) if mean else ()

    def _shares(self, features: Features, tools: Sequence[str]) -> Shares:
        pulls = {tool: self._knowledge.pulls(tool) for tool in self._knowledge.tools}
        everything = math.log(max(1.0, sum(weight for weight, _ in pulls.values())))
        bounds = [
            mean + self._ucb_c * math.sqrt(everything / weight) if weight else math.inf
            for weight, mean in (pulls.get(tool) or self._knowledge.pulls(tool) for tool in tools)
        ]
        return Shares(even_best(bounds), bounds)
