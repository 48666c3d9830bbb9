"""How long the lexical index of a large tree takes from nothing, and how fast its vectors are made.

    python -m benchmarks.index [TREE] [--rounds N] [--embed-files N] [--seed N]

`index_over_semble`: from the first question, asked where there is neither an index nor a process, to its
answer (process start, scan, reading, chunks by structure, symbols, ranking), over the time that semble takes
to index the same folder as it does by itself, without its model and without its start; by turns, the best
times, which other work on the machine disturbs least.
`index_over_semble_parallel`: the same over semble with a process for each core. `index_over_read`: over
reading and hashing the same files. `searchable_with_vectors` is how many chunks had a vector when that first
answer came: none, when it did not wait for them.

`embed_over_bare`: vectors per second of the product (passages, batches, storage, from `emb-index` to its end)
over those of the bare ONNX session given the same tokens in the same batches; by turns, medians.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from agent_core.index.digest import FileRow, digest
from agent_core.index.embed.minilm_onnx import MiniLm, batches
from agent_core.index.passage import passage
from agent_core.index.scan import scan
from agent_core.index.texts import texts_of
from benchmarks.common import OUT, report
from benchmarks.peers import run_semble
from benchmarks.tree import open_index, restore, source_tree

LIMITS = (
    ("index_over_semble", "<=", 0.5),
    ("searchable_with_vectors", "<=", 0),
    ("embed_over_bare", ">=", 0.9),
)
FLOOR = "parsing alone takes 69 times as long as reading and hashing"
TOGETHER = 16
"""Texts that the product embeds together."""
QUESTION = "where is the configuration of an entry validated"


async def index(workspace: Path) -> tuple[float, Any]:
    """Seconds to the first answer where there is no index yet, and the answer."""
    shutil.rmtree(workspace / ".dspy_tui", ignore_errors=True)
    began = time.perf_counter()
    opened = open_index(workspace)
    try:
        answer = await opened.search(QUESTION)
        seconds = time.perf_counter() - began
    finally:
        await opened.aclose()
    if not answer.places:
        sys.exit("index: the first question was not answered")
    return seconds, answer


def read(tree: Path) -> float:
    """Seconds to list, read and hash every file."""
    began = time.perf_counter()
    for path in scan(tree):
        hashlib.blake2b((tree / path).read_bytes(), digest_size=16).digest()
    return time.perf_counter() - began


def lexical(tree: Path, rounds: int) -> dict[str, list[Any]]:
    """Everything by turns."""
    workspace = restore(tree, OUT / "work" / "index")
    found: dict[str, list[Any]] = {"ours": [], "semble": [], "parallel": [], "read": [], "answers": []}
    for _ in range(rounds):
        found["read"].append(read(workspace))
        seconds, answer = asyncio.run(index(workspace))
        found["ours"].append(seconds)
        found["answers"].append(answer)
        for name, workers in (("semble", 0), ("parallel", os.cpu_count() or 1)):
            found[name].append(run_semble(workspace, workers=workers))
    shutil.rmtree(workspace)
    found["semble_s"] = [run.index_s for run in found["semble"]]
    found["parallel_s"] = [run.index_s for run in found["parallel"]]
    return found


async def embed(workspace: Path) -> tuple[float, int]:
    """Vectors per second of the product, and how many it made."""
    opened = open_index(workspace)
    try:
        await opened.build(on_progress=lambda status: None)
        before = opened.status.embedded
        began = time.perf_counter()
        status = await opened.embed(on_progress=lambda status: None)
        seconds = time.perf_counter() - began
    finally:
        await opened.aclose()
    return (status.embedded - before) / seconds, status.embedded - before


def bare(workspace: Path, rows: list[FileRow]) -> tuple[float, int]:
    """Vectors per second of the ONNX session alone, on tokens that are ready, in batches as the product's."""
    model = MiniLm()
    texts = [passage(row.path, text) for row in reversed(rows) for text in texts_of(workspace, row).values()]
    ready: list[list[list[int]]] = []
    for start in range(0, len(texts), TOGETHER):
        tokens = model.tokenise(texts[start : start + TOGETHER])
        ready += [[tokens[place] for place in batch] for batch in batches([len(row) for row in tokens])]
    began = time.perf_counter()
    for batch in ready:
        model.run(batch)
    return len(texts) / (time.perf_counter() - began), len(texts)


def embedding(tree: Path, files: int, rounds: int, chance: random.Random) -> dict[str, list[float]]:
    """Vectors per second of both by turns, each time on other files."""
    paths = sorted(scan(tree))
    found: dict[str, list[float]] = {"ours": [], "bare": [], "vectors": []}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="bench-embed-") as name:
            workspace = Path(name)
            chosen = chance.sample(paths, min(files, len(paths)))
            for path in chosen:
                (workspace / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(tree / path, workspace / path)
            rows = digest(workspace, chosen).files
            before, _ = bare(workspace, rows)
            speed, made = asyncio.run(embed(workspace))
            after, _ = bare(workspace, rows)
            found["ours"].append(speed)
            found["bare"].append((before + after) / 2)
            found["vectors"].append(made)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tree", type=Path, nargs="?", help="folder of sources")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--embed-files", type=int, default=120, help="files whose chunks are embedded (120)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    tree = source_tree(options.tree)
    runs = lexical(tree, options.rounds)
    speeds = embedding(tree, options.embed_files, options.rounds, random.Random(options.seed))
    ours = min(runs["ours"])
    last, semble, files = runs["answers"][-1], runs["semble"][-1], set(scan(tree))
    figures = {
        "index_over_semble": ours / min(runs["semble_s"]),
        "index_over_semble_parallel": ours / min(runs["parallel_s"]),
        "index_over_read": ours / min(runs["read"]),
        "index_s": ours,
        "searchable_with_vectors": max(answer.status.embedded for answer in runs["answers"]),
        "embed_over_bare": statistics.median(
            own / alone for own, alone in zip(speeds["ours"], speeds["bare"], strict=True)
        ),
        "vectors_per_s": statistics.median(speeds["ours"]),
        "files": last.status.files,
        "chunks": last.status.chunks,
        "semble_chunks": semble.chunks,
        "files_only_ours": len(files - set(semble.files)),
        "files_only_semble": len(set(semble.files) - files),
    }
    print(f"floor: {FLOOR}\n")
    detail = {name: runs[name] for name in ("ours", "semble_s", "parallel_s", "read")}
    met = report("index", figures, LIMITS, tree=str(tree), seconds=detail, speeds=speeds)
    sys.exit(not met)


if __name__ == "__main__":
    main()
