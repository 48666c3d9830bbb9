"""Keys while a long answer streams, in a real pseudo-terminal of 120x36, and the app at rest.

The kit's harness starts `dspy-tui` and, in the same run, Textual's own Markdown stream; a server on loopback
sends each the same 20,000 tokens of Markdown at 200 a second, and keys are typed early, late and afterwards.

    make bench-stream                              # about six minutes
    make bench-stream ARGS='--tokens 4000'         # a quick look
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common import kit, report

LIMITS = (
    ("key_p50_ms", "<=", 15),
    ("key_p99_ms", "<=", 45),
    ("late_over_early", "<=", 1.3),
    ("cpu_pct", "<=", 30),
    ("rss_growth_mib", "<=", 40),
    ("end_lag_s", "<=", 0.2),
    ("bytes_per_token", "<=", 600),
    ("idle_rss_mib", "<=", 120),
    ("idle_cpu_pct", "<=", 1),
)
PEERS = """
[peer.ref]
cmd = "{{python}} {{here}}/ref_app.py"
ready = "REFERENCE READY"

[peer.ref-stream]
cmd = "{{python}} {{here}}/ref_stream.py"
ready = "REFERENCE READY"
stream = true
env = {{ OPENAI_API_BASE = "http://127.0.0.1:{{port}}/v1" }}

[peer.dspy-tui]
cmd = "{program}"
ready = "Ask"
stream = true
env = {{ OPENAI_BASE_URL = "http://127.0.0.1:{{port}}/v1", OPENAI_API_KEY = "x", MODEL_NAME = "m1" }}

[peer.idle]
cmd = "{program}"
ready = "Ask"
"""


def measure(out: Path, table: Path, peer: str, what: str, *options: str) -> dict[str, Any]:
    """Run the kit's harness for one program; what it measured."""
    harness = kit() / "bench" / "terminal" / "measure.py"
    argv = [
        sys.executable,
        str(harness),
        "--table",
        str(table),
        "--peer",
        peer,
        "--measures",
        what,
        "--out",
        str(out),
    ]
    env = dict(os.environ)
    if subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False).returncode:
        print(
            "no network namespace can be made here (that needs root): measuring without one", file=sys.stderr
        )
        env["PEERS_NO_NETNS"] = "1"
    subprocess.run([*argv, *options], check=True, env=env, stdout=subprocess.DEVNULL)
    result: dict[str, Any] = json.loads((out / f"{peer}.json").read_text(encoding="utf-8"))[what]
    if "error" in result:
        screens = sorted((out / "screens").glob(f"{peer}-*.txt"))
        sys.exit(f"{peer}: {result['error']}\n{screens[-1].read_text(encoding='utf-8') if screens else ''}")
    return result


def figures_of(stream: dict[str, Any]) -> dict[str, Any]:
    """The figures of one program. A key that was never seen on the screen leaves no 99th percentile."""
    early, late = stream["early_keys_ms"], stream["late_keys_ms"]
    lost = early["lost"] + late["lost"]
    windows = [stream[name] for name in ("early", "late", "last") if stream[name]["bursts_per_s"]]
    return {
        "key_p50_ms": stream["stream_keys_ms"]["p50"],
        "key_p99_ms": None if lost else stream["stream_keys_ms"]["p99"],
        "late_over_early": late["p50"] / early["p50"] if early["p50"] and late["p50"] else None,
        "cpu_pct": max(window["cpu_pct"] for window in windows),
        "rss_growth_mib": stream["rss_after_mib"] - stream["rss_before_mib"],
        "end_lag_s": stream["end_lag_s"],
        "bytes_per_token": max(window["bytes_per_token"] for window in windows),
    }


def main() -> int:
    """Measure, print, write; 1 when a limit is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tokens", type=int, default=20_000)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--program", default=shutil.which("dspy-tui", path=str(Path(sys.executable).parent)))
    args = parser.parse_args()
    if not args.program:
        sys.exit("benchmark: no dspy-tui beside this Python; run it by `make bench-stream`")
    size = ("--tokens", str(args.tokens), "--rate", str(args.rate))
    with tempfile.TemporaryDirectory(prefix="bench-stream-") as folder:
        out, table = Path(folder), Path(folder) / "peers.toml"
        table.write_text(PEERS.format(program=args.program), encoding="utf-8")
        ours = measure(out, table, "dspy-tui", "stream", *size)
        reference = measure(out, table, "ref-stream", "stream", *size)
        idle = measure(out, table, "idle", "idle")
    figures = figures_of(ours)
    figures |= {"idle_rss_mib": idle["rss_mib"], "idle_cpu_pct": idle["idle_cpu_pct"]}
    figures |= {f"ref_{key}": value for key, value in figures_of(reference).items()}
    met = report("stream", figures, LIMITS, stream=ours, reference=reference, idle=idle, tokens=args.tokens)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
