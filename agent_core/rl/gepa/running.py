"""One prompt after the other: measured as it is, improved by GEPA, and compared on examples it never saw."""

# dspy comes without types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import dspy
import msgspec

from agent_core.masking import masker
from agent_core.plugins.installed import plugins_of
from agent_core.rl.gepa.api import (
    LEAST,
    Job,
    OnOutcome,
    OnProgress,
    Outcome,
    Progress,
    Report,
    Spent,
    Target,
)
from agent_core.rl.gepa.collecting import room_of
from agent_core.rl.gepa.comparing import beyond_chance, compare
from agent_core.rl.gepa.engine import AskingEngine, asking_model
from agent_core.rl.gepa.examples import Example, counted, number_of
from agent_core.rl.gepa.proposing import Proposer
from agent_core.rl.gepa.purse import BudgetSpent, Purse
from agent_core.rl.gepa.student import Judge, Student, as_dspy
from agent_core.rl.gepa.watching import PERFECT, Watching
from agent_core.skills.registry import load_skill, skills_folder
from agent_core.skills.saved import LONGEST, fingerprint
from agent_core.skills.text_adapter import TextAdapter
from agent_core.text import plural
from agent_core.workspace import Workspace

_BATCH = 3
"""Examples that GEPA looks at for one new prompt."""
_CHOOSE = 6
"""Of the examples to learn from, those that GEPA chooses among candidates by."""


def _ignore(_outcome: Outcome, _spent: Spent) -> None:
    return None


class Run:
    """Optimises the prompts of a job, in the thread that calls it.

    Args:
        workspace: Where.
        job: What.
        examples: The examples of each target.
        engine: Asks the model.
        purse: The budget.
        tell: Told how far it is.
        done: Told what came of each prompt.
    """

    def __init__(
        self,
        workspace: Workspace,
        job: Job,
        examples: dict[Target, list[Example]],
        *,
        engine: AskingEngine,
        purse: Purse,
        tell: OnProgress,
        done: OnOutcome = _ignore,
    ) -> None:
        self._workspace, self._job, self._examples = workspace, job, examples
        self._engine, self._purse, self._tell, self._done = engine, purse, tell, done
        self._judge = Judge(workspace=workspace, tools=job.tools)
        self._lm: Any = asking_model(job.model, engine)
        self._progress = Progress(phase="measuring")

    def report(self) -> Report:
        """Do it; raises what the endpoint raised. That the budget was used up is an outcome."""
        scarce, rich = self._sorted()
        known = {each.target: each for each in self._job.done}
        outcomes: list[Outcome] = [known[target] for target in rich if target in known]
        waiting: list[Target] = [target for target in rich if target not in known]
        with dspy.context(lm=self._lm, adapter=TextAdapter(), disable_history=True, track_usage=False):
            for number, target in enumerate(waiting):
                self._progress = Progress(
                    phase="measuring", target=target, number=number + 1, total=len(waiting)
                )
                outcomes.append(self._improved(target, len(waiting) - number))
                self._done(outcomes[-1], self._purse.spent)
        return Report(model=self._job.model, outcomes=(*decided(outcomes), *scarce), spent=self._purse.spent)

    def _sorted(self) -> tuple[list[Outcome], list[Target]]:
        """Those with too few examples, and the others."""
        scarce: list[Outcome] = []
        rich: list[Target] = []
        for target, examples in self._examples.items():
            learn, validate = _sides(examples)
            if min(len(learn), len(validate)) >= LEAST:
                rich.append(target)
            else:
                scarce.append(self._outcome(target, "scarce"))
        return scarce, rich

    def _outcome(self, target: Target, verdict: Any, **more: Any) -> Outcome:
        learn, validate = _sides(self._examples[target])
        return Outcome(
            target=target,
            verdict=verdict,
            learn=len(learn),
            validate=len(validate),
            sources=counted(self._examples[target]),
            **more,
        )

    def _improved(self, target: Target, to_go: int) -> Outcome:
        before: list[float] = []
        try:
            return self._tried(target, to_go, before)
        except BudgetSpent as spent:
            mean = sum(before) / len(before) if before else None
            return self._outcome(target, "budget", before=mean, note=spent.message)

    def _tried(self, target: Target, to_go: int, before: list[float]) -> Outcome:
        """What came of it; `to_go` counts the prompts that the rest of the budget is for, this one included.

        What calls cost is known once there were some, so a share is reckoned after the first few.
        """
        learn, validate = _sides(self._examples[target])
        least = LEAST + _choosing(learn) + _round(learn)
        if not self._purse.affords(LEAST + least):
            raise BudgetSpent("What is left of the budget does not reach for measuring it")
        student, made_for = self._student(target)
        self._measure(student, validate[:LEAST], "measuring", into=before)
        share = self._purse.share(self._purse.parts(LEAST + least, most=to_go))
        while not self._purse.affords(2 * (len(validate) - LEAST) + least, share=share):
            if len(validate) <= LEAST:
                raise BudgetSpent("What is left of the budget does not reach for measuring another one")
            validate.pop()
        self._examples[target] = [*learn, *validate]
        self._measure(student, validate[LEAST:], "measuring", into=before)
        mean = sum(before) / len(before)
        if mean >= PERFECT:
            return self._outcome(target, "perfect", before=mean, made_for=made_for)
        better, note = self._evolved(student, learn, share, keep=len(validate))
        if better is None:
            return self._outcome(target, "equal", before=mean, made_for=made_for, note=note)
        after: list[float] = []
        try:
            self._measure(better, validate, "comparing", into=after)
        except BudgetSpent as spent:
            if len(after) < LEAST:
                raise
            note += (
                f"; it was measured on {len(after)} of {plural(len(validate), 'example')}: {spent.message}"
            )
            self._examples[target] = [*learn, *validate[: len(after)]]
        compared = compare(before[: len(after)], after)
        return self._outcome(
            target,
            "equal",  # until all are there to decide by
            before=compared.before,
            after=compared.after,
            better=compared.better,
            worse=compared.worse,
            chance=compared.chance,
            made_for=made_for,
            instructions=better.predictor.signature.instructions,
            note=note,
        )

    def _student(self, target: Target) -> tuple[Student, str]:
        """The prompt in use as a program, and the fingerprint of the one that comes with the skill."""
        skill, _, predictor = target.partition(".")
        plugins, folder = plugins_of(self._job.settings), skills_folder(self._workspace)
        built_in = getattr(load_skill(skill, plugins=plugins)[0], predictor)
        used = getattr(load_skill(skill, folder, plugins=plugins)[0], predictor)
        student = Student(used, target=target, tools=self._job.tools, window=self._job.window)
        return student, fingerprint(built_in.signature)

    def _measure(
        self, student: Student, examples: Sequence[Example], phase: Any, *, into: list[float]
    ) -> None:
        """Add what the reply to each example is worth; raises what the model raises."""
        for example in examples:
            self._show(phase=phase)
            given = as_dspy(example)
            try:
                prediction: Any = student(**given.inputs())
            except Exception as error:
                if self._engine.failure is not None:
                    raise self._engine.failure from error
                if not self._engine.misfit:
                    raise
                into.append(0.0)
                continue
            into.append(self._judge.judged(example, prediction).score)

    def _evolved(
        self, student: Student, learn: Sequence[Example], share: Spent, *, keep: int
    ) -> tuple[Student | None, str]:
        """The best that GEPA finds within the share, of which so many calls are kept; None for no other one.

        Raises what the endpoint raised.
        """
        by_turn = sorted(learn, key=lambda example: number_of("choose", example.id))
        choose, reflect = by_turn[: _choosing(learn)], by_turn[_choosing(learn) :]
        watching = Watching(
            affords=lambda: self._affords(_round(learn) + keep, share),
            show=partial(self._show, phase="improving"),
        )
        window, present = self._job.window, student.predictor.signature.instructions
        longest = min(LONGEST, max(len(present) * 2, window)) if window else LONGEST
        gepa = dspy.GEPA(
            metric=self._judge,
            max_metric_calls=self._job.budget.calls + len(choose),
            reflection_minibatch_size=_BATCH,
            reflection_lm=self._lm,
            instruction_proposer=Proposer(
                room=room_of(window), longest=longest, mask=masker(self._job.settings)
            ),
            use_merge=False,
            num_threads=1,
            warn_on_score_mismatch=False,
            gepa_kwargs={
                "stop_callbacks": [watching.stop],
                "callbacks": [watching],
                "cache_evaluation": True,
            },
        )
        best: Any = gepa.compile(
            student, trainset=[as_dspy(one) for one in reflect], valset=[as_dspy(one) for one in choose]
        )
        if self._engine.failure is not None:
            raise self._engine.failure
        note = f"{plural(watching.candidates, 'candidate')} in {plural(watching.rounds, 'round')}"
        return (None if best.predictor.signature.instructions == present else best), note

    def _affords(self, calls: int, share: Spent) -> bool:
        return self._engine.failure is None and self._purse.affords(calls, share=share)

    def _show(self, **what: Any) -> None:
        self._progress = msgspec.structs.replace(self._progress, **what, spent=self._purse.spent)
        self._tell(self._progress)


def decided(outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """The outcomes of a run, with `won` for the candidates that are better beyond chance (`beyond_chance`).

    A prompt that was found perfect counts as tried, too: its candidate could not have won, and leaving it out
    would count only those that were unlucky when they were measured.
    """
    tried = [number for number, each in enumerate(outcomes) if _is_tried(each)]
    chances = [1.0 if (chance := outcomes[number].chance) is None else chance for number in tried]
    won = {number for number, is_won in zip(tried, beyond_chance(chances), strict=True) if is_won}
    return tuple(
        msgspec.structs.replace(
            each,
            verdict="won" if number in won else each.verdict,
            among=len(tried) if each.chance is not None else 0,
        )
        for number, each in enumerate(outcomes)
    )


def _is_tried(outcome: Outcome) -> bool:
    return outcome.chance is not None or outcome.verdict == "perfect"


def _sides(examples: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    return (
        [example for example in examples if example.side == "learn"],
        [example for example in examples if example.side == "validate"],
    )


def _round(learn: Sequence[Example]) -> int:
    """Calls that a round of GEPA takes at most: a batch twice, a new prompt, and the choosing."""
    return 2 * _BATCH + 1 + _choosing(learn)


def _choosing(learn: Sequence[Example]) -> int:
    """How many of the examples to learn from GEPA chooses among candidates by."""
    return min(_CHOOSE, len(learn) // 2)
