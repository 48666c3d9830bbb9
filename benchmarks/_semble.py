"""Runs inside semble's own environment (see `benchmarks/peers.py`): indexes a folder, answers questions.

Reads one job as JSON from standard input and writes the result as JSON to the file that it names. Needs
nothing of this project.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from semble.index.create import create_index_from_path  # pyright: ignore[reportMissingImports]
from semble.index.index import SembleIndex  # pyright: ignore[reportMissingImports]


class NoModel:
    """In the place of semble's static model: takes no time and tells nothing apart."""

    dim = 8

    def encode(self, texts: str | list[str], **_: object) -> Any:
        """The same vector for every text."""
        count = 1 if isinstance(texts, str) else len(texts)
        return np.ones((count, self.dim), np.float32)


def answer(index: Any, query: str, top: int, rounds: int) -> dict[str, Any]:
    """The files that hold the best chunks, and the seconds of each round."""
    seconds: list[float] = []
    found: list[Any] = []
    for _ in range(rounds):
        began = time.perf_counter()
        found = index.search(query, top_k=top, alpha=0.0)
        seconds.append(time.perf_counter() - began)
    return {"ranked": list(dict.fromkeys(result.chunk.file_path for result in found)), "seconds": seconds}


def main() -> None:
    job = json.load(sys.stdin)
    root, model = Path(job["root"]), NoModel()
    began, used = time.perf_counter(), time.process_time()
    bm25, vectors, chunks, manifest = create_index_from_path(root, model, display_root=root)
    index = SembleIndex(model, bm25, vectors, chunks, "none", root=root, manifest=manifest)
    result = {
        "index_s": time.perf_counter() - began,
        "index_cpu_s": time.process_time() - used,
        "files": sorted(manifest),
        "chunks": len(chunks),
        "answers": [answer(index, query, job["top"], job["rounds"]) for query in job["queries"]],
    }
    Path(job["result"]).write_text(json.dumps(result))


if __name__ == "__main__":
    main()
