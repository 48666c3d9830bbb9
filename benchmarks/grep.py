"""The `grep` tool beside plain `rg`, both writing every match to a file.

    python -m benchmarks.grep [TREE] [--pattern REGEX ...] [--rounds N]

Each pattern is run by turns: `rg` as a process of its own, and the tool inside this one as a session has it
(arguments, workspace, counts, the bounded result for people and models, and every match written as
`path:line:text`). A ratio is that of the best times, which other work on the machine disturbs least;
`shown` is the tool without writing. Before that the two files are compared: as sets of lines they must be
equal. `peak_mb` is the most memory that a fresh process held while it wrote the matches of the pattern with
the most, Python and all; `peak_growth_mb` how much more that is than for the rarest pattern.

Without TREE it is the source trees of the kit (`DSPY_TUI_CORPORA`, else fetched once).
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from agent_core.config import Settings
from agent_core.ripgrep import find_ripgrep
from agent_core.text import printable
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.tools.grep import GrepArgs, GrepTool
from agent_core.workspace import Workspace
from benchmarks.common import corpora, report

PATTERNS = ("FIXME", "urllib3?", "goroutine", "TODO", "retry|timeout", r"class \w+", "return", "o")
FEW = 2_000
RG_JSON = "rg --json with parsing takes 4.7 times as long as rg at 23,000 matches, 32 times at 384,000"


def plain(pattern: str, tree: Path, target: Path) -> float:
    """Run ripgrep itself; the seconds it took."""
    argv = [find_ripgrep(), "--no-config", "--line-number", "--with-filename", "--regexp", pattern]
    began = time.perf_counter()
    with target.open("wb") as stream:
        subprocess.run(argv, cwd=tree, stdin=subprocess.DEVNULL, stdout=stream, check=False)
    return time.perf_counter() - began


async def through_tool(pattern: str, tree: Path, target: Path | None) -> tuple[float, ToolResult]:
    """Run the tool, writing every match if there is a target; the seconds it took, and its result."""
    began = time.perf_counter()
    workspace = Workspace.open(tree)
    if target is None:
        context = ToolContext(workspace=workspace, settings=Settings())
        return time.perf_counter() - began, await GrepTool().run(GrepArgs(pattern=pattern), context)
    with target.open("wb", buffering=0) as stream:

        async def write(text: str) -> None:
            stream.write(text.encode())

        context = ToolContext(workspace=workspace, settings=Settings(), write=write)
        result = await GrepTool().run(GrepArgs(pattern=pattern), context)
    return time.perf_counter() - began, result


def same_lines(plain_file: Path, tool_file: Path) -> bool:
    """Whether both hold the same matches; the tool shows control characters instead of sending them."""
    wanted = plain_file.read_bytes().decode("utf-8", "replace").split("\n")
    written = tool_file.read_bytes().decode("utf-8").split("\n")
    return sorted(printable(line.removesuffix("\r")) for line in wanted) == sorted(written)


async def compare(pattern: str, tree: Path, rounds: int, folder: Path) -> dict[str, Any]:
    """The row of one pattern."""
    files = folder / "plain", folder / "tool"
    plain(pattern, tree, files[0])
    _, result = await through_tool(pattern, tree, files[1])
    same = same_lines(*files)
    plain_s: list[float] = []
    tool_s: list[float] = []
    shown_s: list[float] = []
    for _ in range(rounds):
        plain_s.append(plain(pattern, tree, files[0]))
        tool_s.append((await through_tool(pattern, tree, files[1]))[0])
        began = time.perf_counter()
        await through_tool(pattern, tree, None)
        shown_s.append(time.perf_counter() - began)
    floor = min(plain_s)
    return {
        "pattern": pattern,
        "matches": result.data["matches"],
        "files": result.data["files"],
        "same": same,
        "rg_ms": floor * 1000,
        "tool_ms": min(tool_s) * 1000,
        "ratio": min(tool_s) / floor,
        "shown_ratio": min(shown_s) / floor,
    }


def peak_mb(pattern: str, tree: Path) -> float:
    """The most memory of a fresh process that writes the pattern's matches, in MiB."""
    argv = [sys.executable, "-m", "benchmarks.grep", str(tree), "--pattern", pattern, "--measure-memory"]
    return float(subprocess.run(argv, stdout=subprocess.PIPE, check=True, text=True).stdout)


def _peak_mb() -> float:
    """The most memory that this process held; `ru_maxrss` would count what its parent held when it forked."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tree", type=Path, nargs="?", help="folder to search")
    parser.add_argument("--pattern", action="append", help="instead of the eight patterns; repeatable")
    parser.add_argument("--rounds", type=int, default=11, help="how often each pattern is run (11)")
    parser.add_argument("--measure-memory", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    tree: Path = (options.tree or corpora()).resolve()
    patterns: list[str] = options.pattern or list(PATTERNS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.measure_memory:
            asyncio.run(through_tool(patterns[0], tree, folder / "tool"))
            print(_peak_mb())
            return
        rows = [asyncio.run(compare(pattern, tree, options.rounds, folder)) for pattern in patterns]
    sys.exit(not show(rows, tree))


def show(rows: list[dict[str, Any]], tree: Path) -> bool:
    """Print the table and write the report; whether every limit is met."""
    rows.sort(key=lambda row: row["matches"])
    print(
        f"{'pattern':<16}{'matches':>9}{'files':>7}{'rg ms':>9}{'tool ms':>9}{'ratio':>7}{'shown':>7}  same"
    )
    for row in rows:
        print(
            f"{row['pattern']:<16}{row['matches']:>9,}{row['files']:>7,}{row['rg_ms']:>9.1f}"
            f"{row['tool_ms']:>9.1f}{row['ratio']:>7.2f}{row['shown_ratio']:>7.2f}"
            f"  {'yes' if row['same'] else 'NO'}"
        )
    print(f"floor: {RG_JSON}\n")
    rare, common = peak_mb(rows[0]["pattern"], tree), peak_mb(rows[-1]["pattern"], tree)
    few = [row["ratio"] for row in rows if row["matches"] <= FEW]
    figures = {
        "ratio_median": statistics.median(few) if few else None,
        "ratio_worst": max(row["ratio"] for row in rows),
        "peak_mb": common,
        "peak_growth_mb": common - rare,
        "most_matches": rows[-1]["matches"],
        "different_sets": sum(not row["same"] for row in rows),
    }
    limits = [("ratio_worst", "<=", 2.0), ("peak_mb", "<=", 64.0), ("different_sets", "<=", 0.0)]
    if few:
        limits.append(("ratio_median", "<=", 1.25))
    return report("grep", figures, limits, tree=str(tree), patterns=rows, floor=RG_JSON)


if __name__ == "__main__":
    main()
