"""How many lines a log had over time, as one row of bars; their colour tells the worst that was in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from math import sqrt

from agent_core.logs.api import Bar
from agent_core.text import plural
from tui.widgets.transcript.lines import Run, merge

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_MINUTE, _DAY = 60.0, 86_400.0


def bar_runs(bars: Sequence[Bar], width: int) -> tuple[Run, ...]:
    """The bars in at most `width` columns: the height is by the root of the lines, so that few ones show."""
    columns = _columns(bars, width)
    most = max((column.lines for column in columns), default=0)
    runs = [(_EIGHTHS[_eighths(column.lines, most)], _style(column), None) for column in columns]
    return tuple(merge(runs))


def span_of(bars: Sequence[Bar]) -> str:
    """When the bars begin and end, and what is in them, in few words."""
    if not bars:
        return ""
    step = bars[1].began - bars[0].began if len(bars) > 1 else _MINUTE
    began, ended = bars[0].began, bars[-1].began + step
    counted = [plural(sum(bar.lines for bar in bars), "line")]
    counted += [plural(count, "error")] if (count := sum(bar.errors for bar in bars)) else []
    counted += [plural(count, "warning")] if (count := sum(bar.warnings for bar in bars)) else []
    return (
        f"{clock(began, wide=ended - began > _DAY)}-{clock(ended, wide=ended - began > _DAY)} · "
        + ", ".join(counted)
    )


def clock(moment: float, *, wide: bool = False) -> str:
    """A moment as people write it: the time of day, with the date where the day is not clear; "" for one that
    no calendar has."""
    try:
        when = datetime.fromtimestamp(moment)
    except (ValueError, OverflowError, OSError):
        return ""
    return when.strftime("%m-%d %H:%M" if wide else "%H:%M")


def _columns(bars: Sequence[Bar], width: int) -> list[Bar]:
    """A bar for each column: where there are more bars, neighbours are added up; where there is room for it,
    each takes as many columns as the others."""
    count = min(width, len(bars))
    if count <= 0:
        return []
    edges = [round(number * len(bars) / count) for number in range(count + 1)]
    return [_sum(bars[start:end]) for start, end in pairwise(edges) for _ in range(width // count)]


def _sum(bars: Sequence[Bar]) -> Bar:
    return Bar(
        bars[0].began,
        sum(bar.lines for bar in bars),
        sum(bar.warnings for bar in bars),
        sum(bar.errors for bar in bars),
    )


def _eighths(lines: int, most: int) -> int:
    return max(1, round(8 * sqrt(lines / most))) if lines else 0


def _style(bar: Bar) -> str:
    return "bad" if bar.errors else "warn" if bar.warnings else "mark"
