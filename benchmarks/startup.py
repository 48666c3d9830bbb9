"""First paint beside a minimal Textual app, as whole processes in a pseudo-terminal; and stalls after it.

`first_paint_ratio`: from exec until the prompt shows, over the same of the kit's reference app; the
two are started in turn, each after a warm-up, and medians are compared. `longest_stall_ms`: the most that the
event loop was late while dspy and the model's client load in the background (median of some runs).
`early_modules`: how many slow libraries were imported when the first paint was out.

    make bench-startup
    make bench-startup ARGS='--runs 5'
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common import ROOT, kit, report

LIMITS = (("first_paint_ratio", "<=", 1.4), ("early_modules", "<=", 0))
REFERENCE = {"cmd": "{python} {here}/ref_app.py", "ready": "REFERENCE READY"}
LIMIT_S = 20.0


def harness() -> Any:
    """The kit's module that starts programs in a pseudo-terminal."""
    sys.path.insert(0, str(kit() / "bench" / "terminal"))
    import measure  # pyright: ignore[reportMissingImports]

    return measure


def first_paint(peer: Any) -> float:
    """Milliseconds until a program's ready text shows."""
    session = peer.run_until_ready(limit=LIMIT_S)
    seen = session.ready
    text = "" if seen is not None else session.text()
    session.close()
    if seen is None:
        sys.exit(f"startup: {peer.name} never showed its ready text\n{text}")
    return 1000 * seen


def stall(measure: Any, tmp: str, server: Any, number: int) -> dict[str, Any]:
    """One run of the probe, with a model configured."""
    result = Path(tmp) / f"stall-{number}.json"
    row = {
        "cmd": f"{sys.executable} -m benchmarks._startup_probe {result} {LIMIT_S}",
        "ready": "Ask",
        "env": {
            "OPENAI_BASE_URL": "http://127.0.0.1:{port}/v1",
            "OPENAI_API_KEY": "x",
            "MODEL_NAME": "m1",
            "PYTHONPATH": str(ROOT),
        },
    }
    peer = measure.Peer("probe", row, server.port, tmp)
    peer.fresh_home()
    session = peer.run_until_ready(limit=LIMIT_S)
    while session.alive and not result.exists():
        session.pump(0.2)
    session.pump(0.5)
    session.close()
    return json.loads(result.read_text())


def main() -> None:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--stalls", type=int, default=5)
    args = parser.parse_args()
    measure = harness()
    program = Path(sys.executable).parent / "dspy-tui"
    server = measure.Server()
    with tempfile.TemporaryDirectory() as tmp:
        try:
            measure.template(tmp)
            ref = measure.Peer("ref", REFERENCE, server.port, tmp)
            own = measure.Peer("dspy-tui", {"cmd": str(program), "ready": "Ask"}, server.port, tmp)
            times: dict[str, list[float]] = {"ref": [], "dspy-tui": []}
            for peer in (ref, own):
                peer.fresh_home()
                first_paint(peer)
            for _ in range(args.runs):
                for peer in (ref, own):
                    times[peer.name].append(first_paint(peer))
            stalls = [stall(measure, tmp, server, number) for number in range(args.stalls)]
        finally:
            server.stop()
    reference, ours = statistics.median(times["ref"]), statistics.median(times["dspy-tui"])
    figures = {
        "first_paint_ms": ours,
        "reference_ms": reference,
        "first_paint_ratio": ours / reference,
        "longest_stall_ms": statistics.median(run["stalls_ms"][0][0] for run in stalls),
        "loading_s": statistics.median(run["loading_s"] for run in stalls),
        "early_modules": max(len(run["early"]) for run in stalls),
    }
    met = report("startup", figures, LIMITS, times=times, stalls=stalls)
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
