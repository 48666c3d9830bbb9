"""From a line in a growing log to the line on the screen, in a real pseudo-terminal of 200x50.

A process of its own writes `--rate` lines a second into a log of the workspace; each holds the moment of its
writing. Twice they are followed: in the log pane beside the chat, while letters are typed into the prompt,
and on the log screen. `p95_ms`: of all lines, the time until it, or a later one, was on the screen (a window
shows some forty of five thousand a second); the worse of the two. `longest_stall_ms`: the longest that a
letter took to be seen, or that no newer line came.

    make bench-log-pane
    make bench-log-pane ARGS='--seconds 5 --rate 1000'
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.common import report
from benchmarks.startup import harness

LIMITS = (("p95_ms", "<=", 250), ("longest_stall_ms", "<=", 400))
_ROW = re.compile(r"row=(\d+) at=(\d+\.\d{4}) row=\1 ")
"""Twice the same number: a row that was not written whole yet is not taken for another."""
_SETTLE_S = 3.0
_LETTER_S = 0.15
_LETTERS = 80
"""So many fit into a row of the prompt; what it breaks into two is not found again."""
_WRITER = r"""
import sys, time
path, rate, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
began, number = time.monotonic(), 0
with open(path, "a", buffering=1 << 16) as file:
    while (now := time.monotonic()) - began < seconds:
        due = int((now - began) * rate)
        stamp = time.strftime("%H:%M:%S")
        while number < due:
            number += 1
            row = f"row={number} at={time.monotonic():.4f} row={number}"
            file.write(f"{stamp} {row} {'ERROR' if number % 997 == 0 else 'INFO'} request of {number % 91}\n")
        file.flush()
        time.sleep(0.004)
"""


class Seen(NamedTuple):
    """One phase: milliseconds from written to seen, of every line; from a key to its letter; without news."""

    lines: list[float]
    keys: list[float]
    gaps: list[float]


def follow(session: Any, log: Path, rate: int, seconds: float, *, typing: bool) -> tuple[float, float]:
    """Have lines written while the screen is read; the moments between which that was."""
    session.mark("begin")
    command = [sys.executable, "-c", _WRITER, str(log), str(rate), str(seconds)]
    began = time.monotonic()
    with subprocess.Popen(command) as writer:
        typed, pause = "", max(_LETTER_S, seconds / _LETTERS)
        while writer.poll() is None:
            if typing and len(typed) < _LETTERS:
                typed += chr(ord("a") + len(typed) % 25)
                session.send(typed[-1].encode(), ("text", typed, len(typed)))
            session.pump(pause)
    ended = time.monotonic()
    session.pump(1.0)
    return began, ended


def replay(measure: Any, session: Any, spans: list[tuple[float, float]]) -> list[Seen]:
    """What was on the screen when, from the terminal's log."""
    from term import Term  # pyright: ignore[reportMissingImports]

    terminal = Term(session.cols, session.rows)
    news: list[tuple[float, int, float]] = []
    newest = 0
    for moment, data in session.log:
        terminal.feed(data)
        found = [(int(n), float(at)) for n, at in _ROW.findall(terminal.text())]
        if found and max(found)[0] != newest:
            newest, written = max(found)
            news.append((moment, newest, written))
    latency, _, _ = measure.analyse(session)
    keys = [(sent[0], ms) for sent, ms in zip(session.sent, latency, strict=True)]
    return [_seen(news, keys, span) for span in spans]


def _seen(news: list[tuple[float, int, float]], keys: list[tuple[float, float | None]], span: Any) -> Seen:
    began, ended = span
    inside = [(moment, number, at) for moment, number, at in news if began <= moment <= ended + 1]
    lines: list[float] = []
    last, last_at = 0, began
    for moment, number, at in inside:
        # Lines are written evenly; the ones between two that were seen lie evenly between their moments.
        step = (at - last_at) / max(1, number - last)
        lines += [1000 * (moment - (last_at + step * k)) for k in range(1, number - last + 1)]
        last, last_at = number, at
    moments = [moment for moment, _, _ in inside]
    gaps = [1000 * (b - a) for a, b in pairwise(moments) if b <= ended]
    answered = [10_000.0 if ms is None else ms for sent, ms in keys if began <= sent <= ended]
    return Seen(lines, answered, gaps)


def main() -> None:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--rate", type=int, default=5000, help="lines a second")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each of the two phases")
    args = parser.parse_args()
    measure = harness()
    program = Path(sys.executable).parent / "dspy-tui"
    with tempfile.TemporaryDirectory() as tmp:
        measure.template(tmp)
        row = {"cmd": str(program), "ready": "Ask", "cols": 200, "rows": 50}
        peer = measure.Peer("dspy-tui", row, 9, tmp)
        peer.fresh_home()
        log = Path(peer.places["work"]) / "logs" / "app.log"
        log.parent.mkdir()
        log.write_text("00:00:00 INFO begin\n")
        session = peer.run_until_ready()
        try:
            session.pump(_SETTLE_S)
            for letter in measure.MARKER:  # letters are looked for behind it
                session.write(letter.encode())
            session.pump(0.5)
            pane = follow(session, log, args.rate, args.seconds, typing=True)
            session.write(b"\x0f")
            session.pump(2.0)
            session.write(b"\t")
            session.pump(1.0)
            session.write(b"\x1b[F")
            session.pump(1.0)
            screen = follow(session, log, args.rate, args.seconds, typing=False)
            seen = replay(measure, session, [pane, screen])
        finally:
            session.close()
    figures, detail = _figures(seen)
    met = report("log-pane", figures, LIMITS, rate=args.rate, seconds=args.seconds, **detail)
    sys.exit(0 if met else 1)


def _figures(seen: list[Seen]) -> tuple[dict[str, float], dict[str, Any]]:
    detail: dict[str, Any] = {}
    for name, phase in zip(("pane", "screen"), seen, strict=True):
        if not phase.lines:
            sys.exit(f"log-pane: no line was seen on the {name}")
        detail[name] = {
            "lines": len(phase.lines),
            "p50_ms": round(statistics.median(phase.lines), 1),
            "p95_ms": round(statistics.quantiles(phase.lines, n=20)[18], 1),
            "longest_key_ms": round(max(phase.keys, default=0.0), 1),
            "longest_gap_ms": round(max(phase.gaps, default=0.0), 1),
        }
        print(f"{name:<8} {detail[name]}")
    stalls = [max(d["longest_key_ms"], d["longest_gap_ms"]) for d in detail.values()]
    return {"p95_ms": max(d["p95_ms"] for d in detail.values()), "longest_stall_ms": max(stalls)}, detail


if __name__ == "__main__":
    main()
