"""What optimising came to, and how far it is, in words."""

from __future__ import annotations

from agent_core.rl.gepa.api import LEAST, Outcome, Progress, Report, Spent
from agent_core.text import human_duration, one_line, plural

_PHASES = {
    "collecting": "collecting examples",
    "measuring": "measuring the prompt in use",
    "improving": "improving it",
    "comparing": "measuring the best candidate",
}


def in_short(report: Report) -> str:
    """One line: how many prompts are better now."""
    won = sum(outcome.verdict == "won" for outcome in report.outcomes)
    tried = sum(outcome.before is not None for outcome in report.outcomes)
    return f"{won} of {plural(tried, 'prompt')} improved"


def table(report: Report) -> str:
    """Everything, for people: each prompt with its figures, what was spent, and what else there is to say."""
    rows = [(outcome.target, _examples(outcome), _verdict(outcome)) for outcome in report.outcomes]
    first, second = (max((len(row[column]) for row in rows), default=0) for column in (0, 1))
    lines = [f"{target:<{first}}  {examples:<{second}}  {verdict}" for target, examples, verdict in rows]
    spent = f"{_spent(report.spent)} of {one_line(report.model)}"
    return "\n".join((*lines, "", spent, *map(one_line, report.notes)))


def progress_line(progress: Progress) -> str:
    """One line: which prompt, what is done with it, and what was spent so far."""
    what = _PHASES[progress.phase]
    if not progress.target:
        return what
    best = f", best {progress.best:.2f} of {plural(progress.candidates, 'candidate')}"
    shown = best if progress.phase == "improving" else ""
    return (
        f"{progress.target} ({progress.number} of {progress.total}): {what}{shown}; {_spent(progress.spent)}"
    )


def _examples(outcome: Outcome) -> str:
    sources = ", ".join(f"{count} of {source}" for source, count in outcome.sources.items())
    return f"{outcome.learn} + {outcome.validate} examples ({sources or 'none'})"


def _verdict(outcome: Outcome) -> str:
    match outcome.verdict:
        case "scarce":
            return f"left alone: it takes {LEAST} examples to learn from and {LEAST} others"
        case "budget":
            said = f"measured {outcome.before:.2f}, then " if outcome.before is not None else ""
            return f"{said}not decided: {one_line(outcome.note)}"
        case "perfect":
            return f"left alone: it scores {outcome.before or 0:.2f}"
        case "equal" if outcome.after is None:
            return (
                f"kept: {outcome.before or 0:.2f}, no better candidate was found ({one_line(outcome.note)})"
            )
        case "equal":
            among = f" among {plural(outcome.among, 'prompt')}" if outcome.among > 1 else ""
            return f"kept: {_figures(outcome)}, which is not better beyond chance{among}{_note(outcome)}"
        case "won":
            return f"saved as version {outcome.version}: {_figures(outcome)}{_note(outcome)}"


def _note(outcome: Outcome) -> str:
    return f" ({one_line(outcome.note)})" if outcome.note else ""


def _figures(outcome: Outcome) -> str:
    return (
        f"{outcome.before or 0:.2f} → {outcome.after or 0:.2f} ({outcome.gain or 0:+.2f}) on"
        f" {plural(outcome.validate, 'example')}, better on {outcome.better}, worse on {outcome.worse},"
        f" by chance {outcome.chance or 0:.1%}"
    )


def _spent(spent: Spent) -> str:
    time = human_duration(spent.seconds)
    return f"{plural(spent.calls, 'call')}, {spent.tokens:,} tokens, {time}"
