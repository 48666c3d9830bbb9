"""Tests that fail now and then, whatever was changed: told apart from those that tell of a change.

Two runs of the unchanged workspace miss most of them: of tests that fail in one run of five, two in three.
So what rests on a test that nobody has looked at twice is run again before it is believed. One that passes
then is looked for in further runs of the unchanged workspace: where it fails there, it tells of no change.
And before any test is believed for good, all are looked for there once: some fail four times by chance.
"""

from __future__ import annotations

from collections import Counter

import msgspec

from agent_core.rl.offline.outcomes import Outcome, Usual
from agent_core.rl.offline.planting import Bug
from agent_core.rl.offline.trying import failing_in, tried
from agent_core.verify.trial import Trial

_ENOUGH = 2
"""So many times a test has to fail twice in a row with a change: from then on it is believed at once."""
_LOOKS = 5
"""Runs of the unchanged workspace in which tests are looked for."""


class Doubts:
    """What is known of the tests of an action.

    Args:
        expected: What the action says without any change.
        as_edits: See `tried`.
    """

    def __init__(self, expected: Usual, *, as_edits: bool = False) -> None:
        self._as_edits = as_edits
        self.expected = expected
        """The same, with all tests that are known to fail now and then."""
        self._believed: Counter[str] = Counter()
        self._all_looked_for = False

    async def tried(self, trial: Trial, bug: Bug, *, key: str) -> Outcome:
        """Run the action on a change: what came of it, without what came of chance."""
        outcome = await self._tried(trial, bug, key=key)
        failing = frozenset(outcome.failing)
        if all(self._believed[test] >= _ENOUGH for test in failing):
            return outcome
        again = await self._tried(trial, bug, key=key)
        steady = failing & frozenset(again.failing)
        self._believed.update(steady)
        await self._look_for(trial, failing ^ frozenset(again.failing))
        if not self._all_looked_for and any(self._believed[test] >= _ENOUGH for test in steady):
            await self._look_for_all(trial)
            steady -= frozenset(self.expected.unsteady)
        if not steady:
            return _nothing(again)
        return msgspec.structs.replace(outcome, failing=tuple(sorted(steady)), failed=len(steady))

    async def _tried(self, trial: Trial, bug: Bug, *, key: str) -> Outcome:
        return await tried(trial, bug, self.expected, key=key, as_edits=self._as_edits)

    async def _look_for(self, trial: Trial, suspects: frozenset[str]) -> None:
        """Find out whether these fail without any change, too."""
        for _ in range(_LOOKS):
            if not suspects:
                return
            seen = suspects & await self._failing_unchanged(trial)
            suspects -= seen
            self._are_unsteady(seen)

    async def _look_for_all(self, trial: Trial) -> None:
        """Find out which tests fail now and then without any change."""
        always = {test for report in self.expected.reports for test in failing_in(report)}
        for _ in range(_LOOKS):
            self._are_unsteady(await self._failing_unchanged(trial) - always)
        self._all_looked_for = True

    async def _failing_unchanged(self, trial: Trial) -> frozenset[str]:
        await trial.reset()
        reports = await trial.run(self.expected.action.verifiers)
        return frozenset(test for report in reports for test in failing_in(report))

    def _are_unsteady(self, tests: frozenset[str]) -> None:
        if tests:
            unsteady = tuple(sorted({*self.expected.unsteady, *tests}))
            self.expected = msgspec.structs.replace(self.expected, unsteady=unsteady)

    def reconsidered(self, outcome: Outcome) -> Outcome:
        """What was recorded before it was known that a test fails now and then."""
        left = [test for test in outcome.failing if test not in self.expected.unsteady]
        if not outcome.failing or left:
            return outcome
        seconds = max(outcome.seconds, self.expected.seconds)  # all tests run where the first ones pass
        return _nothing(msgspec.structs.replace(outcome, seconds=seconds))


def _nothing(outcome: Outcome) -> Outcome:
    """The outcome of a run that told nothing of the change."""
    return msgspec.structs.replace(outcome, found=False, state="passed", failing=(), failed=0)
