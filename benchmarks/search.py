"""How well the index finds what a change touched, on real changes of real repositories; semble beside it.

    python -m benchmarks.search [CORPORA] [--queries FILE] [--runs FOLDER]

CORPORA is a folder of source trees as `$DSPY_TUI_KIT/bench/corpora.py` fetches them (OWNER__NAME); by default
`DSPY_TUI_CORPORA`, or `benchmarks/out/corpora`, into which they are fetched once. Each query is a change's
description; what counts as found are the source files that the change touched. Figures are those of the
kit's `score.py`: the mean over repositories of the mean over queries.

`ndcg10`, `recall10` are `esearch` (hybrid), `vretr_ndcg10` the vectors alone, `intel_ndcg10` with the
knowledge graph, `lexical_ndcg10` what is found before any vector is made, all through `WorkerIndex`.
`semble_ndcg10` is semble's lexical ranking of the same trees. The indexes are kept in `out/indexed`; making
their vectors takes some minutes the first time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent_core.index.api import SearchMode
from benchmarks.common import OUT, corpora, kit, report
from benchmarks.peers import run_semble
from benchmarks.tree import open_index, with_vectors

FLOORS = (
    "ripgrep by keywords .439, BM25 over chunks .550, MiniLM alone .622, semble's lexical ranking .657, "
    "a plain fusion of it with MiniLM .676"
)
LIMITS = [
    ("ndcg10", ">=", 0.72),
    ("recall10", ">=", 0.86),
    ("vretr_ndcg10", ">=", 0.62),
    ("intel_over_esearch", ">=", 0.0),
    ("worst_over_semble", ">=", 0.0),
]
_FOUND = 20
_SEMBLE_CHUNKS = 50
_MODES: tuple[SearchMode, ...] = ("hybrid", "vector", "graph")

Rankings = dict[str, list[str]]
"""The paths that were found, best first, by the query's id."""


async def ours(tree: Path, queries: Mapping[str, str]) -> dict[str, Rankings]:
    """The rankings of each mode, and `lexical` of the index without vectors."""
    found: dict[str, Rankings] = defaultdict(dict)
    workspace = await with_vectors(tree)
    for embedder, modes in (("minilm", _MODES), ("none", ("hybrid",))):
        index = open_index(workspace, embedder=embedder)
        try:
            for identity, query in queries.items():
                for mode in modes:
                    answer = await index.search(query, mode=mode, limit=_FOUND)
                    name = mode if embedder == "minilm" else "lexical"
                    found[name][identity] = [place.path for place in answer.places]
        finally:
            await index.aclose()
    return found


def semble(tree: Path, queries: Mapping[str, str]) -> Rankings:
    """semble's files, by their best chunks."""
    answers = run_semble(tree, list(queries.values()), top=_SEMBLE_CHUNKS).answers
    return {identity: list(answer.ranked[:_FOUND]) for identity, answer in zip(queries, answers, strict=True)}


def scores(queries: Path, run: Path) -> dict[str, dict[str, list[float]]]:
    """The kit's scores of a run, by repository and `OVERALL`."""
    command = (sys.executable, kit() / "bench" / "score.py", queries, run, "--json")
    scored = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(scored.stdout)["scores"]


async def measure(trees: Path, queries: Path) -> dict[str, Rankings]:
    """The rankings of everybody for all trees."""
    asked: dict[str, dict[str, str]] = defaultdict(dict)
    for query in map(json.loads, queries.read_text(encoding="utf-8").splitlines()):
        asked[query["repo"].replace("/", "__")][query["id"]] = query["query"]
    missing = [name for name in asked if not (trees / name).is_dir()]
    if missing:
        sys.exit(f"search: no trees {', '.join(missing)} in {trees}; fetch them with the kit's corpora.py")
    found: dict[str, Rankings] = defaultdict(dict)
    for name, own in sorted(asked.items()):
        print(f"search: {name}, {len(own)} queries", file=sys.stderr)
        for mode, rankings in (await ours(trees / name, own)).items():
            found[mode].update(rankings)
        found["semble"].update(semble(trees / name, own))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpora", type=Path, nargs="?", help="folder of source trees")
    parser.add_argument("--queries", type=Path, help="default: the kit's queries.jsonl")
    parser.add_argument("--runs", type=Path, default=OUT / "search", help="where to write the rankings")
    options = parser.parse_args()
    queries: Path = options.queries or kit() / "bench" / "queries.jsonl"
    found = asyncio.run(measure((options.corpora or corpora()).resolve(), queries))
    options.runs.mkdir(parents=True, exist_ok=True)
    scored: dict[str, dict[str, Any]] = {}
    for name, rankings in found.items():
        run = options.runs / f"{name}.jsonl"
        lines = (json.dumps({"id": identity, "ranked": paths}) for identity, paths in rankings.items())
        run.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        scored[name] = scores(queries, run)
    ndcg = {
        name: {repository: figures["ndcg@10"][0] for repository, figures in by_repository.items()}
        for name, by_repository in scored.items()
    }
    mine, peer = ndcg["hybrid"], ndcg["semble"]
    figures: dict[str, Any] = {
        "ndcg10": mine["OVERALL"],
        "recall10": scored["hybrid"]["OVERALL"]["recall@10"][0],
        "vretr_ndcg10": ndcg["vector"]["OVERALL"],
        "intel_ndcg10": ndcg["graph"]["OVERALL"],
        "lexical_ndcg10": ndcg["lexical"]["OVERALL"],
        "semble_ndcg10": peer["OVERALL"],
        "intel_over_esearch": round(ndcg["graph"]["OVERALL"] - mine["OVERALL"], 4),
        "worst_over_semble": round(min(mine[name] - peer[name] for name in mine), 4),
        "ndcg10_by_repo": {name: value for name, value in mine.items() if name != "OVERALL"},
    }
    print(f"floors: {FLOORS}\n\n{'':<24} {'ours':>8} {'semble':>8}")
    for name in mine:
        print(f"{name:<24} {mine[name]:>8.3f} {peer[name]:>8.3f}")
    print()
    sys.exit(not report("search", figures, LIMITS, scores=scored))


if __name__ == "__main__":
    main()
