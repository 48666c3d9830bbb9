"""What the Learning screen says of offline training: the one that runs, the policies, what one is worth."""

from __future__ import annotations

from collections.abc import Sequence

from agent_core.rl.offline.comparing import Comparison
from agent_core.rl.offline.ended import Ended
from agent_core.rl.offline.progress import Point
from agent_core.rl.offline.registry import About
from agent_core.rl.offline.saying import verdict_of
from agent_core.rl.trained import Trained
from agent_core.text import cells, human_age, one_line, plural
from tui.screens.learning_said import bar, clip, padded, remark, title
from tui.screens.training import Policies
from tui.screens.training import Run as Training
from tui.widgets.transcript.lines import BLANK, Line, Run

_SHOWN = 5
"""Policies that are listed."""
_NOT_DONE = 3
"""Trainings that are listed as not come to their end."""
_WIDE = 110
"""From so many columns on it is told how long each was trained."""


def trainings(policies: Policies, run: Training | None, width: int, *, key: str, now: float) -> list[Line]:
    """How training stands; `key` starts one, `now` is in seconds since 1970."""
    lines = [title("Order of checks", "which check of an edit runs first, learnt by `rl train`", width=width)]
    lines += _run(run, width) if run is not None else []
    lines += _ended(policies.ended, run, width, now=now)
    if policies.found:
        lines += _policies(policies, run, width, now=now)
    elif run is None or run.state == "ended":
        lines += remark("● ", "dim", "No policy was trained yet: checks run in their usual order.", width)
        how = f"{key} trains one: it plants bugs into a copy, and sees which check tells first."
        lines += remark("→ ", "hint", how, width)
    return lines + (_report(policies.last, width, now=now) if policies.last is not None else [])


def _report(last: Trained, width: int, *, now: float) -> list[Line]:
    """What the last training came to, in full."""
    said = f"{human_age(now - last.at)}: {one_line(last.command)}"
    rows = [clip(((f"  {line}", "dim", None),), width) for line in last.report.splitlines()]
    return [BLANK, title("Last training", said, width=width), *rows]


def _run(run: Training, width: int) -> list[Line]:
    if run.state == "waiting":
        return remark("● ", "warn", f"waits for its turn, or for your answer: {run.command}", width)
    if run.state == "running":
        return remark("● ", "mark", run.told or run.command, width)
    if run.state == "stopping":
        return remark("● ", "warn", "It is being stopped", width)
    if run.error is not None:
        last = f"last: {run.told}" if run.told not in ("", run.error.hint, run.error.message) else ""
        kept = [run.error.hint, last]
        return remark("✗ ", "bad-title", run.error.message, width, ". ".join(filter(None, kept)))
    return remark("✓ ", "ok", run.told, width) if run.told else remark("● ", "dim", "It ended", width)


def _ended(ended: Sequence[Ended], run: Training | None, width: int, *, now: float) -> list[Line]:
    """Trainings that did not come to their end, why, and what goes on with the newest."""
    lines: list[Line] = []
    for each in ended[:_NOT_DONE]:
        why = f"{human_age(now - each.at)}: {one_line(each.command)}: {one_line(each.error.message)}"
        last = f" (last: {one_line(each.told)})" if each.told else ""
        goes_on = run is not None and run.state != "ended"
        go_on = f"`{one_line(each.go_on)}` goes on with it" if each.go_on and not goes_on else ""
        lines += remark("✗ ", "dim", why + last, width, go_on)
    return lines


def _policies(policies: Policies, run: Training | None, width: int, *, now: float) -> list[Line]:
    shown = policies.found[:_SHOWN]
    lines = [_policy(about, policies.in_use, width, now=now) for about in shown]
    if len(policies.found) > len(shown):
        lines.append(
            clip((("  ", "", None), (f"and {len(policies.found) - len(shown)} older", "dim", None)), width)
        )
    chosen = judged(policies, run)
    if chosen is not None and chosen.comparison.changes:
        lines += [BLANK, *_compared(chosen, width)]
    return lines


def judged(policies: Policies, run: Training | None) -> About | None:
    """The policy whose figures are shown: what `run` made, else the one in use, else the newest."""
    by_version = {about.version: about for about in policies.found}
    made = by_version.get(run.version) if run is not None else None
    return made or by_version.get(policies.in_use) or next(iter(policies.found), None)


def course(policies: Policies, run: Training | None) -> Sequence[Point]:
    """The course that is drawn: of the training that goes on, once it has one, else of the policy judged."""
    if run is not None and run.state != "ended" and len(run.points) > 1:
        return run.points
    about = judged(policies, run)
    return about.curve if about is not None else ()


def _policy(about: About, in_use: int, width: int, *, now: float) -> Line:
    used = about.version == in_use
    how = f"{about.options.steps:>9,} steps  {plural(about.changes, 'bug'):>9}  "
    runs: list[Run] = [
        (f"{'✓' if used else ' '} {about.version:>3}  ", "ok" if used else "dim", None),
        (f"{human_age(now - about.at):>12}  ", "dim", None),
        (how if width >= _WIDE else "", "dim", None),
        ("in use: " if used else "", "ok", None),
        (verdict_of(about.comparison), "title" if used else "dim", None),
    ]
    return clip(tuple(runs), width)


def _compared(about: About, width: int) -> list[Line]:
    """A bar for each way to order the checks; the shorter the better."""
    compared = about.comparison
    seen = plural(compared.changes, "bug")
    said = f"policy {about.version}: seconds to the first failure on {seen} that it never saw"
    rows = _rows(compared)
    column = min(max(cells(one_line(name)) for name, *_ in rows), max(10, width // 2))
    most, left = max(cost for _, cost, _ in rows), width - column - 11
    lines = [clip(((said, "dim", None),), width)]
    for name, cost, style in rows:
        drawn = bar(cost, most, left) if left >= 6 else ""
        runs: list[Run] = [
            (padded(one_line(name), column), style, None),
            (f"{cost:8.2f}  ", "title", None),
            (drawn, "ok" if style == "mark" else "dim", None),
        ]
        lines.append(clip(tuple(runs), width))
    return lines


def _rows(compared: Comparison) -> Sequence[tuple[str, float, str]]:
    return (
        ("the policy", compared.policy, "mark"),
        (f"best fixed order ({', '.join(compared.order)})", compared.fixed, "title"),
        *((name, cost, "title") for name, cost in compared.bandits.items()),
        ("an oracle", compared.oracle, "title"),
    )
