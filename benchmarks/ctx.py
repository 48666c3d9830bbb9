"""Key events in a log of a million lines: how many of 30 hidden ones the digest tells, and how soon.

The kit makes the logs and scores the reports. Each log is read, mined and counted as the program does it, and
digested without anything that earlier sessions knew.

    make bench-ctx                                             # five seeds, about two minutes
    make bench-ctx ARGS='--seeds 1 --lines 200000'             # a quick look
    make bench-ctx ARGS='--generator other.py --seeds 7 8'     # other events, other noise
    make bench-ctx ARGS='--log app.log --labels app.json'      # a log that is there
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent_core.logs.api import Digest, SourceFacts
from agent_core.logs.events.digest import Part, digest_of
from agent_core.logs.mining.miner import Miner
from agent_core.logs.pipeline import Pipeline
from benchmarks.common import kit, report

BLOCK = 4 << 20
FIRST, PRECISE = 100, 60
LIMITS = (
    ("found100", ">=", 28),
    ("found", ">=", 29),
    ("precision60", ">=", 0.30),
    ("quiet", ">=", 5),
    ("must_keep", ">=", 0.95),
)


def digested(log: Path) -> tuple[Digest, dict[str, float]]:
    """The whole digest of a log, and the CPU seconds that it took."""
    start = time.process_time()
    pipeline = Pipeline(log.name, miner=Miner())
    with log.open("rb") as file:
        while block := file.read(BLOCK):
            pipeline.feed(block)
    pipeline.finish()
    read = time.process_time()
    pipeline.settle()
    part = Part(pipeline.statistics, pipeline.miner.template, SourceFacts(name=log.name))
    digest = digest_of([part], limit=1_000_000)
    seconds = {"read_cpu_s": read - start, "digest_cpu_s": time.process_time() - read}
    seconds["lines_per_cpu_s"] = pipeline.statistics.lines / max(sum(seconds.values()), 1e-9)
    return digest, seconds


def reports(digest: Digest) -> Iterator[dict[str, Any]]:
    """The events as the kit's scorer reads them."""
    for event in digest.events:
        lines = sorted({*range(event.first, event.last + 1), *event.others})
        yield {"first": event.first, "last": event.last, "lines": lines, "text": event.text}


def scored(labels: Path, digest: Digest, folder: Path) -> dict[str, Any]:
    """The kit's score of a digest."""
    out = folder / "report.jsonl"
    out.write_text("".join(json.dumps(one) + "\n" for one in reports(digest)), encoding="utf-8")
    scorer = kit() / "bench" / "score_events.py"
    argv = [sys.executable, str(scorer), str(labels), str(out), "--budget", str(PRECISE), str(FIRST)]
    told = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    hidden = len(json.loads(labels.read_text(encoding="utf-8"))["events"])
    rows = [_row(line) for line in told.splitlines()]
    precise, first, whole = rows[0], rows[1], rows[-1]
    quiet = re.search(r"'quiet': '(\d+)/", whole["line"])
    return {
        "found100": round(first["recall"] * hidden),
        "found": round(whole["recall"] * hidden),
        "precision60": precise["precision"],
        "quiet": int(quiet[1]) if quiet else None,
        "must_keep": whole["shown"],
        "reports": len(digest.events),
    }


def _row(line: str) -> dict[str, Any]:
    found = re.search(r"recall ([\d.]+) precision ([\d.]+) shown ([\d.]+)", line)
    if not found:
        sys.exit(f"benchmark: the scorer said {line!r}")
    recall, precision, shown = map(float, found.groups())
    return {"recall": recall, "precision": precision, "shown": shown, "line": line}


def measured(args: argparse.Namespace) -> Iterator[tuple[str, dict[str, Any]]]:
    """The score of each log, by its seed or name."""
    with tempfile.TemporaryDirectory(prefix="bench-ctx-") as name:
        folder = Path(name)
        if args.log:
            digest, seconds = digested(args.log)
            yield args.log.name, {**scored(args.labels, digest, folder), **seconds}
            return
        for seed in args.seeds:
            stem = folder / f"needle-{seed}"
            argv = [sys.executable, str(args.generator), str(args.lines), str(seed), str(stem)]
            subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
            log = stem.with_suffix(".log")
            digest, seconds = digested(log)
            yield str(seed), {**scored(folder / f"needle-{seed}.labels.json", digest, folder), **seconds}
            log.unlink()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--generator", type=Path, help="makes LINES SEED PREFIX; the kit's if left out")
    parser.add_argument("--log", type=Path, help="a log that is there, instead of making some")
    parser.add_argument("--labels", type=Path, help="what is hidden in it")
    args = parser.parse_args()
    if (args.log is None) != (args.labels is None):
        parser.error("--log and --labels go together")
    args.generator = args.generator or kit() / "bench" / "gen_needle.py"
    seeds: dict[str, dict[str, Any]] = {}
    for seed, score in measured(args):
        seeds[seed] = score
        print(f"{seed}: {json.dumps(score)}", flush=True)
    figures = {key: min(score[key] for score in seeds.values()) for key, _, _ in LIMITS}
    print()
    return 0 if report("ctx", figures, LIMITS, seeds=seeds, lines=args.lines) else 1


if __name__ == "__main__":
    sys.exit(main())
