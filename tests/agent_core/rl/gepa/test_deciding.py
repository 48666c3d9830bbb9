"""What a whole run saves where no candidate is any better than the prompt in use, and where one is."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from agent_core.config import Settings
from agent_core.rl.gepa.api import TARGETS, Budget, Job, Outcome, Report, Target
from agent_core.rl.gepa.engine import AskingEngine
from agent_core.rl.gepa.examples import Cites, Example, Side
from agent_core.rl.gepa.purse import Purse
from agent_core.rl.gepa.running import Run, decided
from agent_core.workspace import Workspace

_RUNS = 300
_EACH = 9
"""Examples of a side."""
Luck = Callable[[Target, str], float]
"""What a reply scores: of this target, and of the prompt in use or the candidate."""


def _unsent(*_: object) -> None:
    return None


def example(target: Target, side: Side, number: int) -> Example:
    return Example(
        id=f"{target}-{side}-{number}",
        target=target,
        source="history",
        side=side,
        fields={},
        goal=Cites((), ()),
    )


_EXAMPLES: dict[Target, list[Example]] = {
    target: [example(target, side, number) for side in ("learn", "validate") for number in range(_EACH)]
    for target in TARGETS
}


@pytest.fixture
def whole_run(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Callable[[Luck], Report]:
    """A run over all prompts in which scores come by luck, and GEPA always has a candidate."""
    job = Job(
        model="m",
        window=4096,
        native=False,
        settings=Settings(),
        budget=Budget(calls=100_000),
        targets=TARGETS,
    )

    def student(_: Run, target: Target) -> tuple[Any, str]:
        return made("in use"), "fingerprint"

    def evolved(*_: Any, **__: Any) -> tuple[Any, str]:
        return made("candidate"), "2 candidates in 1 round"

    def run(luck: Luck) -> Report:
        def measure(_: Run, given: Any, examples: Sequence[Example], __: str, *, into: list[float]) -> None:
            into += [luck(one.target, given.predictor.signature.instructions) for one in examples]

        monkeypatch.setattr(Run, "_measure", measure)
        purse = Purse(job.budget)
        engine = AskingEngine(send=_unsent, purse=purse)
        return Run(workspace, job, dict(_EXAMPLES), engine=engine, purse=purse, tell=lambda _: None).report()

    monkeypatch.setattr(Run, "_student", student)
    monkeypatch.setattr(Run, "_evolved", evolved)
    return run


def made(instructions: str) -> Any:
    """As much of a program as a run looks at."""
    return SimpleNamespace(predictor=SimpleNamespace(signature=SimpleNamespace(instructions=instructions)))


def saved(report: Report) -> list[str]:
    return [outcome.target for outcome in report.outcomes if outcome.verdict == "won"]


def test_a_run_of_prompts_that_are_no_better_seldom_saves_one(whole_run: Callable[[Luck], Report]) -> None:
    """At a tenth for each of nine prompts, 6 of 10 runs would."""
    drawn = random.Random(7)

    def luck(_: Target, __: str) -> float:
        return drawn.random()

    reports = [whole_run(luck) for _ in range(_RUNS)]
    assert all(len(report.outcomes) == len(TARGETS) for report in reports)
    assert sum(bool(saved(report)) for report in reports) / _RUNS <= 0.12, "a tenth, and what draws vary by"


def test_a_prompt_that_is_better_is_saved_among_others_that_are_not(
    whole_run: Callable[[Luck], Report],
) -> None:
    def luck(target: Target, instructions: str) -> float:
        return 1.0 if (target, instructions) == ("plan.draft", "candidate") else 0.25

    report = whole_run(luck)
    assert saved(report) == ["plan.draft"]
    assert {outcome.among for outcome in report.outcomes} == {len(TARGETS)}


def outcome(target: str, verdict: Any, chance: float | None = None) -> Outcome:
    return Outcome(target=target, verdict=verdict, before=0.5, chance=chance)


def test_what_was_not_compared_counts_only_where_it_was_perfect() -> None:
    gain = outcome("a", "equal", 0.04)
    others = (outcome("b", "perfect"), outcome("c", "equal"), outcome("d", "budget"))
    found = decided((gain, *others))
    assert [(each.verdict, each.among) for each in found] == [
        ("won", 2),
        ("perfect", 0),
        ("equal", 0),
        ("budget", 0),
    ]
    assert decided((gain, *others, outcome("e", "perfect")))[0].verdict == "equal"
