"""One action on one change, really run in a copy of the workspace, and what it told."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

import msgspec

from agent_core.files import read_bounded
from agent_core.rl.offline.actions import Action
from agent_core.rl.offline.outcomes import Outcome, Usual
from agent_core.rl.offline.planting import Bug
from agent_core.text import shorten
from agent_core.verify.api import Report, State, Verifier
from agent_core.verify.narrow import narrowed
from agent_core.verify.subtract import subtract
from agent_core.verify.trial import Trial
from agent_core.workspace import Workspace

_TOLD: tuple[State, ...] = ("failed", "timed-out")
_WORST: tuple[State, ...] = ("timed-out", "failed", "broken", "missing", "passed")
_SHOWN = 160
_LARGEST = 4 * 1024 * 1024
_SHORTEST_S, _TIMES = 10.0, 10.0
_MOST_FAILING = 20
"""Where more tests than these fail at once, that is no chance."""


async def usual(trial: Trial, action: Action) -> Usual:
    """Run an action on the unchanged workspace, twice: a test that fails now and then is known then.

    A check that cannot be started, is ended for taking too long or says nothing of the project is left out.
    """
    kept: list[tuple[Verifier, Report]] = []
    faults: list[str] = []
    unsteady: set[str] = set()
    seconds = 0.0
    for verifier in action.verifiers:
        await trial.reset()
        (first,) = await trial.run([verifier])
        if why := _useless(first):
            faults.append(f"{action.name}: {shorten(first.command, _SHOWN)}: {shorten(why, _SHOWN)}")
            continue
        await trial.reset()
        (second,) = await trial.run([verifier])
        seconds += min(first.seconds, second.seconds)
        unsteady |= failing_in(first) ^ failing_in(second)
        kept.append((verifier, _both(first, second)))
    return Usual(
        action=Action(name=action.name, verifiers=tuple(verifier for verifier, _ in kept)),
        reports=tuple(report for _, report in kept),
        seconds=seconds,
        unsteady=tuple(sorted(unsteady)),
        faults=tuple(faults),
    )


async def tried(trial: Trial, bug: Bug, expected: Usual, *, key: str, as_edits: bool = False) -> Outcome:
    """Run an action on a change. The key stands for the time that it may take at most, and not for what
    `limit_of` leaves of that: what ended in time came to the same.

    With `as_edits` tests run as they do for an edit: first those that concern the change, and all only where
    these pass. Which they are is read in the copy: the workspace may have others by now.
    """
    await trial.reset()
    await trial.apply([bug.change])
    new: list[Report] = []
    seconds = 0.0
    for verifier, before in zip(expected.action.verifiers, expected.reports, strict=True):
        part = None
        if as_edits and verifier.kind == "run_tests":
            part = await asyncio.to_thread(narrowed, verifier, (bug.path,), workspace=Workspace(trial.root))
        told: Report | None = None
        if part is not None:
            (report,) = await trial.run([part], timeout=limit_of(expected))
            seconds += report.seconds
            told = subtract(before, _without(report, expected.unsteady))
        if told is None or not (told.state == "failed" or told.exit is None):
            (report,) = await trial.run([verifier], timeout=limit_of(expected))
            seconds += report.seconds
            told = subtract(before, _without(report, expected.unsteady))
        new.append(told)
    if expected.action.name == "patch":
        found = await asyncio.to_thread(_repaired, trial, bug, expected.reports, new)
    else:
        found = any(map(_tells, new))
    return Outcome(
        key=key,
        found=found,
        seconds=seconds,
        state=min((report.state for report in new), key=_WORST.index),
        passed=sum(report.passed or 0 for report in new),
        failed=sum(report.failed or 0 for report in new),
        findings=sum(len(report.findings) for report in new),
        failing=_by_tests_alone(new) if found else (),
    )


def limit_of(expected: Usual) -> float | None:
    """So many seconds each check of an action may take on a change; None for as long as without one.

    Tests that take many times what they usually take hang. Linters and builds run nothing of what was
    changed, and may look at much anew that they knew before.
    """
    if expected.action.name != "run_tests":
        return None
    return max(_SHORTEST_S, _TIMES * expected.seconds)


def _useless(report: Report) -> str:
    """Why what a check says of the unchanged workspace tells nothing of a change; "" when it may."""
    if report.state not in ("passed", "failed"):
        return report.note or report.state
    none_passes = report.state == "failed" and report.passed == 0
    return "no test passes as it is" if none_passes else ""


def _both(first: Report, second: Report) -> Report:
    """What either of them found."""
    more = subtract(first, second).findings
    worst = min((first, second), key=lambda report: _WORST.index(report.state))
    return msgspec.structs.replace(worst, findings=(*first.findings, *more))


def failing_in(report: Report) -> set[str]:
    """The tests that a report says failed."""
    return {each.code for each in report.findings if each.code} if report.kind == "run_tests" else set()


def _by_tests_alone(new: Sequence[Report]) -> tuple[str, ...]:
    """The tests that say what is new; none where something else does, or there are very many."""
    told = [report for report in new if _tells(report)]
    named = all(
        report.kind == "run_tests" and report.findings and all(each.code for each in report.findings)
        for report in told
    )
    tests = sorted({test for report in told for test in failing_in(report)})
    return tuple(tests) if named and len(tests) <= _MOST_FAILING else ()


def _without(report: Report, unsteady: Collection[str]) -> Report:
    """The report without what tests say that fail now and then anyway."""
    left = tuple(each for each in report.findings if each.code not in unsteady)
    if len(left) == len(report.findings) or report.kind != "run_tests":
        return report
    state: State = "passed" if report.state == "failed" and not left else report.state
    return msgspec.structs.replace(report, findings=left, state=state)


def _tells(new: Report) -> bool:
    """Whether it says something that it did not say before. What could be used and now is broken does: text
    that does not parse keeps a runner from finding any test."""
    return new.state in _TOLD or (new.state == "broken" and new.exit is not None)


def _repaired(trial: Trial, bug: Bug, before: Sequence[Report], after: Sequence[Report]) -> bool:
    """Whether what a linter changed in the file repairs the bug, and nothing else is left to find."""
    now = read_bounded(trial.root / bug.path, _LARGEST, follow=False)
    if now == bug.change.before:
        return True
    was_clean = all(report.state == "passed" and not report.findings for report in before)
    return now != bug.change.after and was_clean and all(report.state == "passed" for report in after)
