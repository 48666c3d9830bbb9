"""Topics and messages, as they are shown: as text, and as plain data.

Topics::

    reading = await measured(settings, names)           # a second, for the rates
    topics_text(reading), topics_summary(reading), topics_data(reading)

Messages, bounded in number by whoever shows them::

    wanted = tail_of(names, last=10, since="", follow=True)
    async with aclosing(tailed(settings, wanted, pattern=pattern, mask=mask)) as batches:
        async for batch in batches:                     # a few hundred at most, at once
            for told in batch:                          # Message | BusNotice
                told_text(told), told_data(told)        # one line each; JSON (`agent_core.streaming.showing`)

`names` are topics and patterns of them (`logs.raw.*`); none are all topics in `measured` and a mistake in
`tail_of`. `pattern` is `pattern_to_look_for` of what was typed and is looked for in the line that is shown.
`mask` is applied before anything is shown or looked for: what comes out is masked and its text printable.
Closing `tailed` ends its connections within seconds. Errors are `UsageError` (a name, a time),
`ConfigError` (how Kafka is reached), and `BusFault` (`BusUnreachable` within five seconds where none
answers, `BusAuth`, `NoTopic`). A broker that goes away later is a `BusNotice`, after which it goes on; only
where the end was wanted and nobody answers, it is an error.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Any

import msgspec

from agent_core.config import Settings
from agent_core.errors import UsageError
from agent_core.logs.pattern import Pattern
from agent_core.logs.when import parse_since
from agent_core.streaming.access import access_of
from agent_core.streaming.admin import BusAdmin
from agent_core.streaming.patterns import Topics
from agent_core.streaming.showing import Mask, masked, told_text
from agent_core.streaming.tail import tail
from agent_core.streaming.values import BusNotice, BusReading, TailQuery, Told, behind_on
from agent_core.text import cells, one_line, plural, shorten

_TOPICS = ("topic", "partitions", "messages", "per second", "behind")
_GROUPS = ("group", "state", "members", "behind")
_WIDEST = 60
_MOST = 100_000
"""So many messages back at most: they are kept to be brought in order."""


# Topics


async def measured(settings: Settings, names: Sequence[str] = ()) -> BusReading:
    """Topics, their rates, and how far groups are behind."""
    async with BusAdmin(access_of(settings)) as admin:
        return await admin.measure(names)


def topics_summary(reading: BusReading) -> str:
    """One line: how many there are."""
    messages = sum(topic.messages for topic in reading.topics)
    said = f"{plural(len(reading.topics), 'topic')}, {plural(messages, 'message')}"
    if reading.groups:
        said += f", {plural(len(reading.groups), 'group')}"
    return said


def topics_text(reading: BusReading) -> str:
    """A table of the topics, and one of the groups that read them."""
    behind = {topic.name: behind_on(reading, topic.name) for topic in reading.topics}
    rows = [
        (
            topic.name,
            f"{len(topic.partitions)}" + (f" ({topic.leaderless} down)" if topic.leaderless else ""),
            f"{topic.messages:,}",
            "" if topic.rate is None else f"{topic.rate:,.1f}",
            "" if (far := behind[topic.name]) is None else f"{far:,}",
        )
        for topic in reading.topics
    ]
    lines = _table(_TOPICS, rows) if rows else ["There are no topics."]
    if reading.groups:
        groups = (
            (each.name, each.state, "" if each.members is None else str(each.members), f"{each.lag:,}")
            for each in reading.groups
        )
        lines += ["", *_table(_GROUPS, groups)]
    return "\n".join([*lines, *([one_line(reading.note)] if reading.note else [])])


def topics_data(reading: BusReading) -> dict[str, Any]:
    """The same for programs, with every partition."""
    return {
        "topics": [
            {**msgspec.to_builtins(topic), "messages": topic.messages, "end": topic.end}
            for topic in reading.topics
        ],
        "groups": [{**msgspec.to_builtins(group), "lag": group.lag} for group in reading.groups],
        "note": reading.note,
    }


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    shown = [head, *(tuple(shorten(one_line(cell), _WIDEST) for cell in row) for row in rows)]
    widths = [max(cells(row[column]) for row in shown) for column in range(len(head))]
    return [
        "  ".join(
            " " * room + cell if column else cell + " " * room
            for column, (cell, room) in enumerate(
                (cell, width - cells(cell)) for cell, width in zip(row, widths, strict=True)
            )
        ).rstrip()
        for row in shown
    ]


# Messages


def tail_of(
    names: Sequence[str], *, last: int | None = None, since: str = "", follow: bool = False
) -> TailQuery:
    """What was typed, checked: topics and patterns, how many messages back or since when, and whether to
    go on. With neither of both it begins at the end, so that it has to go on."""
    if not names:
        raise UsageError("No topic was named", hint="Name one, or a pattern such as logs.raw.*.")
    Topics(names)
    if last is not None and since:
        raise UsageError("So many messages back, or since a time: not both", hint="Leave one of them out.")
    if last is not None and not 0 <= last <= _MOST:
        raise UsageError(f"{last} messages back cannot be", hint=f"Up to {_MOST:,} can.")
    moment = parse_since(since, now=datetime.now().astimezone()) if since else None
    return TailQuery(topics=tuple(names), last=last, since=moment, follow=follow)


async def tailed(
    settings: Settings, wanted: TailQuery, *, mask: Mask, pattern: Pattern | None = None
) -> AsyncGenerator[tuple[Told, ...]]:
    """Messages as they are read, in batches, and what happens meanwhile. They are masked; with a pattern only
    those whose line it matches."""
    async with aclosing(tail(access_of(settings), wanted)) as batches:
        async for batch in batches:
            shown = tuple(masked(told, mask) for told in batch)
            if pattern is not None:
                fits = pattern.matching([told_text(told) for told in shown])
                pairs = zip(shown, fits, strict=True)
                shown = tuple(told for told, fit in pairs if fit or isinstance(told, BusNotice))
            if shown:
                yield shown
