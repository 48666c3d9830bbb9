"""How learning stands, as text: the table of `rl status`."""

from __future__ import annotations

from collections.abc import Sequence

from agent_core.rl.api import PARTS, Overview, Scored, ToolRecord
from agent_core.text import cells, human_age, one_line, plural, shorten

_HEAD = ("tool", "first", "observed", "reward", *PARTS)
_RECENT = 5
_LONGEST = 24


def in_short(overview: Overview) -> str:
    """One line: the policy, whether it learns, and from how much."""
    state = ", frozen" if overview.frozen else ""
    return f"{_word(overview.policy)}{state}, {plural(overview.scores, 'decision')} scored"


def status(overview: Overview, *, now: float) -> str:
    """Everything, for people; `now` in seconds since 1970."""
    lines = [f"{name:<10} {value}" for name, value in _facts(overview)]
    tools = [tool for tool in overview.tools if tool.first or tool.observed]
    if tools:
        lines += ["", *_aligned([_HEAD, *map(_tool, tools)], left=1)]
    if overview.recent:
        rows = [_recent(scored, now) for scored in overview.recent[:_RECENT]]
        lines += ["", "last decisions", *_aligned(rows, left=5)]
    if not overview.scores and not any(tool.observed for tool in overview.tools):
        lines += ["", "Nothing was learnt yet: suggestions come in an order that rests on rules alone."]
    return "\n".join(lines)


def _facts(overview: Overview) -> list[tuple[str, str]]:
    frozen = "frozen: records and does not learn" if overview.frozen else "learning"
    facts = [
        ("policy", f"{_word(overview.policy)}, {frozen}"),
        ("decisions", f"{overview.decisions:,} shown, {overview.scores:,} scored"),
    ]
    if overview.resets:
        facts.append(("forgotten", plural(overview.resets, "time")))
    if overview.broken or overview.duplicates:
        facts.append(
            (
                "left out",
                f"{plural(overview.broken, 'broken record')}, {overview.duplicates:,} that came twice",
            )
        )
    files = [one_line(name) for name in (overview.state_file, overview.events_file) if name]
    if files:
        facts.append(("files", ", ".join(files)))
    if overview.trouble:
        facts.append(("trouble", one_line(overview.trouble)))
    return facts


def _tool(tool: ToolRecord) -> tuple[str, ...]:
    counts = (f"{tool.parts.get(part, 0):,}" for part in PARTS)
    mean = "–" if tool.mean is None else f"{tool.mean:+.3f}"
    return (_word(tool.tool), f"{tool.first:,}", f"{tool.observed:,}", mean, *counts)


def _recent(scored: Scored, now: float) -> tuple[str, ...]:
    return (
        human_age(max(0.0, now - scored.at)),
        scored.surface,
        _word(scored.first),
        f"{scored.propensity * 100:.1f} %",
        scored.status,
        f"{scored.reward:+.2f}",
    )


def _aligned(rows: Sequence[tuple[str, ...]], *, left: int) -> list[str]:
    """Rows as columns, the first `left` of them flush left, but for those that end in a per cent sign."""
    widths = [max(map(cells, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(_cell(row, widths, at, left) for at in range(len(row))).rstrip() for row in rows]


def _cell(row: tuple[str, ...], widths: Sequence[int], at: int, left: int) -> str:
    room = " " * (widths[at] - cells(row[at]))
    return row[at] + room if at < left and not row[at].endswith("%") else room + row[at]


def _word(name: str) -> str:
    return shorten(one_line(name), _LONGEST)
