"""Collapsing a stack trace to what a person needs to see of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from agent_core.logs.traces.model import Fault, Frame, Trace
from agent_core.logs.traces.parsing import parse
from agent_core.logs.traces.plain import collapse_plain
from agent_core.logs.traces.shown import MAX_LINE, MAX_LINES, MUST, SHARE, SHOULD, Line, chosen, fitted, flat
from agent_core.text import plural

_MOST_FAULTS = 11
_LABELS = 3
_NOTES = 8
_LINKS = {"cause": "caused by ", "context": "while handling ", "suppressed": "suppressed: "}
_TOLD = ("caused by", "suppressed", "wrapped by", "root cause", "[cause]", "--->", "next ", "[circular")

Own = Callable[[str], str | None]


def collapse(trace_or_text: Trace | str, *, own: Own | None = None) -> str:
    """What is shown of a stack trace, or of any other event of several lines.

    The head of every fault stays, the root cause first of all, with error codes and the innermost frame of
    the workspace; more of its frames as far as there is room. Frames of libraries and what is left out are
    told in a last line; recursion is a count.

    Args:
        trace_or_text: The trace, or the text of the event.
        own: The workspace's file for a frame's path, None where it is not of the workspace. Without it, or
            where it knows no frame, frames of no known library count as the workspace's.

    Returns:
        Printable text of at most `MAX_LINES` lines, none above `MAX_LINE` characters.
    """
    trace = parse(trace_or_text) if isinstance(trace_or_text, str) else trace_or_text
    if trace is None:
        return collapse_plain(str(trace_or_text), own=own)
    owned = owner(trace, own)
    faults = _counted(trace.faults)
    lines = [Line(fitted(text, 160), SHOULD) for text in trace.lead[-2:]]
    root = trace.root
    kept = _kept(faults, root)
    for number, (fault, count) in enumerate(faults):
        if number in kept:
            lines.extend(_told(fault, count, owned, root is fault, len(faults) == 1))
        elif number - 1 in kept:
            lines.append(Line(_skipped(faults, kept, number), MUST))
    lines = _once(lines)
    budget = int(SHARE * trace.size)
    picked = chosen(lines, budget=budget - 40, most=MAX_LINES - 1)
    rest = _left_out(trace, picked, owned)
    if rest:
        picked.append(Line(rest, MUST))
    return "\n".join(line.text for line in picked)


def _once(lines: list[Line]) -> list[Line]:
    """The lines without those that only say what another one says, too."""

    def said(number: int, line: Line) -> bool:
        return any(
            other.rank <= line.rank and line.text in other.text and (at < number or other.text != line.text)
            for at, other in enumerate(lines)
        )

    return [
        line
        for number, line in enumerate(lines)
        if line.text and (line.rank == MUST or not said(number, line))
    ]


def owner(trace: Trace, own: Own | None) -> Callable[[Frame], bool]:
    """Which frames count as the workspace's."""
    if own is not None:
        known = {
            path for fault in trace.faults for frame in fault.frames if own(path := frame.path) is not None
        }
        if known:
            return lambda frame: frame.path in known
    return lambda frame: not frame.library


def _counted(faults: Sequence[Fault]) -> list[tuple[Fault, int]]:
    """The faults, those of a group that are told twice only once, with how often."""
    counts = Counter((fault.relation, fault.text, fault.frames[:1]) for fault in faults)
    seen: set[tuple[str, str, tuple[Frame, ...]]] = set()
    result: list[tuple[Fault, int]] = []
    for fault in faults:
        key = (fault.relation, fault.text, fault.frames[:1])
        if fault.relation in ("member", "thread", "suppressed") and key in seen:
            continue
        seen.add(key)
        result.append((fault, counts[key] if fault.relation in ("member", "thread", "suppressed") else 1))
    return result


def _kept(faults: list[tuple[Fault, int]], root: Fault) -> set[int]:
    """The numbers of the faults that are shown: of very many the first, the root and the last."""
    if len(faults) <= _MOST_FAULTS:
        return set(range(len(faults)))
    at = next(number for number, (fault, _) in enumerate(faults) if fault is root)
    return {
        0,
        1,
        2,
        at,
        *range(max(0, at - 2), at),
        *([len(faults) - 1] if faults[-1][0].relation != "thread" else []),
    }


def _skipped(faults: list[tuple[Fault, int]], kept: set[int], start: int) -> str:
    names: list[str] = []
    for number in range(start, len(faults)):
        if number in kept:
            break
        names.append(faults[number][0].kind or faults[number][0].text)
    return fitted(f"… {len(names)} more: {', '.join(dict.fromkeys(names))}")


def _told(fault: Fault, count: int, owned: Callable[[Frame], bool], is_root: bool, alone: bool) -> list[Line]:
    """The lines of one fault with their ranks."""
    minor = fault.relation == "thread"
    head = flat(fault.text)
    if head and fault.relation in _LINKS and not head.lower().startswith(_TOLD):
        head = f"{_LINKS[fault.relation]}{head}"
    times = f"  × {count:,}" if count > 1 else ""
    lines = [
        Line(text, MUST if not minor and n == 0 else SHOULD + minor * 3)
        for n, text in enumerate(_wrapped(head, times))
    ]
    lines += [Line(fitted(text), SHOULD) for text in fault.codes[:3]]
    lines += _calls(fault, owned, is_root, alone)
    return lines + [
        Line(fitted(text), SHOULD if n < 3 else 3 + n) for n, text in enumerate(_worded(fault.notes))
    ]


def _worded(lines: Sequence[str]) -> list[str]:
    """The first lines that say something, rather than draw or number."""
    return [line for line in lines if any(map(str.isalpha, line))][:_NOTES]


def _calls(fault: Fault, owned: Callable[[Frame], bool], is_root: bool, alone: bool) -> list[Line]:
    """The frames that may be shown: the innermost of its own code, or at all, and as there is room more."""
    minor = fault.relation == "thread"
    told = [frame for frame in fault.frames if frame.text]
    own = [frame for frame in told if owned(frame)]
    first = own[0] if own else told[0] if told else None
    rank = MUST if is_root else SHOULD
    if not own:
        rank = SHOULD if alone else 3
    lines: list[Line] = []
    for frame in told:
        if frame is first:
            lines.append(_frame(frame, rank + minor * 3))
        elif owned(frame) and len(lines) < MAX_LINES:
            lines.append(_frame(frame, 4 + len(lines) + minor * 20))
    return lines


def _wrapped(text: str, times: str) -> list[str]:
    """A head on one line, or on two where it is long."""
    width = MAX_LINE - len(times)
    if len(text) <= width:
        return [text + times]
    cut = text.rfind(" ", width // 2, width)
    cut = cut if cut > 0 else width
    return [text[:cut] + times, fitted(text[cut:])]


def _frame(frame: Frame, rank: int) -> Line:
    times = f"  × {frame.count:,}" if frame.count > 1 else ""
    return Line(f"  {fitted(frame.text, MAX_LINE - 2 - len(times))}{times}", rank)


def _left_out(trace: Trace, picked: list[Line], owned: Callable[[Frame], bool]) -> str:
    """How many frames are not shown, and where they lie."""
    shown = {line.text for line in picked}
    own = others = 0
    labels: Counter[str] = Counter()
    for fault in trace.faults:
        for frame in fault.frames:
            if not frame.text or _frame(frame, 0).text in shown:
                continue
            if owned(frame):
                own += frame.count
            else:
                others += frame.count
                labels[frame.library] += frame.count
    if not own and not others:
        return ""
    names = [name for name, _ in labels.most_common(_LABELS) if name]
    where = f" in {', '.join(names)}{', …' if len(labels) > _LABELS else ''}" if names else ""
    if not own:
        return fitted(f"… {plural(others, 'frame')}{where}")
    mine = f"… {plural(own, 'own frame')}"
    rest = f"{others:,}{where}" if where else plural(others, "other")
    return fitted(f"{mine}, {rest}") if others else mine
