"""Templates of labelled logs: grouping accuracy and template accuracy, beside Drain3 in the same run.

One configuration for all logs, the one that the program uses. The logs are the kit's (LogHub, with corrected
labels); the kit scores. Drain3 mines them twice: as it comes, and with the masks of its documentation.

    make bench-templates
    make bench-templates ARGS='--sets Linux Apache'
    make bench-templates ARGS='--folder ~/loghub --no-drain'     # other sets, laid out alike
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agent_core.logs.mining.miner import Miner
from benchmarks.common import kit, report
from benchmarks.peers import run_drain

LIMITS = (("ga", ">=", 0.87), ("fga", ">=", 0.87), ("pa", ">=", 0.60), ("fta", ">=", 0.60))
KEYS = ("GA", "FGA", "PA", "FTA")


def labelled(file: Path) -> tuple[list[str], list[str]]:
    """The messages of a log and the template of each."""
    csv.field_size_limit(1 << 30)
    with file.open(encoding="utf-8", errors="replace", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return [row["Content"] for row in rows], [row["EventTemplate"] for row in rows]


def mined(messages: Sequence[str]) -> list[str]:
    """The templates as the program tells them."""
    miner = Miner()
    shapes = miner.mine(messages)
    miner.settle()
    names = miner.resolve(shapes).tolist()
    texts = {name: miner.template(name) for name in set(names)}
    return [texts[name] for name in names]


def scorer() -> Any:
    """The kit's scorer."""
    spec = importlib.util.spec_from_file_location("score_templates", kit() / "bench" / "score_templates.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def means(rows: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """The mean over all logs of each figure."""
    return {key.lower(): sum(row[key] for row in rows.values()) / len(rows) for key in KEYS}


def shown(title: str, rows: Mapping[str, Mapping[str, Any]]) -> None:
    """Print the figures of each log."""
    print(f"{title:<12}" + "".join(f"{key:>8}" for key in KEYS) + "   templates/labelled")
    for name, row in rows.items():
        print(f"{name:<12}" + "".join(f"{row[key]:8.3f}" for key in KEYS) + f"   {row['groups']}")
    print()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, help="of the sets; the kit's if left out")
    parser.add_argument("--sets", nargs="+", help="names of sets; all that are there if left out")
    parser.add_argument("--no-drain", action="store_true", help="do not run Drain3")
    args = parser.parse_args()
    folder: Path = args.folder or kit() / "bench" / "loghub"
    files = {file.parent.name: file for file in sorted(folder.glob("*/*_structured_corrected.csv"))}
    logs = {name: labelled(files[name]) for name in args.sets or files}
    if not logs:
        sys.exit(f"benchmark: no labelled logs in {folder}")
    evaluate = scorer().evaluate
    detail = {name: evaluate(mined(messages), gold) for name, (messages, gold) in logs.items()}
    shown("ours", detail)
    figures: dict[str, Any] = means(detail)
    others: dict[str, Any] = {}
    for masks in () if args.no_drain else (False, True):
        title = "drain_masks" if masks else "drain"
        drained = run_drain({name: messages for name, (messages, _) in logs.items()}, masks=masks)
        others[title] = {name: evaluate(drained[name].templates, gold) for name, (_, gold) in logs.items()}
        shown(title, others[title])
        figures.update((f"{title}_{key}", value) for key, value in means(others[title]).items())
    return 0 if report("templates", figures, LIMITS, sets=detail, **others) else 1


if __name__ == "__main__":
    sys.exit(main())
