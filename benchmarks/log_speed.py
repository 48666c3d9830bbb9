"""Lines per CPU second from the bytes of a log to its digest, and the memory of ten times as many lines.

`lines_per_cpu_s`: reading, mining, counting and the digest, in one process, on the kit's log of a million
lines. `over_drain3`: that over the lines per CPU second of Drain3 with generic masks, which reads and mines
the bare messages of that log: neither heads nor counting nor a digest is on its account. `memory_growth`: the
peak of the process for ten million lines over that for a million; each million is made by the kit with a seed
of its own.

    make bench-log-speed                                       # ten minutes, nearly all of them the kit's
    make bench-log-speed ARGS='--seeds 3 4 --lines 200000'     # a quick look: growth of two over one
    make bench-log-speed ARGS='--generator other.py'
    make bench-log-speed ARGS='--logs app.log app.log.1'
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from agent_core.logs.records import RecordReader
from benchmarks.common import ROOT, kit, report
from benchmarks.peers import run_drain

LIMITS = (("lines_per_cpu_s", ">=", 250_000), ("over_drain3", ">=", 5), ("memory_growth", "<=", 1.3))
BLOCK = 4 << 20


def ours(logs: Sequence[Callable[[], Path]], done: Callable[[Path], None]) -> dict[str, Any]:
    """What the program takes for some logs, one behind another as one source."""
    argv = [sys.executable, "-m", "benchmarks._log_speed"]
    with subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        for make in logs:
            log = make()
            with log.open("rb") as file:
                while block := file.read(BLOCK):
                    process.stdin.write(block)
            done(log)
        process.stdin.close()
        told = process.stdout.read()
    if process.returncode:
        sys.exit("benchmark: the program failed")
    return json.loads(told)


def drained(log: Path, lines: int) -> float:
    """Lines per CPU second of Drain3 for the messages of the first lines of a log."""
    with log.open("rb") as file:
        head = b"".join(islice(file, lines))
    reader = RecordReader(log.name)
    read = [records for records in (reader.feed(head), reader.finish()) if records is not None]
    with tempfile.NamedTemporaryFile(prefix="bench-log-speed-", suffix=".txt") as bare:
        for records in read:
            bare.writelines(records.message(number) + b"\n" for number in range(len(records)))
        bare.flush()
        told = run_drain({}, masks=True, files={"log": Path(bare.name)})["log"]
    return len(told.templates) / told.cpu_s


@contextmanager
def made(args: argparse.Namespace) -> Iterator[tuple[list[Callable[[], Path]], Callable[[Path], None]]]:
    """The logs to read, each made when it is needed, and what to do with one that was read."""
    with tempfile.TemporaryDirectory(prefix="bench-log-speed-") as name:

        def make(seed: int) -> Path:
            stem = Path(name) / f"needle-{seed}"
            log = stem.with_suffix(".log")
            if not log.exists():
                argv = [sys.executable, str(args.generator or kit() / "bench" / "gen_needle.py")]
                argv += [str(args.lines), str(seed), str(stem)]
                subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
            return log

        def done(log: Path) -> None:
            if log.name != f"needle-{args.seeds[0]}.log":  # that one is read again
                log.unlink()

        if args.logs:
            yield [lambda log=log: log for log in args.logs], lambda _: None
        else:
            yield [lambda seed=seed: make(seed) for seed in args.seeds], done


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(1, 11)), help="one for each log")
    parser.add_argument("--lines", type=int, default=1_000_000, help="of each log")
    parser.add_argument("--generator", type=Path, help="makes LINES SEED PREFIX; the kit's if left out")
    parser.add_argument("--logs", type=Path, nargs="+", help="logs that are there, instead of making some")
    parser.add_argument("--drain-lines", type=int, default=300_000, help="that Drain3 mines")
    args = parser.parse_args()
    with made(args) as (logs, done):
        one = ours(logs[:1], lambda _: None)
        drain_rate = drained(logs[0](), args.drain_lines)
        whole = ours(logs, done) if len(logs) > 1 else one
    rate = one["lines"] / one["cpu_s"]
    figures = {
        "lines_per_cpu_s": round(rate),
        "over_drain3": rate / drain_rate,
        "memory_growth": whole["peak_mib"] / one["peak_mib"],
        "drain3_lines_per_cpu_s": round(drain_rate),
        "whole_lines_per_cpu_s": round(whole["lines"] / whole["cpu_s"]),
        "peak_mib": one["peak_mib"],
        "whole_peak_mib": whole["peak_mib"],
    }
    return 0 if report("log-speed", figures, LIMITS, one=one, whole=whole) else 1


if __name__ == "__main__":
    sys.exit(main())
