"""How an operation on the stack is told in lines."""

from __future__ import annotations

from stack.engine.values import Step
from stack.running import Operation, Told
from tui.screens.stack_job import Job
from tui.screens.stack_job_said import lines


async def nothing(told: Told) -> None:
    """What the operation would do."""


def told(job: Job, rows: int) -> list[str]:
    return [line.text for line in lines(job, 60, rows, seconds=3, shown=lambda action: action)]


def test_a_failed_build_shows_its_last_lines() -> None:
    job = Job(Operation("build", (), "docker compose build", nothing), began=0.0)
    for text in ("Collecting x", "Downloading", "No space", "ERROR: no wheel of x"):
        job.take(Step("", text))
    job.outcome = "failed"
    assert told(job, rows=12)[-3:] == ["Downloading", "No space", "ERROR: no wheel of x"]
    assert told(job, rows=3)[2:] == ["ERROR: no wheel of x"]
    assert len(told(job, rows=2)) == 2
