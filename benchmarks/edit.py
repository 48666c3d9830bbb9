"""Edits as models write them, applied to real source files: made right, made wrong, or refused with a reason.

`make bench-edit` runs two sets of cases that are made for it (`_edit_cases.py` says how, and what is called
recoverable): the `first` of Python files, and a `second` of Go, JavaScript and Java files drawn with another
seed. Without the corpora both are of this project's own files.

- `applied_right`: the part of the recoverable cases after which every file is as it is to be and nothing was
  refused;
- `applied_wrong`: how many cases, recoverable or not, changed any file to anything but that;
- `refused_with_reason`: the part of the refusals that say why and name what the case wants named;
- `cases`: how many there were. The same of the second set with `second_` before it.

`ARGS='--cases FILE'` runs the cases of a file instead, in the form that `_edit_cases.py` describes;
`--write FILE` writes those that were made; `--show` prints each case that did not end as it should.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from agent_core.edits.parse import parse_edits
from agent_core.edits.resolve import resolve
from benchmarks._edit_cases import Case, cases
from benchmarks._edit_made import ROOT
from benchmarks.common import corpora, has_corpora, report

LIMITS = [
    (f"{prefix}{key}", sign, limit)
    for prefix in ("", "second_")
    for key, sign, limit in (
        ("applied_right", ">=", 0.95),
        ("applied_wrong", "<=", 0),
        ("refused_with_reason", ">=", 1.0),
        ("cases", ">=", 300),
    )
]
_SEEDS = {"first": 7, "second": 1009}
_EACH = 14
_REASON = 20
"""Characters that a reason has at least."""


def outcome(case: Case) -> dict[str, Any]:
    """How the case ended: `right`, `wrong` or `refused`, and whether the refusal says what it should."""
    files = {path: text.encode() for path, text in case["files"].items()}
    began = time.perf_counter()
    parsed = parse_edits(case["reply"], known=files.__contains__)
    resolved = resolve(parsed, read=files.get, files=lambda: files, root=ROOT)
    took = time.perf_counter() - began
    changed = {
        change.path: None if change.after is None else change.after.decode() for change in resolved.changes
    }
    if (
        case["recoverable"]
        and changed == case["expected"]
        and resolved.complete
        and (parsed.edits or parsed.faults)
    ):
        end = "right"
    elif any(
        path not in case["expected"] or case["expected"][path] != text for path, text in changed.items()
    ):
        end = "wrong"
    else:
        end = "refused"
    feedback = resolved.feedback()
    reasoned = bool(resolved.refusals) and all(
        refusal.code and len(refusal.message) >= _REASON for refusal in resolved.refusals
    )
    return {
        "id": case["id"],
        "operator": case["operator"],
        "recoverable": case["recoverable"],
        "end": end,
        "reasoned": reasoned and all(name in feedback for name in case.get("names", ())),
        "feedback": feedback,
        "notes": [f"{note.path}:{note.line} {note.how} ({note.confidence})" for note in resolved.notes],
        "ms": took * 1000,
    }


def measured(all_cases: list[Case], prefix: str, *, show: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """The figures of a set, and how each operator fared."""
    results = [outcome(case) for case in all_cases]
    recoverable = [result for result in results if result["recoverable"]]
    refused = [result for result in results if result["end"] == "refused"]
    for case, result in zip(all_cases, results, strict=True):
        fine = result["end"] == ("right" if case["recoverable"] else "refused")
        if show and not (fine and (result["end"] == "right" or result["reasoned"])):
            _print(case, result)
    operators: dict[str, Counter[str]] = defaultdict(Counter)
    for result in results:
        operators[result["operator"]][result["end"]] += 1
    times = sorted(result["ms"] for result in results)
    figures = {
        "applied_right": sum(result["end"] == "right" for result in recoverable) / max(len(recoverable), 1),
        "applied_wrong": sum(result["end"] == "wrong" for result in results),
        "refused_with_reason": sum(result["reasoned"] for result in refused) / len(refused)
        if refused
        else 1.0,
        "cases": len(results),
        "recoverable": len(recoverable),
        "median_ms": times[len(times) // 2],
        "slowest_ms": times[-1],
    }
    detail = {name: dict(ends) for name, ends in operators.items()}
    return {prefix + key: value for key, value in figures.items()}, detail


def _print(case: Case, result: dict[str, Any]) -> None:
    print(f"== {case['id']}: {result['end']}, recoverable: {case['recoverable']}, names: {case.get('names')}")
    print(case["reply"])
    print("\n".join(result["notes"]))
    print(result["feedback"], "\n")


def main() -> int:
    options = arguments()
    if options.cases:
        lines = options.cases.read_text("utf-8").splitlines()
        given = {"": [json.loads(line) for line in lines if line.strip()]}
    else:
        folder = corpora() if has_corpora() else None
        given = {
            prefix: cases(
                folder, name, seed=_SEEDS[name] if options.seed is None else options.seed, each=_EACH
            )
            for prefix, name in (("", "first"), ("second_", "second"))
        }
    if options.write:
        written = [json.dumps(case) for made in given.values() for case in made]
        options.write.write_text("".join(f"{line}\n" for line in written), "utf-8")
    figures: dict[str, Any] = {}
    detail: dict[str, Any] = {}
    for prefix, made in given.items():
        some, operators = measured(made, prefix, show=options.show)
        figures |= some
        detail[prefix + "operators"] = operators
    limits = [limit for limit in LIMITS if limit[0] in figures]
    return 0 if report("edit", figures, limits, **detail) else 1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=Path, help="a file of cases, instead of those that are made")
    parser.add_argument("--write", type=Path, help="write the cases that were made to this file")
    parser.add_argument("--seed", type=int, help="draw other cases")
    parser.add_argument("--show", action="store_true", help="print each case that did not end as it should")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
