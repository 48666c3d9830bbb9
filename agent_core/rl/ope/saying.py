"""An evaluation in words and as a table."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence

from agent_core.rl.api import Estimate, Evaluation
from agent_core.text import plural

METHODS: Mapping[str, str] = {"snips": "SNIPS", "dr": "doubly robust", "mean": "mean"}
_HEAD = ("policy", "method", "value", "95 % interval", "ESS")
_RIGHT = (False, False, True, True, True)
_WORDS = {"most used": "the tool used most", "rules": "the static rules", "uniform": "chance"}
"""What the baselines are called in a sentence."""
NOT_ENOUGH = "not enough evidence"


def verdict(
    decisions: int,
    sizes: Mapping[str, float],
    beats: Sequence[str],
    beaten_by: Sequence[str],
    *,
    enough: float,
) -> str:
    """What it comes to: what the learned policy, the first of `sizes`, is better and worse than, and what is
    not known.

    Args:
        decisions: How many were scored.
        sizes: The effective sample size of each policy.
        beats: The baselines that are worse.
        beaten_by: The baselines that are better.
        enough: The effective sample size from which something is said.
    """
    if not decisions:
        return "Not enough evidence: no decision was scored yet."
    learned, *baselines = sizes
    if sizes[learned] < enough:
        wanted = _wanted(decisions, sizes[learned], enough)
        return f"Not enough evidence about the learned policy: {wanted}, {_there_are(decisions)}."
    known = [name for name in baselines if sizes[name] >= enough]
    even = [_named(name) for name in known if name not in beats and name not in beaten_by]
    unknown = [
        f"{_named(name)} ({_wanted(decisions, sizes[name], enough)})"
        for name in baselines
        if name not in known
    ]
    said: list[str] = []
    if beats:
        said.append(f"The learned policy is better than {_listed([*map(_named, beats)], 'and')}.")
    if beaten_by:
        it = "It" if beats else "The learned policy"
        said.append(f"{it} is worse than {_listed([*map(_named, beaten_by)], 'and')}.")
    if even:
        it = "it" if said else "the learned policy"
        said.append(f"Between {it} and {_listed(even, 'or')} no difference is proved.")
    if unknown:
        said.append(f"Not enough evidence about {_listed(unknown, 'and')}: {_there_are(decisions)}.")
    return " ".join(said)


def table(evaluation: Evaluation) -> str:
    """The estimates as aligned columns, with what they rest on above and the verdict below."""
    rows = [_HEAD, *(_row(estimate) for estimate in evaluation.estimates)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, _RIGHT, strict=True)
        ).rstrip()
        for row in rows
    ]
    shown = [_basis(evaluation), "", *lines, ""] if evaluation.estimates else [_basis(evaluation)]
    return "\n".join((*shown, evaluation.verdict))


def _basis(evaluation: Evaluation) -> str:
    basis = plural(evaluation.decisions, "scored decision")
    if evaluation.since is not None and evaluation.until is not None:
        days = sorted({_day(evaluation.since), _day(evaluation.until)})
        basis += f", {' to '.join(days)}"
    if evaluation.left_out:
        basis += f"; {evaluation.left_out:,} left out, broken or repeated"
    return basis


def _row(estimate: Estimate) -> tuple[str, str, str, str, str]:
    # Rounded down: what is too small must not look as if it were enough.
    method, size = METHODS[estimate.method], f"{math.floor(estimate.ess):,}"
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return estimate.policy, method, "–", NOT_ENOUGH, size
    interval = f"{estimate.low:+.3f} … {estimate.high:+.3f}"
    return estimate.policy, method, f"{estimate.value:+.3f}", interval, size


def _wanted(decisions: int, size: float, enough: float) -> str:
    """How many decisions it would take, in two digits, if they went on like those there are."""
    if size <= 0:
        return "not one decision was as it would have been"
    wanted = float(f"{decisions * enough / size:.1e}")
    return f"it takes about {max(int(wanted), decisions + 1):,} decisions"


def _there_are(decisions: int) -> str:
    return f"there {'is' if decisions == 1 else 'are'} {decisions:,}"


def _named(baseline: str) -> str:
    return _WORDS.get(baseline, baseline)


def _listed(names: Sequence[str], word: str) -> str:
    *first, last = names
    return f"{', '.join(first)} {word} {last}" if first else last


def _day(moment: float) -> str:
    try:
        return time.strftime("%Y-%m-%d", time.localtime(moment))
    except (ValueError, OverflowError, OSError):
        return "no date"
