"""The worker process of `evidence.py`: one job as JSON in its environment, its result on standard output."""

from __future__ import annotations

import os
import sys

JOB = "DSPY_TUI_EVIDENCE_JOB"
"""The environment variable that holds the job: unlike arguments, other users cannot read it."""


def main() -> None:
    """Do one job."""
    import msgspec

    from agent_core.agent.searching import Job, search

    job = msgspec.json.decode(os.environ.pop(JOB), type=Job)
    sys.stdout.buffer.write(msgspec.json.encode(search(job)))


if __name__ == "__main__":
    main()
