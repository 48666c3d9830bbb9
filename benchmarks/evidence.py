"""How well the evidence for a question is found without an index, on real changes of real repositories.

    python -m benchmarks.evidence [CORPORA] [--queries FILE] [--run OUT.jsonl]

CORPORA is a folder of source trees as `$DSPY_TUI_KIT/bench/corpora.py` fetches them; by default
`DSPY_TUI_CORPORA`, or `benchmarks/out/corpora`, into which they are fetched once. Each query is a change's
description; what counts as found are the source files that the change touched. NDCG@10 as the kit's
`score.py` computes it, the mean over repositories of the mean over queries; beside it the kit's figures for
ripgrep by keywords and for BM25 over chunks, which has an index.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from agent_core.agent.searching import Job, search
from agent_core.tools.ripgrep import find_ripgrep
from benchmarks.common import OUT, corpora, kit, report

RIPGREP_BY_KEYWORDS = 0.439
BM25_OVER_CHUNKS = 0.550


def answer(task: tuple[str, str, str]) -> tuple[dict[str, Any], float]:
    """The ranked files for one query, and the seconds it took."""
    identity, root, question = task
    began = time.perf_counter()
    job = Job(root=root, question=question, ripgrep=find_ripgrep(), limit=30, excerpts=False, seconds=30)
    found = search(job)
    return {"id": identity, "ranked": [hit.path for hit in found.hits]}, time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpora", type=Path, nargs="?", help="folder of source trees")
    parser.add_argument("--queries", type=Path, help="default: the kit's queries.jsonl")
    parser.add_argument(
        "--run", type=Path, default=OUT / "evidence.run.jsonl", help="where to write the rankings"
    )
    options = parser.parse_args()
    trees = options.corpora or corpora()
    queries = options.queries or kit() / "bench" / "queries.jsonl"
    tasks = [
        (query["id"], str(trees / query["repo"].replace("/", "__")), query["query"])
        for query in map(json.loads, queries.read_text(encoding="utf-8").splitlines())
    ]
    missing = {root for _, root, _ in tasks if not Path(root).is_dir()}
    if missing:
        sys.exit(
            f"benchmark: no trees at {', '.join(sorted(missing))}; fetch them with the kit's bench/corpora.py"
        )
    with ProcessPoolExecutor() as pool:
        answers = list(pool.map(answer, tasks, chunksize=8))
    options.run.parent.mkdir(parents=True, exist_ok=True)
    options.run.write_text("".join(json.dumps(ranked) + "\n" for ranked, _ in answers), encoding="utf-8")
    scored = subprocess.run(
        [sys.executable, str(kit() / "bench" / "score.py"), str(queries), str(options.run), "--json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    scores = json.loads(scored.stdout)["scores"]
    seconds = sorted(taken for _, taken in answers)
    figures = {
        "ndcg_at_10": scores["OVERALL"]["ndcg@10"][0],
        "recall_at_10": scores["OVERALL"]["recall@10"][0],
        "ripgrep_by_keywords": RIPGREP_BY_KEYWORDS,
        "bm25_over_chunks": BM25_OVER_CHUNKS,
        "query_p50_s": seconds[len(seconds) // 2],
        "query_p95_s": seconds[int(len(seconds) * 0.95)],
    }
    met = report("evidence", figures, [("ndcg_at_10", ">=", BM25_OVER_CHUNKS)], by_repository=scores)
    sys.exit(not met)


if __name__ == "__main__":
    main()
