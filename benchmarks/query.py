"""How long a search takes, warm, on a large tree with a complete index that was edited; semble beside it.

    python -m benchmarks.query [TREE] [--edits N] [--rounds N] [--seed N]

The questions are the kit's 300 change descriptions and 100 names that the tree defines, in random order.
`p50_ms`, `p95_ms`: from the call of `WorkerIndex.search` to its answer: pipe, vector of the question,
ranking, excerpts from the files. Before that 50 files are edited one after another, each until it is found,
and the index is left to finish its vectors and its maintenance. `cpu_ms` is the CPU time that the index
process took per question, all its threads together. semble answers the same questions by the same tree
(without vectors: its model is not there) in a process of its own.

Without TREE it is the one of `benchmarks/tree.py`; its index is kept in `out/indexed`, and making its vectors
takes a quarter of an hour once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import sys
import time
from pathlib import Path
from typing import Any

from agent_core.index.client import WorkerIndex
from agent_core.index.scan import scan
from benchmarks.common import kit, report
from benchmarks.edits import Edits, cpu_seconds, finished, found
from benchmarks.peers import run_semble
from benchmarks.tree import open_index, restore, source_tree, with_vectors

LIMITS = (("p50_ms", "<=", 15.0), ("p95_ms", "<=", 40.0))
FLOOR = "semble on a tree of 25,902 chunks: p50 18 ms, p95 151 ms; LanceDB's full-text search 4.4 to 23 ms"
_DEFINED = re.compile(r"^\s*(?:async )?(?:def|class) (\w{6,})", re.M)
_NAMES = 100
_WARM = 40


def questions(tree: Path, chance: random.Random) -> list[str]:
    """The kit's descriptions and names of the tree, in random order."""
    lines = (kit() / "bench" / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    asked = [json.loads(line)["query"] for line in lines]
    files = chance.sample(sorted(tree.rglob("*.py")), 400)
    names = {name for file in files for name in _DEFINED.findall(file.read_text("utf-8", "replace"))}
    asked += chance.sample(sorted(names), min(_NAMES, len(names)))
    chance.shuffle(asked)
    return asked


async def edited(index: WorkerIndex, edits: Edits, count: int) -> None:
    """Edit some files, each until it is found."""
    for _ in range(count):
        await found(index, edits.make())
    await finished(index)


async def ask(index: WorkerIndex, asked: list[str], rounds: int) -> tuple[list[float], float]:
    """Milliseconds of every question, and the CPU milliseconds that one takes the index process."""
    for query in asked[:_WARM]:
        await index.search(query)
    before = cpu_seconds(index)
    times: list[float] = []
    for _ in range(rounds):
        for query in asked:
            began = time.perf_counter()
            answer = await index.search(query)
            times.append(1000 * (time.perf_counter() - began))
            if answer.note:
                sys.exit(f"query: {query!r} was answered with a note: {answer.note}")
    return times, 1000 * (cpu_seconds(index) - before) / len(times)


async def measure(tree: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Our side, with the workspace restored afterwards."""
    asked = questions(tree, random.Random(options.seed))
    workspace = await with_vectors(tree)
    index = open_index(workspace)
    try:
        began = time.perf_counter()
        await index.search(asked[0])
        opened_s = time.perf_counter() - began
        await finished(index)
        await edited(index, Edits(workspace, seed=options.seed), options.edits)
        times, cpu_ms = await ask(index, asked, options.rounds)
        status = index.status
    finally:
        await index.aclose()
        restore(tree, workspace)
    return {"asked": asked, "times": times, "cpu_ms": cpu_ms, "opened_s": opened_s, "status": status}


def at(times: list[float], share: float) -> float:
    """The value that this share of the times does not exceed."""
    return sorted(times)[min(int(share * len(times)), len(times) - 1)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tree", type=Path, nargs="?", help="folder of sources")
    parser.add_argument("--edits", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=2, help="how often each question is asked (2)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    tree = source_tree(options.tree)
    ours = asyncio.run(measure(tree, options))
    semble = run_semble(tree, ours["asked"], rounds=options.rounds)
    theirs = [1000 * seconds for answer in semble.answers for seconds in answer.seconds]
    status, own_files = ours["status"], set(scan(tree))
    figures = {
        "p50_ms": at(ours["times"], 0.5),
        "p95_ms": at(ours["times"], 0.95),
        "cpu_ms": ours["cpu_ms"],
        "semble_p50_ms": at(theirs, 0.5),
        "semble_p95_ms": at(theirs, 0.95),
        "files": status.files,
        "chunks": status.chunks,
        "with_vector": status.embedded,
        "semble_chunks": semble.chunks,
        "files_only_ours": len(own_files - set(semble.files)),
        "files_only_semble": len(set(semble.files) - own_files),
        "opened_s": ours["opened_s"],
    }
    print(f"floor: {FLOOR}\n")
    met = report(
        "query", figures, LIMITS, tree=str(tree), edits=options.edits, ours=ours["times"], semble=theirs
    )
    sys.exit(not met)


if __name__ == "__main__":
    main()
