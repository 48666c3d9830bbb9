"""The worker process of `evidence.py`: one job as JSON on standard input, its result on standard output."""

from __future__ import annotations

import sys

import msgspec

from agent_core.agent.searching import Job, search


def main() -> None:
    """Do one job."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    sys.stdout.buffer.write(msgspec.json.encode(search(job)))


if __name__ == "__main__":
    main()
