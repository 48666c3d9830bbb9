"""What the containers wrote: filtered, masked, and fit to be shown."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from datetime import UTC, datetime

from agent_core.errors import StackFault, UsageError
from agent_core.logs.pattern import Pattern, pattern_of
from agent_core.logs.when import parse_since
from agent_core.text import one_line, printable
from stack.commands.asked import Asked
from stack.commands.secrets import Mask
from stack.engine.values import LogLine
from stack.running import Running

_SORTED = 20_000
"""So many lines are brought in order at a time: compose tells one container after another."""
_LONGEST = 16 * 1024
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?Z")


async def logs(stack: Running, asked: Asked, *, mask: Mask) -> AsyncGenerator[LogLine]:
    """The lines that are wanted, by time as far as they do not come while they are written.

    Raises:
        UsageError: A service is unknown, the pattern is no regular expression, or the time none.
        StackFault: The engine cannot tell.
    """
    pattern = pattern_to_look_for(asked.grep)
    since = _rfc3339(asked.since)
    lines = stack.logs(asked.names, tail=asked.lines, since=since, follow=asked.follow)
    waiting: list[LogLine] = []
    fault: StackFault | None = None
    try:
        async with aclosing(lines):
            async for line in lines:
                waiting.append(line)
                if asked.follow or len(waiting) >= _SORTED:
                    for shown in _shown(waiting, pattern, mask):
                        yield shown
                    waiting = []
    except StackFault as error:
        fault = error
    for shown in _shown(waiting, pattern, mask):
        yield shown
    if fault is not None:
        raise fault


def pattern_to_look_for(typed: str) -> Pattern | None:
    """The pattern of `--grep`; None for none. Raises `UsageError`."""
    if not typed:
        return None
    pattern = pattern_of(typed)
    if pattern.literal:
        raise UsageError(
            f"--grep {one_line(typed)!r} is no regular expression",
            hint="A character that means something there, such as [ or *, is written with \\ before it.",
        )
    return pattern


def line_of_text(line: LogLine) -> str:
    """A line as people read it: `2026-11-28T16:26:34.626Z worker-1 | text`."""
    return f"{line.time} {line.container} | {line.text}".lstrip() if line.container else line.text


def _shown(lines: list[LogLine], pattern: Pattern | None, mask: Mask) -> Iterator[LogLine]:
    """What is shown of the lines: those that match, in the order of their times (a line without one stays
    behind the one before it), masked and printable."""
    texts = [printable(line.text[:_LONGEST]) for line in lines]
    if pattern is not None and texts:
        found = zip(lines, texts, pattern.matching(texts), strict=True)
        pairs = [(line, text) for line, text, fits in found if fits]
    else:
        pairs = list(zip(lines, texts, strict=True))
    masked = _masked([text for _, text in pairs], mask)
    last = ""
    shown: list[tuple[str, LogLine]] = []
    for (line, _), text in zip(pairs, masked, strict=True):
        time = _nanoseconds(line.time)
        last = time or last
        short = f"{time[:23]}Z" if _TIME.fullmatch(line.time) else time
        shown.append((last, LogLine(one_line(line.container), short, text)))
    yield from (line for _, line in sorted(shown, key=lambda pair: pair[0]))


def _masked(texts: list[str], mask: Mask) -> list[str]:
    """The texts masked, all at once, which costs less than one after another; it keeps lines as they are."""
    together = mask("\n".join(texts)).split("\n")
    return together if len(together) == len(texts) else [mask(text) for text in texts]


def _nanoseconds(time: str) -> str:
    """A time whose order is that of its letters: engines leave zeros at the end out."""
    match = _TIME.fullmatch(time)
    return f"{match[1]}.{(match[2] or '')[:9]:0<9}" if match else one_line(time)


def _rfc3339(since: str) -> str:
    if not since:
        return ""
    seconds = parse_since(since, now=datetime.now().astimezone())
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
