"""How many lines a log had over time, as one row of bars; their colour tells the worst that was in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from math import sqrt

from agent_core.logs.api import Bar
from agent_core.text import human_duration, plural
from tui.widgets.transcript.lines import Run, merge

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_FULL = 8
"""Lines that a full bar stands for at least, so that a few look like a few."""
_MINUTE, _DAY = 60.0, 86_400.0
_DATED = "%m-%d %H:%M"


def bar_rows(
    bars: Sequence[Bar], width: int, *, height: int = 1, at: float | None = None
) -> list[tuple[Run, ...]]:
    """The bars in at most `width` columns and so many rows, the top one first.

    The height is by the root of the lines, so that few ones show. A colour tells where more errors or
    warnings are than is usual here; the bar of the moment `at` is drawn bright.
    """
    columns = _columns(bars, width)
    most = max((_FULL, *(column.lines for column in columns)))
    full = [column for column in columns if column.lines]
    usual = (_usual([column.errors for column in full]), _usual([column.warnings for column in full]))
    now = next((column for column in reversed(columns) if at is not None and column.began <= at), None)
    rows: list[tuple[Run, ...]] = []
    for row in range(height - 1, -1, -1):
        runs = [
            (
                _EIGHTHS[max(0, min(8, _eighths(column.lines, most, height) - 8 * row))],
                "title" if column is now else _style(column, usual),
                None,
            )
            for column in columns
        ]
        rows.append(tuple(merge(runs)))
    return rows


def step_of(bars: Sequence[Bar], width: int) -> str:
    """What a column stands for, in few words."""
    columns = list(dict.fromkeys(_columns(bars, width)))
    if len(columns) < 2:
        return ""
    most = max(column.lines for column in columns)
    step = columns[1].began - columns[0].began
    lasts = human_duration(step) if step < 2 * _DAY else f"{step / _DAY:.1f} days"
    return f"{lasts} a bar, {plural(most, 'line')} at most"


def span_of(bars: Sequence[Bar]) -> str:
    """When the bars begin and end, and what is in them, in few words."""
    if not bars:
        return ""
    step = bars[1].began - bars[0].began if len(bars) > 1 else _MINUTE
    began, ended = bars[0].began, bars[-1].began + step
    counted = [plural(sum(bar.lines for bar in bars), "line")]
    counted += [plural(count, "error")] if (count := sum(bar.errors for bar in bars)) else []
    counted += [plural(count, "warning")] if (count := sum(bar.warnings for bar in bars)) else []
    return f"{_span(began, ended)} · {', '.join(counted)}"


def _span(began: float, ended: float) -> str:
    """From when to when, as far as it needs saying: the times of day, the dates, or the dates with years."""
    if ended - began <= _DAY:
        return f"{clock(began)}-{clock(ended)}"
    days = [clock(moment, form="%Y-%m-%d") for moment in (began, ended)]
    if days[0][:4] != days[1][:4]:
        return " to ".join(days)
    return f"{clock(began, form=_DATED)}-{clock(ended, form=_DATED)}"


def clock(moment: float, *, form: str = "%H:%M") -> str:
    """A moment as people write it: the time of day, or what `form` asks for; "" for one that no calendar
    has."""
    try:
        when = datetime.fromtimestamp(moment)
    except (ValueError, OverflowError, OSError):
        return ""
    return when.strftime(form)


def _columns(bars: Sequence[Bar], width: int) -> list[Bar]:
    """A bar for each column: where there are more bars, neighbours are added up; where there is room for it,
    some take a column more than others. A lone one is a moment, and takes one."""
    if not bars or width <= 0:
        return []
    if len(bars) == 1:
        return list(bars)
    if len(bars) <= width:
        return [bars[column * len(bars) // width] for column in range(width)]
    edges = [round(column * len(bars) / width) for column in range(width + 1)]
    return [_sum(bars[start:end]) for start, end in pairwise(edges)]


def _sum(bars: Sequence[Bar]) -> Bar:
    return Bar(
        bars[0].began,
        sum(bar.lines for bar in bars),
        sum(bar.warnings for bar in bars),
        sum(bar.errors for bar in bars),
    )


def _eighths(lines: int, most: int, height: int) -> int:
    return max(1, round(8 * height * sqrt(lines / most))) if lines else 0


def _usual(counts: Sequence[int]) -> int:
    """Twice the median: what is above it stands out."""
    return 2 * sorted(counts)[len(counts) // 2] if counts else 0


def _style(bar: Bar, usual: tuple[int, int]) -> str:
    return "bad" if bar.errors > usual[0] else "warn" if bar.warnings > usual[1] else "mark"
