"""What optimising prompts takes and gives, as plain values: they cross a pipe and are told as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, get_args

import msgspec

from agent_core.config import Settings
from agent_core.llm.port import ToolSpec

Target = Literal[
    "ask.conclude", "logs.explain", "locate.name", "ask.choose", "ask.act", "edit.write", "plan.draft",
    "commit.message", "review.judge",
]  # fmt: skip
"""A prompt: a skill, and one of its predictors."""
TARGETS: tuple[Target, ...] = get_args(Target)
"""In the order in which a budget is given to them: what is used most comes first."""
LEAST = 5
"""Examples to learn from, and to validate with, below which a prompt is left alone."""
MOST = 16
"""Examples of each that are used at most."""


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """What a run may take, all prompts together; the first that is used up ends it.

    Args:
        calls: Calls of the model.
        tokens: Tokens that go to and come from it.
        seconds: From the first call on.
    """

    calls: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 600
    tokens: Annotated[int, msgspec.Meta(ge=1, le=10_000_000_000)] = 2_000_000
    seconds: Annotated[float, msgspec.Meta(gt=0, le=604_800)] = 3600.0


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """What was used of a budget."""

    calls: int = 0
    tokens: int = 0
    seconds: float = 0.0


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a run is.

    Args:
        phase: Examples are collected; the prompt in use is measured; GEPA improves it; the best is measured.
        target: The prompt; "" while examples are collected.
        number: Which prompt of `total`, from 1.
        candidates: Prompts that GEPA has taken up so far, the one in use included.
        best: The best mean score of these on the examples that GEPA chooses by, 0..1.
        spent: What was used so far, all prompts together.
    """

    phase: Literal["collecting", "measuring", "improving", "comparing"]
    target: str = ""
    number: int = 0
    total: int = 0
    candidates: int = 0
    best: float = 0.0
    spent: Spent = Spent()


OnProgress = Callable[[Progress], None]
OnOutcome = Callable[["Outcome", Spent], None]
Verdict = Literal["won", "equal", "perfect", "scarce", "budget"]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one prompt.

    Args:
        target: The prompt.
        verdict: `won`: it is better beyond chance, also `among` as many prompts. `equal`: it is not, or there
            was no other one. `perfect`: there was nothing to improve. `scarce`: there are too few examples.
            `budget`: the budget did not reach for measuring it.
        learn: Examples that GEPA learnt from and chose by.
        validate: Examples that decide, of files that those above do not touch.
        sources: How many of both are from where.
        before: Mean score of the prompt in use on those that decide, 0..1; None where it was not measured.
        after: The same of the best candidate.
        better: On how many of them the candidate scored higher.
        worse: And lower.
        chance: How likely as great a gain is by chance alone, if both are as good as each other.
        among: How many prompts the run tried: the more, the less likely a gain has to be by chance.
        made_for: The `fingerprint` of the prompt that it takes the place of.
        instructions: The candidate; "" for none.
        version: What it was saved as; 0 when it was not.
        note: What else there is to say, "" for nothing.
    """

    target: str
    verdict: Verdict
    learn: int = 0
    validate: int = 0
    sources: dict[str, int] = {}
    before: float | None = None
    after: float | None = None
    better: int = 0
    worse: int = 0
    chance: float | None = None
    among: int = 0
    made_for: str = ""
    instructions: str = ""
    version: int = 0
    note: str = ""

    @property
    def gain(self) -> float | None:
        """How much higher the candidate scored on average; None where that was not measured."""
        return None if self.before is None or self.after is None else self.after - self.before


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a run: one outcome for each prompt that there are examples of, or were asked for."""

    model: str
    outcomes: tuple[Outcome, ...]
    spent: Spent
    notes: tuple[str, ...] = ()


class LogText(msgspec.Struct, frozen=True, kw_only=True):
    """Key events of logs as a model reads them.

    Args:
        key: The same for the same events.
        side: Whether to learn from them, or to validate with them: it hangs on the kinds of the events.
        text: The events by number.
        count: How many there are.
        grave: The numbers of those that say that something failed.
        places: Places in the code that they lead to, as `path:line`.
    """

    key: str
    side: Literal["learn", "validate"]
    text: str
    count: int
    grave: tuple[int, ...]
    places: tuple[str, ...] = ()


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What the process is asked to do.

    Args:
        model: The model's name.
        window: Its context in tokens.
        native: Whether it takes tools natively.
        settings: The effective settings.
        budget: What it may take.
        targets: Which prompts.
        tools: The tools that a model is offered.
        logs: Digests of logs as models get them, each with the number of its first cause.
        done: Prompts that an earlier part of the run has tried.
        spent: What that part has used of the budget.
    """

    model: str
    window: int
    native: bool
    settings: Settings
    budget: Budget
    targets: tuple[Target, ...]
    tools: tuple[ToolSpec, ...] = ()
    logs: tuple[LogText, ...] = ()
    done: tuple[Outcome, ...] = ()
    spent: Spent = Spent()
