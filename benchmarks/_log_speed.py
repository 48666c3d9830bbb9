"""Reads, mines, counts and digests the log on standard input as the program does; tells what that took.

Runs in a process of its own for `benchmarks/log_speed.py`, so that its peak of memory is its own.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from agent_core.logs.api import SourceFacts
from agent_core.logs.events.digest import Part, digest_of
from agent_core.logs.mining.miner import Miner
from agent_core.logs.pipeline import Pipeline
from agent_core.logs.sources.port import BLOCK


def peak_mib() -> float:
    """The most memory of this process; `getrusage` would count its parent's at the start, too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def main() -> None:
    began = time.process_time()
    pipeline = Pipeline("log", miner=Miner())
    while block := sys.stdin.buffer.read(BLOCK):
        pipeline.feed(block)
    pipeline.finish()
    pipeline.settle()
    part = Part(pipeline.statistics, pipeline.miner.template, SourceFacts(name="log"))
    events = digest_of([part], limit=20).events
    result = {
        "lines": pipeline.statistics.lines,
        "cpu_s": time.process_time() - began,
        "peak_mib": peak_mib(),
        "templates": len(pipeline.statistics.kinds),
        "events": len(events),
    }
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
