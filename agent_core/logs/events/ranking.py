"""How much a candidate matters: one number, and the reasons for it.

What is rare is worth as much as it tells: its level, and what that level means for what wrote it; words of a
fault or of a change; a component that hardly ever writes. What tells nothing stays low, however rare.
"""

from __future__ import annotations

from math import log10

from agent_core.logs.columns import Level
from agent_core.logs.events.candidates import Candidate
from agent_core.logs.events.priors import CAUSE, broken, changed
from agent_core.logs.events.rows import FAILED, NOTED, WARNED
from agent_core.text import one_line, shorten

_LEVELS = {
    Level.UNKNOWN: 0.2, Level.TRACE: -0.5, Level.DEBUG: -0.4, Level.INFO: 0.0, Level.WARN: 0.7,
    Level.ERROR: 1.8, Level.FATAL: 2.4,
}  # fmt: skip
_TRACE = 3.0
_BROKEN, _CHANGED, _LONELY, _UNUSUAL = 1.5, 1.2, 1.6, 1.0
_NEW, _RAISED, _BURSTING, _ODD = 1.0, 1.0, 0.7, 1.2
_SILENT = 0.9
"""The score of what comes regularly and stayed away."""
_BASE = 0.3
_BURSTS = {NOTED: 0.4, WARNED: 0.35, FAILED: 0.6}
"""What a burst counts, as if it were that scarce, at a rate a hundred times the usual one."""
_STEADY = 0.6
_OF_NOTE = 0.7
_READ = 600
"""Bytes of a record that are read for its words."""


def judge(candidate: Candidate, *, records: int) -> None:
    """Set the score and the reasons of a candidate; `records` are all those of its source."""
    text = candidate.text[:_READ].decode("utf-8", "replace")
    candidate.fault, change = broken(text), changed(text)
    worth = _BASE + _LEVELS[Level(candidate.level)]
    worth += _BROKEN * candidate.fault + _CHANGED * change * (1 - 0.5 * candidate.fault)
    worth += _LONELY * candidate.lonely**2 + _UNUSUAL * candidate.unusual
    worth += _TRACE * bool(candidate.trace) + _RAISED * candidate.raised + _ODD * bool(candidate.usual)
    if candidate.burst:
        worth += _BURSTING
    elif candidate.unknown is not None:
        worth += _NEW if candidate.unknown else -_NEW
    scarce = candidate.rare * (1.0 if candidate.trace or candidate.raised else candidate.fresh)
    if candidate.steady:
        scarce *= _STEADY
    if candidate.burst:
        scarce = max(scarce, _BURSTS[candidate.gravity] * min(1.5, log10(candidate.burst) / 2))
    candidate.score = _SILENT if candidate.silent else max(0.0, worth) * scarce
    candidate.why = [reason for reason in _reasons(candidate, records, change) if reason]


def _reasons(candidate: Candidate, records: int, change: float) -> list[str]:
    name = shorten(one_line(candidate.component), 40)
    if candidate.silent:
        return [candidate.silent]
    usual = " or ".join(candidate.usual[:3])
    return [
        "stack trace" if candidate.trace else "",
        f"rate {candidate.burst:,.0f}x its usual{_from(candidate)}" if candidate.burst else "",
        "mostly harmless, here not" if candidate.raised else "",
        f"mostly {shorten(one_line(usual), 40)} instead" if usual else "",
        "new since last time" if candidate.unknown else "",
        "words of a cause" if candidate.fault >= CAUSE and not candidate.trace else "",
        "something changed" if change >= _OF_NOTE and candidate.fault < CAUSE else "",
        f"{name} hardly ever writes" if candidate.lonely >= _OF_NOTE and name else "",
        f"{name} is seldom so grave" if candidate.unusual >= _OF_NOTE and name else "",
        f"{candidate.count:,} of {records:,} records" if candidate.rare > 0 else "",
    ]


def _from(candidate: Candidate) -> str:
    """Where a burst begins, if that is not where the first record is."""
    return f" from line {candidate.burst_line:,}" if candidate.burst_line > candidate.last else ""
