"""What a suggestion says of itself in few words: the same in the pane, in the conversation and headless."""

from __future__ import annotations

from agent_core.rl.api import PARTS, Suggestion, ToolRecord
from agent_core.text import one_line, plural

_FEW = 10
"""Observations below which what is expected rests on the rules more than on them."""


def suggested(suggestion: Suggestion) -> str:
    """The line before an action: `RL suggested tool: grep -w parse_header (34%) · names a symbol`."""
    likely = "" if suggestion.probability is None else f" ({chance(suggestion.probability)})"
    why = because(suggestion)
    return f"RL suggested tool: {one_line(suggestion.command)}{likely}{f' · {why}' if why else ''}"


def chance(probability: float) -> str:
    """A probability in at most four columns."""
    return "<1%" if 0 < probability < 0.005 else f"{probability:.0%}"


def because(suggestion: Suggestion, most: int = 1) -> str:
    """Why it is suggested: to be tried, or the words of up to so many features of the situation that spoke
    for it; where none did, what the command is for."""
    from agent_core.rl.features import BIAS

    if suggestion.trial:
        return "to learn more of it"
    spoke = [reason.text for reason in suggestion.reasons if reason.weight > 0 and reason.feature != BIAS]
    return ", ".join(map(one_line, spoke[:most])) or one_line(suggestion.why)


def how_known(record: ToolRecord) -> str:
    """How much of what is expected of a tool is known."""
    if not record.observed:
        return "assumed: it was never observed"
    times = plural(record.observed, "time")
    return f"mostly assumed: observed {times}" if record.observed < _FEW else f"observed {times}"


def history(record: ToolRecord) -> str:
    """How often a tool was first and what came of it, in a line."""
    counts = [f"{record.parts[part]:,} {part}" for part in PARTS if record.parts.get(part)]
    told = f"{record.tool}: first {plural(record.first, 'time')}, observed {plural(record.observed, 'time')}"
    told += f": {', '.join(counts)}" if counts else ""
    told += f"; mean reward {record.mean:.3f}" if record.mean is not None else ""
    return one_line(told)
