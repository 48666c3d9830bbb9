"""How fresh the index of a large tree is: nothing changed, one file, two hundred, a thousand edits in a row.

    python -m benchmarks.freshness [TREE] [--edits N] [--rounds N] [--seed N]

`noop_ratio`: looking at everything again where nothing changed (`index`), over listing the folders and asking
the system for the state of every file; by turns, medians. `edit_to_found_…`: one file is written, until
`esearch` finds what is new in it. `switch200_ratio`: 200 files are written at once, until one search finds
what is new in all of them; over the kit's limit for that, made of the same parts and measured beside it:
listing and stat, reading and hashing the changed files, cutting them into windows of lines, counting their
words into an inverted index, and a static model's vectors of the windows that are new (the mean of a row of
numbers for each token: chance ones take as long as trained ones). `switch200_over_lexical` is over the same
without vectors.
`latency_growth`: the median time of a search right after an edit was found, in the last hundred of 1,000
edits over the first hundred, with the same questions. `disk_ratio`: the folder of the index after that, over
that of an index made anew of the same files with the same vectors.

It works on a copy of the tree with its complete index (see `benchmarks/tree.py`), vectors and all.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import random
import re
import shutil
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tokenizers import Tokenizer

from agent_core.code.roles import role
from agent_core.index.client import WorkerIndex
from agent_core.index.embed import minilm
from agent_core.index.embed.minilm import INFO
from agent_core.index.image import Image
from agent_core.index.store import Store
from benchmarks.common import OUT, kit, report
from benchmarks.edits import Edits, finished, found
from benchmarks.tree import open_index, restore, source_tree, with_vectors

LIMITS = (
    ("noop_ratio", "<=", 2.0),
    ("edit_to_found_p50_ms", "<=", 400.0),
    ("switch200_ratio", "<=", 3.0),
    ("latency_growth", "<=", 1.3),
    ("disk_ratio", "<=", 2.0),
)
_SWITCHED = 200
_WINDOW = 50
_STATIC_DIMS = 256
_HUNDRED = 100
_WORD = re.compile(r"[A-Za-z_]\w*")
_FUNCTION = re.compile(r"^( *)(?:async )?def \w+\(", re.M)


def listed(folder: Path) -> float:
    """Seconds to list a tree and ask for the state of every file."""
    began = time.perf_counter()
    waiting = [str(folder)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name != ".dspy_tui":
                        waiting.append(entry.path)
                else:
                    entry.stat(follow_symlinks=False)
    return time.perf_counter() - began


class Least(NamedTuple):
    """Seconds of the least that a switch takes: without vectors, and those of a static model."""

    lexical: float
    vectors: float


def least(folder: Path, tree: Path, changed: list[str]) -> Least:
    """Measure it; `folder` has the new versions of the changed files, `tree` the old ones."""
    began = time.perf_counter()
    listed(folder)
    postings: dict[str, list[tuple[int, int]]] = {}
    windows: list[str] = []
    for path in changed:
        content = (folder / path).read_bytes()
        hashlib.blake2b(content, digest_size=16).digest()
        for window in _windows(content):
            words = Counter(map(str.lower, _WORD.findall(window)))
            for word, count in words.items():
                postings.setdefault(word, []).append((len(windows), count))
            windows.append(window)
    lexical = time.perf_counter() - began
    known = {window for path in changed for window in _windows((tree / path).read_bytes())}
    new = [window for window in windows if window not in known]
    tokenizer = Tokenizer.from_file(str(Path(minilm.__file__).parent / "data" / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    table = np.random.default_rng(0).random((tokenizer.get_vocab_size(), _STATIC_DIMS), np.float32)
    began = time.perf_counter()
    for window in new:
        mean = table[tokenizer.encode(window, add_special_tokens=False).ids].mean(axis=0)
        mean /= np.linalg.norm(mean)
    return Least(lexical, time.perf_counter() - began)


def _windows(content: bytes) -> Iterator[str]:
    lines = content.decode("utf-8", "replace").splitlines()
    return ("\n".join(lines[start : start + _WINDOW]) for start in range(0, len(lines), _WINDOW))


async def unchanged(index: WorkerIndex, workspace: Path, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds of looks at an unchanged tree, and of listing it."""
    looks: list[float] = []
    lists: list[float] = []
    for _ in range(rounds):
        lists.append(listed(workspace))
        began = time.perf_counter()
        await index.build(on_progress=lambda status: None)
        looks.append(time.perf_counter() - began)
    return looks, lists


def switched(content: str, mark: str) -> str:
    """Another version of a source file: every second function begins with a comment."""
    parts = _FUNCTION.split(content)
    functions = list(_FUNCTION.finditer(content))
    if not functions or len(parts) < 2:
        return f"# {mark}\n{content}"
    made: list[str] = []
    end = 0
    for number, function in enumerate(functions):
        if number % 2 == 0:
            made += [content[end : function.start()], f"{function[1]}# {mark} {number}\n"]
            end = function.start()
    return "".join((*made, content[end:]))


async def switch(
    index: WorkerIndex, workspace: Path, tree: Path, chance: random.Random
) -> tuple[float, float]:
    """Seconds from the first write until one search finds all; and the least that it takes."""
    mark = "".join(chance.choices("bcdfghjklmnpqrstvwxz", k=14))
    paths = [path.relative_to(tree).as_posix() for path in tree.rglob("*.py") if path.stat().st_size > 500]
    paths = [path for path in paths if role(path) == "source"]  # others may rank below the limit
    chosen = chance.sample(sorted(paths), _SWITCHED)
    ready = {path: switched((tree / path).read_text("utf-8", "replace"), mark) for path in chosen}
    began = time.perf_counter()
    for path, content in ready.items():
        (workspace / path).write_text(content, "utf-8")
    while True:
        answer = await index.search(mark, limit=_SWITCHED + 50)
        seconds = time.perf_counter() - began
        spoken = {place.path for place in answer.places if any(mark in why for why in place.why)}
        if spoken >= set(chosen):
            break
        if seconds > 30:
            sys.exit(f"freshness: never found after a switch: {sorted(set(chosen) - spoken)}")
        await asyncio.sleep(0.01)
    await finished(index)
    return seconds, least(workspace, tree, chosen)


async def edit(
    index: WorkerIndex, workspace: Path, asked: list[str], count: int, seed: int
) -> tuple[list[float], list[float]]:
    """Seconds from each edit until it is found, and of the search after it."""
    edits = Edits(workspace, seed=seed)
    until: list[float] = []
    searches: list[float] = []
    for number in range(count):
        until.append(await found(index, edits.make()))
        began = time.perf_counter()
        await index.search(asked[number % _HUNDRED])
        searches.append(time.perf_counter() - began)
    await finished(index)
    return until, searches


def size(folder: Path) -> int:
    """Bytes of the files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


async def anew(workspace: Path, target: Path) -> Path:
    """An index made of a workspace's files from nothing; it is given the vectors instead of making them."""
    shutil.rmtree(target, ignore_errors=True)
    restore(workspace, target)
    image = Image.load(workspace / ".dspy_tui" / "index" / "image")
    made = np.flatnonzero(image.embedded.view).tolist()
    known = {image.facts(chunk).text_hash: image.vectors.view[chunk] for chunk in made}
    (target / ".dspy_tui" / "index").mkdir(parents=True)
    store = Store.open(str(target / ".dspy_tui" / "index" / "lance"), embedder=INFO)
    store.add_vectors(known)
    store.close()
    index = open_index(target)
    try:
        await finished(index)
    finally:
        await index.aclose()
    return target


async def measure(tree: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Everything, one after another."""
    indexed = await with_vectors(tree)
    workspace = OUT / "work" / "freshness"
    shutil.rmtree(workspace, ignore_errors=True)
    shutil.copytree(indexed, workspace)
    lines = (kit() / "bench" / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    asked = [json.loads(line)["query"] for line in lines[:_HUNDRED]]
    chance = random.Random(options.seed)
    index = open_index(workspace)
    try:
        await finished(index)
        for query in asked:
            await index.search(query)
        looks, lists = await unchanged(index, workspace, options.rounds)
        switches = [await switch(index, workspace, tree, chance) for _ in range(3)]
        until, searches = await edit(index, workspace, asked, options.edits, options.seed)
        status = index.status
    finally:
        await index.aclose()
    fresh = await anew(workspace, OUT / "work" / "anew")
    sizes = size(workspace / ".dspy_tui" / "index"), size(fresh / ".dspy_tui" / "index")
    shutil.rmtree(OUT / "work")
    return {
        "looks": looks, "lists": lists, "switches": switches, "until": until, "searches": searches,
        "sizes": sizes, "status": status,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tree", type=Path, nargs="?", help="folder of sources")
    parser.add_argument("--edits", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=9, help="looks at an unchanged tree (9)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    seen = asyncio.run(measure(source_tree(options.tree), options))
    until, searches = sorted(seen["until"]), seen["searches"]
    switches = seen["switches"]
    mib = [size / 2**20 for size in seen["sizes"]]
    figures = {
        "noop_ratio": statistics.median(seen["looks"]) / statistics.median(seen["lists"]),
        "noop_ms": 1000 * statistics.median(seen["looks"]),
        "edit_to_found_p50_ms": 1000 * statistics.median(until),
        "edit_to_found_p95_ms": 1000 * until[min(int(0.95 * len(until)), len(until) - 1)],
        "switch200_ratio": statistics.median(took / sum(least) for took, least in switches),
        "switch200_over_lexical": statistics.median(took / least.lexical for took, least in switches),
        "switch200_s": statistics.median(took for took, _ in switches),
        "latency_growth": statistics.median(searches[-_HUNDRED:]) / statistics.median(searches[:_HUNDRED]),
        "disk_ratio": mib[0] / mib[1],
        "disk_mib": mib[0],
        "fresh_mib": mib[1],
        "files": seen["status"].files,
        "chunks": seen["status"].chunks,
    }
    met = report("freshness", figures, LIMITS, **{key: seen[key] for key in seen if key != "status"})
    sys.exit(not met)


if __name__ == "__main__":
    main()
