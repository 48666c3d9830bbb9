"""Collapsing stack traces: what must survive, and how little is shown.

    python -m benchmarks.traces [TRACES.jsonl ...] [--show] [--write OUT.jsonl]

Each line of TRACES is `{"id", "lang", "text", "must_keep"}`; without any it is the kit's. `survives` is the
share of the traces whose collapsed text has every string of `must_keep`; `median_shown_ratio` that of shown
characters to those of the input; `longest` counts the lines of the longest text that is shown, `longest_line`
the characters of the longest line. `parsed` is how many were taken for a trace at all. `--write` writes what
is shown as the kit's scorer reads it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from agent_core.logs.traces.collapsing import collapse
from agent_core.logs.traces.parsing import parse
from benchmarks.common import kit, report

LIMITS = (
    ("survives", ">=", 1.0),
    ("median_shown_ratio", "<=", 1 / 3),
    ("longest", "<=", 12),
    ("longest_line", "<=", 240),
)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("traces", nargs="*", type=Path, help="files of traces (default: the kit's)")
    parser.add_argument("--show", action="store_true", help="print what is shown of each")
    parser.add_argument("--write", type=Path, help="write what is shown, one JSON object a line")
    return parser.parse_args()


def measured(trace: dict[str, Any]) -> dict[str, Any]:
    text = trace["text"]
    began = time.process_time()
    shown = collapse(text)
    spent = time.process_time() - began
    lines = shown.splitlines()
    return {
        "id": trace["id"],
        "text": shown,
        "language": parsed.language if (parsed := parse(text)) is not None else "",
        "lost": [words for words in trace["must_keep"] if words not in shown],
        "ratio": len(shown) / max(1, len(text)),
        "lines": len(lines),
        "longest_line": max(map(len, lines), default=0),
        "ms": spent * 1000,
    }


def main() -> int:
    options = arguments()
    paths = options.traces or [kit() / "bench" / "traces.jsonl"]
    traces = [json.loads(line) for path in paths for line in path.read_text("utf-8").splitlines() if line]
    results = [measured(trace) for trace in traces]
    for result in results:
        if options.show:
            print(f"== {result['id']} ({result['language'] or 'no trace'}) {result['ratio']:.2f}")
            print(f"{result['text']}\n")
        if result["lost"]:
            print(f"lost in {result['id']}: {result['lost']}")
    if options.write:
        written = (json.dumps({"id": result["id"], "text": result["text"]}) for result in results)
        options.write.write_text("".join(f"{line}\n" for line in written), "utf-8")
    figures = {
        "survives": sum(not result["lost"] for result in results) / len(results),
        "median_shown_ratio": statistics.median(result["ratio"] for result in results),
        "longest": max(result["lines"] for result in results),
        "longest_line": max(result["longest_line"] for result in results),
        "traces": len(results),
        "parsed": sum(bool(result["language"]) for result in results),
        "slowest_ms": max(result["ms"] for result in results),
    }
    shown = [{key: result[key] for key in ("id", "language", "ratio", "lines", "lost")} for result in results]
    return 0 if report("traces", figures, LIMITS, traces=shown) else 1


if __name__ == "__main__":
    sys.exit(main())
