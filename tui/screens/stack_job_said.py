"""An operation on the stack in lines: its command, how far each thing is, and how it ended."""

from __future__ import annotations

from collections.abc import Sequence

from agent_core.events import PullProgress
from agent_core.text import cells, human_duration, one_line, shorten
from stack.engine.values import Step
from tui.screens.stack_job import Job
from tui.screens.stack_said import Shown, next_step
from tui.widgets.progress import bar
from tui.widgets.transcript.lines import Line, Run, wrap

_ENDED = frozenset(
    {"healthy", "started", "running", "built", "pulled", "stopped", "removed", "created", "exited"}
    | {"restarted", "done", "recreated", "killed", "skipped", "exists", "pull complete", "already exists"}
)
"""What compose says last of a thing, in small letters."""
_LAST = 3
"""Lines of what was said that show behind the end."""
_BAD = ("error", "failed", "unhealthy")
_NARROWEST_BAR = 24


def lines(job: Job, width: int, rows: int, *, seconds: float, shown: Shown) -> list[Line]:
    """The operation in at most so many rows.

    Args:
        job: The operation.
        width: Columns.
        rows: How many there are; 3 or more.
        seconds: How long it goes on, or took.
        shown: How people write the key of an action.
    """
    told = [_state(job, width, seconds=seconds, shown=shown), _command(job, width)]
    if job.error is not None:
        said = wrap([(f"{job.error.message}.", "bad", None)], width)
        told += [*said, *next_step(job.error.hint, width, shown)] if job.error.hint else said
    if not job.goes_on:
        kept = min(_LAST, rows - len(told)) if job.outcome in ("done", "failed") else 0
        ended = list(job.said)[-kept:] if kept > 0 else []
        return [*told, *(Line(((shorten(one_line(text), width), "dim", None),)) for text in ended)][:rows]
    room = rows - len(told)
    built = [Line(((shorten(one_line(text), width), "dim", None),)) for text in list(job.said)[-room:]]
    steps = _steps(tuple(job.steps.values()), room - min(len(built), room // 2), width)
    return (
        [*told, *built[len(built) - (room - len(steps)) :], *steps] if room > len(steps) else [*told, *steps]
    )


def _state(job: Job, width: int, *, seconds: float, shown: Shown) -> Line:
    cancel, hides = f" · {shown('stack.cancel')} cancels", f" · {shown('stack.forget')} hides it"
    of = ", ".join(map(one_line, job.operation.services)) or "all services"
    took = f"{int(seconds)} s" if seconds < 60 else human_duration(seconds)
    icon, style, said, key = {
        "running": ("●", "mark", took, cancel),
        "cancelling": ("◐", "warn", f"cancelling, {took}", ""),
        "done": ("✓", "ok", f"done in {took}", hides),
        "failed": ("✗", "bad", f"failed after {took}", hides),
        "cancelled": (
            "■",
            "warn",
            f"cancelled after {took}; what it made is still there",
            hides,
        ),
    }[job.outcome]
    done = sum(step.text.lower() in _ENDED for step in job.steps.values())
    if job.goes_on and job.steps:
        said += f" · {done} of {len(job.steps)} steps"
    what = shorten(f"{job.operation.what} {of}", max(8, width - 5 - cells(said + key)))
    runs: tuple[Run, ...] = ((f"{icon} ", style, None), (what, "h3", None), (f"  {said}", style, None))
    room = width - cells(f"{icon} {what}  {said}")
    return Line((*runs, (key, "dim", None)) if cells(key) <= room else runs)


def _command(job: Job, width: int) -> Line:
    return Line((("$ ", "dim", None), (shorten(one_line(job.operation.command), width - 2), "code", None)))


def _steps(steps: Sequence[Step], rows: int, width: int) -> list[Line]:
    """Those that go on at the end, since they are what is waited for."""
    going = [step for step in steps if step.text.lower() not in _ENDED]
    ended = [step for step in steps if step.text.lower() in _ENDED]
    room = max(0, rows - len(going))
    shown = [*ended[len(ended) - room :], *going] if room else going[-rows:] if rows > 0 else []
    return [_step(step, width) for step in shown]


def _step(step: Step, width: int) -> Line:
    text = step.text.lower()
    icon, style = ("✗", "bad") if text.startswith(_BAD) else ("✓", "ok") if text in _ENDED else ("◐", "warn")
    about, said = one_line(step.about), one_line(step.text)
    if step.total and width >= 2 * _NARROWEST_BAR:
        name = shorten(f"{about} {said}", width // 3)
        drawn = bar(
            PullProgress(model="", status="", completed=step.done, total=step.total), width - cells(name) - 3
        )
        return Line(((f"{icon} ", style, None), (f"{name} ", "title", None), *drawn))
    said = shorten(said, max(8, width // 2))
    about = shorten(about, max(4, width - 4 - cells(said)))
    return Line(((f"{icon} ", style, None), (about, "title", None), (f"  {said}", "dim", None)))
