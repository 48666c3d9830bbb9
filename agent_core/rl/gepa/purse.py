"""What a run has used of its budget, and whether there is enough for what comes next."""

from __future__ import annotations

import time
from collections.abc import Callable

from agent_core.errors import AgentError
from agent_core.rl.gepa.api import Budget, Spent


class BudgetSpent(AgentError):
    """The budget is used up."""

    code = "budget"


class Purse:
    """Counts calls, tokens and seconds; one thread uses it.

    Args:
        budget: What there is.
        spent: What was used of it before.
        clock: Seconds that only rise.
    """

    def __init__(
        self, budget: Budget, *, spent: Spent | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._budget, self._clock = budget, clock
        self._before = spent or Spent()
        self._began: float | None = None
        self._calls, self._tokens = self._before.calls, self._before.tokens

    @property
    def spent(self) -> Spent:
        """What was used so far."""
        return Spent(calls=self._calls, tokens=self._tokens, seconds=round(self._elapsed(), 3))

    @property
    def seconds_left(self) -> float:
        """Until the time is up; 0 when it is."""
        return max(0.0, self._budget.seconds - self._elapsed())

    @property
    def calls_left(self) -> int:
        """How many more can be made."""
        return max(0, self._budget.calls - self._calls)

    def take(self) -> None:
        """Count a call that is about to be made; raises `BudgetSpent` where there is none left."""
        spent, budget = self.spent, self._budget
        for used, most, what in (
            (spent.calls, budget.calls, "calls"),
            (spent.tokens, budget.tokens, "tokens"),
            (spent.seconds, budget.seconds, "seconds"),
        ):
            if used >= most:
                raise BudgetSpent(f"The budget of {most:,.0f} {what} is used up")
        self._calls += 1
        if self._began is None:
            self._began = self._clock()

    def repeated(self, times: int) -> None:
        """Count so many more requests that a call took."""
        self._calls += times

    def used(self, tokens: int) -> None:
        """Count the tokens of a call."""
        self._tokens += tokens

    def affords(self, calls: int, *, share: Spent | None = None) -> bool:
        """Whether so many more calls, each as those so far, stay within the budget, or within a share of it.

        Args:
            calls: How many.
            share: Where it ends, of `share`.
        """
        spent, most = self.spent, share or self._budget
        made = max(1, spent.calls)
        return (
            spent.calls + calls <= most.calls
            and spent.tokens + calls * spent.tokens / made <= most.tokens
            and spent.seconds + calls * spent.seconds / made <= most.seconds
        )

    def parts(self, calls: int, *, most: int) -> int:
        """How many parts of so many calls each are left: at least 1, at most `most`."""
        return next((count for count in range(most, 1, -1) if self.affords(count * calls)), 1)

    def share(self, parts: int) -> Spent:
        """An equal part of what is left, for one of so many: how much may be used until it ends."""
        spent, budget = self.spent, self._budget
        return Spent(
            calls=spent.calls + (budget.calls - spent.calls) // parts,
            tokens=spent.tokens + (budget.tokens - spent.tokens) // parts,
            seconds=spent.seconds + (budget.seconds - spent.seconds) / parts,
        )

    def _elapsed(self) -> float:
        return self._before.seconds + (0.0 if self._began is None else self._clock() - self._began)
