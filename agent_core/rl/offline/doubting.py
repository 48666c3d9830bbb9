"""Tests that fail now and then, whatever was changed: told apart from those that tell of a change.

Two runs of the unchanged workspace miss most of them: of tests that fail in one run of five, two in three.
So what rests on tests that nobody has looked at twice is run again before it is believed. One that passes
then is looked for in further runs of the unchanged workspace: where it fails there, it tells of no change.
"""

from __future__ import annotations

from collections import Counter

import msgspec

from agent_core.rl.offline.outcomes import Outcome, Usual
from agent_core.rl.offline.planting import Bug
from agent_core.rl.offline.trying import failing_in, tried
from agent_core.verify.trial import Trial
from agent_core.workspace import Workspace

_ENOUGH = 2
"""So many times a test has to fail twice in a row with a change: from then on it is believed at once."""
_LOOKS = 5
"""Runs of the unchanged workspace in which a test is looked for that failed once of twice."""


class Doubts:
    """What is known of the tests of an action.

    Args:
        expected: What the action says without any change.
        narrow_in: See `tried`.
    """

    def __init__(self, expected: Usual, *, narrow_in: Workspace | None = None) -> None:
        self._narrow_in = narrow_in
        self.expected = expected
        """The same, with all tests that are known to fail now and then."""
        self._believed: Counter[str] = Counter()

    async def tried(self, trial: Trial, bug: Bug, *, key: str) -> Outcome:
        """Run the action on a change: what came of it, without what came of chance."""
        outcome = await self._tried(trial, bug, key=key)
        failing = frozenset(outcome.failing)
        if not failing or any(self._believed[test] >= _ENOUGH for test in failing):
            return outcome
        again = await self._tried(trial, bug, key=key)
        steady = failing & frozenset(again.failing)
        self._believed.update(steady)
        await self._look_for(trial, failing ^ frozenset(again.failing))
        kept = msgspec.structs.replace(outcome, failing=tuple(sorted(steady)), failed=len(steady))
        return kept if steady else msgspec.structs.replace(kept, found=False, state="passed")

    async def _tried(self, trial: Trial, bug: Bug, *, key: str) -> Outcome:
        return await tried(trial, bug, self.expected, key=key, narrow_in=self._narrow_in)

    async def _look_for(self, trial: Trial, suspects: frozenset[str]) -> None:
        """Find out whether these fail without any change, too."""
        for _ in range(_LOOKS):
            if not suspects:
                return
            await trial.reset()
            reports = await trial.run(self.expected.action.verifiers)
            seen = suspects & frozenset(test for report in reports for test in failing_in(report))
            suspects -= seen
            unsteady = tuple(sorted({*self.expected.unsteady, *seen}))
            self.expected = msgspec.structs.replace(self.expected, unsteady=unsteady)

    def reconsidered(self, outcome: Outcome) -> Outcome:
        """What was recorded before it was known that a test fails now and then."""
        left = [test for test in outcome.failing if test not in self.expected.unsteady]
        if not outcome.failing or left:
            return outcome
        return msgspec.structs.replace(outcome, found=False, state="passed", failing=(), failed=0)
