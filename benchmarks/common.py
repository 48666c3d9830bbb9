"""What all benchmarks share: the kit, printing figures beside their floors, writing `out/NAME.json`."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "benchmarks" / "out"
TREES = 5


def kit() -> Path:
    """The folder of reference data and servers (`DSPY_TUI_KIT`); ends the program when there is none."""
    folder = Path(os.environ.get("DSPY_TUI_KIT", ROOT.parent / "shared")).resolve()
    if not (folder / "bench").is_dir():
        sys.exit(f"benchmark: no kit at {folder}; set DSPY_TUI_KIT to its folder")
    return folder


def corpora() -> Path:
    """The source trees (`DSPY_TUI_CORPORA`); without it they are fetched once into `out/corpora`."""
    named = os.environ.get("DSPY_TUI_CORPORA")
    folder = (Path(named) if named else OUT / "corpora").resolve()
    if not named and len(list(folder.glob("*__*"))) < TREES:
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [sys.executable, kit() / "bench" / "corpora.py", folder], check=True, stdout=sys.stderr
        )
    return folder


def has_corpora() -> bool:
    """Whether there are source trees, or a kit to fetch them with."""
    folder = Path(os.environ.get("DSPY_TUI_KIT", ROOT.parent / "shared"))
    return "DSPY_TUI_CORPORA" in os.environ or (folder / "bench").is_dir()


def report(
    name: str, figures: Mapping[str, Any], limits: Iterable[tuple[str, str, float]], **detail: Any
) -> bool:
    """Print the figures beside their limits and write them to `out/NAME.json`.

    Args:
        name: The benchmark's name.
        figures: The keys that readers of the JSON file rely on.
        limits: (key, "<=" or ">=", limit) of each figure that has one.
        detail: Anything else worth keeping, written under `detail`.

    Returns:
        Whether every limit is met.
    """
    bounds = {key: (sign, limit) for key, sign, limit in limits}
    met = True
    for key, value in figures.items():
        line = f"{key:<24} {_number(value):>12}"
        if key in bounds:
            sign, limit = bounds[key]
            good = value is not None and (value <= limit if sign == "<=" else value >= limit)
            met = met and good
            line += f"   {sign} {_number(limit):<8} {'ok' if good else 'MISSED'}"
        print(line)
    OUT.mkdir(parents=True, exist_ok=True)
    machine = {"system": platform.platform(), "python": platform.python_version(), "cores": os.cpu_count()}
    document = {**figures, "met": met, "machine": machine, "detail": detail}
    path = OUT / f"{name}.json"
    path.write_text(json.dumps(document, indent=1, default=str) + "\n", encoding="utf-8")
    print(f"\nwritten: {path.relative_to(ROOT)}")
    return met


def _number(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
