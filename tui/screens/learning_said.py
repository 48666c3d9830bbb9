"""What the Learning screen says, as lines: how it stands, what it is worth, the tools, the decisions."""

from __future__ import annotations

from collections.abc import Sequence

from agent_core.errors import AgentError
from agent_core.rl.api import Estimate, Evaluation, Overview, Part, Scored, Suggestion, ToolRecord
from agent_core.rl.ope.saying import METHODS
from agent_core.rl.saying import because
from agent_core.text import cells, human_age, one_line, plural, shorten, shorten_middle
from tui.panes.suggestions import chance
from tui.widgets.histogram import clock
from tui.widgets.transcript.lines import BLANK, Line, Run, wrap

_COUNTED: tuple[tuple[str, str, Part | None], ...] = (
    ("first", "first", None),
    ("seen", "seen", None),
    ("accepted", "acc.", "accepted"),
    ("used", "used", "used"),
    ("opened", "open", "opened"),
    ("cited", "cite", "cited"),
    ("verified", "ver.", "verified"),
    ("dismissed", "dis.", "dismissed"),
)
_STATUSES = {"accepted": "ok", "used": "ok", "dismissed": "bad", "ignored": "dim"}
_MANY = 200
"""Decisions that are listed."""
_NEXT, _REASONS = 3, 3
"""Suggestions that are listed, and reasons of each."""


def standing(overview: Overview, width: int) -> list[Line]:
    """The policy, whether it learns, what was counted, where it is kept."""
    frozen: Run = ("frozen: records, learns nothing", "warn", None)
    learns: Run = ("learning", "ok", None)
    head: list[Run] = [
        (one_line(overview.policy), "strong", None),
        (" · ", "dim", None),
        frozen if overview.frozen else learns,
    ]
    counted = [plural(overview.decisions, "decision"), f"{overview.scores:,} scored"]
    counted += [plural(overview.resets, "reset")] if overview.resets else []
    counted += [f"{plural(overview.broken, 'broken line')} left out"] if overview.broken else []
    counted += [f"{plural(overview.duplicates, 'line')} came twice"] if overview.duplicates else []
    head.append((" · " + ", ".join(counted), "dim", None))
    lines = wrap(head, width)
    files = [name for name in (overview.state_file, overview.events_file) if name]
    if files:
        room = max(8, (width - 2 * len(files)) // len(files))
        lines += wrap(
            [(" · ".join(shorten_middle(one_line(name), room) for name in files), "dim", None)], width
        )
    if overview.trouble:
        lines += remark("▲ ", "warn", overview.trouble, width)
    return lines


def next_up(suggestions: Sequence[Suggestion], width: int) -> list[Line]:
    """What the policy would do now, how likely it puts each first, and why."""
    if not suggestions:
        return []
    lines = [title("Now", "what it suggests, how likely that is first, and why", width=width)]
    room = max(12, width // 2 - 8)
    commands = [shorten(one_line(each.command), room) for each in suggestions[:_NEXT]]
    column = max(map(cells, commands))
    for each, command in zip(suggestions, commands, strict=False):
        likely = "–" if each.probability is None else chance(each.probability)
        runs: list[Run] = [
            (f"{likely:>4}  ", "dim", None),
            (padded(command, column), "title", None),
            (f"  {because(each, _REASONS)}", "dim", None),
        ]
        lines.append(clip(tuple(runs), width))
    return lines


def nothing(overview: Overview, width: int) -> list[Line]:
    """What to do where nothing is there to learn from."""
    what = "Nothing scored since the reset: " if overview.resets else "Nothing scored yet: "
    what += "what a suggestion was good for shows after a turn or two. Ask something, or run one of them."
    return remark("● ", "dim", what, width)


def remark(mark: str, style: str, text: str, width: int, hint: str = "") -> list[Line]:
    """A sentence behind a mark, and what to do about it."""
    first, rest = [(mark, style, None)], [("  ", "", None)]
    lines = wrap([(one_line(text), "title", None)], width, first=first, rest=rest)
    return lines + (
        wrap([(one_line(hint), "hint", None)], width, first=[("→ ", "dim", None)], rest=rest) if hint else []
    )


def failed(error: AgentError, width: int) -> list[Line]:
    """What went wrong, and the next step."""
    return remark("✗ ", "bad-title", error.message, width, error.hint)


def title(text: str, note: str = "", *, width: int) -> Line:
    """The heading of a part."""
    return clip(((text, "h2", None), *([(f"  {note}", "dim", None)] if note else [])), width)


# What it is worth


def worth(evaluation: Evaluation, width: int) -> list[Line]:
    """The verdict, and each policy's value by each method."""
    span = _span(evaluation)
    lines = [title("Value", f"{plural(evaluation.decisions, 'scored decision')}{span}", width=width)]
    lines += remark("● ", "mark" if evaluation.beats else "dim", evaluation.verdict, width)
    methods = [m for m in dict.fromkeys(each.method for each in evaluation.estimates) if m != "mean"]
    if not methods:
        return lines
    names = list(dict.fromkeys(each.policy for each in evaluation.estimates))
    by = {(each.policy, each.method): each for each in evaluation.estimates}
    first = min(max(cells(name) for name in names), max(8, width // 4))
    column = max(12, min(24, (width - first - 8) // len(methods)))
    head = " " * first + "".join(f"  {shorten(METHODS[method], column):<{column}}" for method in methods)
    lines += [BLANK, clip(((head + "  n eff.", "dim", None),), width)]
    for name in names:
        known = [by.get((name, method)) for method in methods]
        known[0] = known[0] or by.get((name, "mean"))  # what was shown needs no correction
        runs: list[Run] = [(padded(one_line(name), first), "mark" if name == names[0] else "title", None)]
        runs += [_estimated(each, column) for each in known]
        least = min((each.ess for each in known if each is not None), default=0.0)
        lines.append(clip((*runs, (f"  {least:6,.0f}", "dim", None)), width))
    return lines


def _estimated(estimate: Estimate | None, column: int) -> Run:
    if estimate is None or estimate.value is None or estimate.low is None or estimate.high is None:
        return (f"  {shorten('not enough evidence' if estimate else '', column):<{column}}", "dim", None)
    interval = f"{estimate.value:6.3f}"
    if column >= 22:
        interval += f"  {estimate.low:.3f} to {estimate.high:.3f}"
    elif column >= 15:
        interval += f" ±{(estimate.high - estimate.low) / 2:.3f}"
    return (f"  {interval:<{column}}", "title", None)


def _span(evaluation: Evaluation) -> str:
    if evaluation.since is None or evaluation.until is None:
        return ""
    days = [clock(moment, form="%Y-%m-%d") for moment in (evaluation.since, evaluation.until)]
    return f", {days[0]}" if days[0] == days[1] else f", {days[0]} to {days[1]}"


# Tools and decisions


def tools(records: Sequence[ToolRecord], width: int) -> list[Line]:
    """What is known of each tool, the best first; a bar shows its mean reward where there is room for it."""
    name_width = min(10, max((cells(record.tool) for record in records), default=4))
    long = [max(5, len(full)) for full, _, _ in _COUNTED]
    full = width >= name_width + sum(long) + len(long) + 8
    widths = long if full else [5] * len(_COUNTED)
    left = width - name_width - sum(widths) - len(widths) - 8
    heads = [(names[0] if full else names[1]) for names in _COUNTED]
    head = " " * name_width + "".join(f" {text:>{w}}" for text, w in zip(heads, widths, strict=True))
    lines = [title("Tools", width=width), clip(((f"{head}    mean", "dim", None),), width)]
    for record in sorted(records, key=lambda each: (each.mean is None, -(each.mean or 0.0))):
        counts = [record.first, record.observed]
        counts += [record.parts.get(part, 0) for _, _, part in _COUNTED if part is not None]
        numbers = "".join(f" {_number(n, w):>{w}}" for n, w in zip(counts, widths, strict=True))
        mean = "      –" if record.mean is None else f"{record.mean:7.3f}"
        runs: list[Run] = [
            (padded(one_line(record.tool), name_width), "mark" if record.observed else "dim", None),
            (numbers, "title" if record.observed else "dim", None),
            (f" {mean}", "title" if record.mean is not None else "dim", None),
        ]
        if record.mean is not None and left >= 6:
            runs.append((f" {bar(record.mean, 1.0, left - 1)}", "ok" if record.mean > 0 else "bad", None))
        lines.append(clip(tuple(runs), width))
    return lines


def recent(scored: Sequence[Scored], width: int, now: float) -> list[Line]:
    """The last decisions: when, what was first with which propensity, what became of it."""
    lines = [title("Last decisions", "what was first, how likely that was, what became of it", width=width)]
    for each in scored[:_MANY]:
        parts = " ".join(
            f"{one_line(tool)}: {', '.join(sorted(known))}" for tool, known in each.parts.items() if known
        )
        head = f"{human_age(now - each.at):>12}  "
        runs: list[Run] = [
            (head, "dim", None),
            (padded(one_line(each.first), 10), "title", None),
            (f" {chance(each.propensity):>4}  ", "dim", None),
            (f"{each.status:<9}", _STATUSES[each.status], None),
            (f" {each.reward:5.2f}", "title" if each.reward else "dim", None),
            (f"  {parts}" if parts else "", "dim", None),
        ]
        lines.append(clip(tuple(runs), width))
    return lines


def bar(value: float, most: float, width: int) -> str:
    """A line of at most so many columns, in halves of one; whatever is not 0 has some length."""
    halves = round(min(1.0, abs(value) / most) * width * 2) if most > 0 and width > 0 else 0
    return "━" * (halves // 2) + ("╸" if halves % 2 or (value and not halves) else "")


def _number(count: int, width: int) -> str:
    """A count in at most so many columns, which are five or more."""
    if not count:
        return "·"
    text, size = f"{count:,}", float(count)
    for unit in ("k", "M", "G"):
        if len(text) > width:
            size /= 1000
            text = f"{size:.0f}{unit}"
    return text


def padded(text: str, width: int) -> str:
    """A text in exactly so many columns."""
    short = shorten(text, width)
    return short + " " * (width - cells(short))


def clip(runs: tuple[Run, ...], width: int) -> Line:
    """One row: what does not fit is cut off."""
    kept: list[Run] = []
    left = width
    for text, style, link in runs:
        if left <= 0:
            break
        piece = shorten(text, left)
        kept.append((piece, style, link))
        left -= cells(piece)
    return Line(tuple(kept))
