"""Topics of the bus as rows of a list: the first for all of them, then one each, in some order."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from agent_core.streaming.values import BusReading, GroupInfo, TopicInfo, behind_on, unread_by
from agent_core.text import cells, one_line, plural, shorten, shorten_middle
from tui.widgets.rows import Item
from tui.widgets.transcript.lines import BLANK, Line, Run, wrap

ALL = "*"
"""The key of the row for all topics, and the pattern that fits them."""
ORDERS = ("name", "per second", "behind", "messages")
_PARTITIONS, _MESSAGES, _RATE, _BEHIND = 6, 14, 12, 11
_ICON, _LEAST_NAME, _MOST_NAME = 2, 16, 60
_LABEL = 10


class Topic(NamedTuple):
    """A topic and who reads it."""

    info: TopicInfo
    groups: tuple[GroupInfo, ...]
    behind: int | None = None
    """How far the group is behind that is farthest; None where none reads it."""
    unread: str = ""
    """The group that its work is for and that has read nothing of it."""

    def weight(self, order: str) -> float:
        """What it is ordered by, where that is no name."""
        match order:
            case "per second":
                return self.info.rate or 0.0
            case "behind":
                return -1 if self.behind is None else self.behind
            case _:
                return self.info.messages


def topics_of(reading: BusReading) -> list[Topic]:
    """All but the bus's own."""
    return [
        Topic(
            info=info,
            groups=tuple(each for each in reading.groups if any(lag.topic == info.name for lag in each.lags)),
            behind=behind_on(reading, info.name),
            unread=unread_by(reading, info.name),
        )
        for info in reading.topics
    ]


def wanted(topics: Sequence[Topic], typed: str, order: str) -> list[Topic]:
    """Those whose names have what was typed (`*` stands for anything), in an order; the most first."""
    word = typed.strip().lower()
    pattern = f"*{word}*" if "*" not in word else word
    found = [each for each in topics if fnmatchcase(each.info.name.lower(), pattern)] if word else [*topics]
    found.sort(key=lambda each: each.info.name)
    if order != ORDERS[0]:
        found.sort(key=lambda each: each.weight(order), reverse=True)
    return found


class Widths(NamedTuple):
    """How many columns each gets; 0 for what there is no room for."""

    topic: int
    parts: int
    messages: int
    rate: int
    behind: int


def widths(topics: Sequence[Topic], width: int) -> Widths:
    """The columns of a list that is so wide: the names first, then what says most."""
    room = width - _ICON - _LEAST_NAME
    got = dict[str, int]()
    for name, columns in (
        ("messages", _MESSAGES),
        ("behind", _BEHIND),
        ("rate", _RATE),
        ("parts", _PARTITIONS),
    ):
        got[name] = columns if columns <= room else 0
        room -= got[name]
    longest = max((cells(one_line(each.info.name)) for each in topics), default=0)
    topic = max(_LEAST_NAME, min(longest, _MOST_NAME, _LEAST_NAME + room))
    return Widths(topic=topic, **got)


def head(look: Widths, order: str) -> Line:
    """What the columns are; the one that they are in the order of is marked."""
    parts: list[Run] = [(" " * _ICON, "", None)]
    for title, width in zip(("topic", "parts", "messages", "per second", "behind"), look, strict=True):
        on = title == order or (title == "topic" and order == "name")
        text = f"▾{title}" if on else title
        padded = (
            text + " " * (width - cells(text)) if title == "topic" else " " * (width - cells(text)) + text
        )
        if width:
            parts.append((padded, "mark" if on else "dim", None))
    return Line(tuple(parts))


def items(topics: Sequence[Topic], look: Widths) -> list[Item]:
    """All rows."""
    rate = sum(each.info.rate or 0.0 for each in topics)
    behind = [each.behind for each in topics if each.behind is not None]
    every = _item(
        "All topics" if len(topics) != 1 else "All", look, "h3", ALL,
        str(sum(len(each.info.partitions) for each in topics)), sum(each.info.messages for each in topics),
        rate if any(each.info.rate is not None for each in topics) else None, sum(behind) if behind else None,
        "●" if topics else "○", "ok" if topics else "dim",
    )  # fmt: skip
    return [every, *(_one(each, look) for each in topics)]


def _one(topic: Topic, look: Widths) -> Item:
    info = topic.info
    icon, style = ("▲", "bad") if info.leaderless else ("●", "ok") if info.rate else ("○", "dim")
    said = shorten_middle(one_line(info.name), look.topic)
    return _item(
        said, look, "bad" if info.leaderless else "title", info.name,
        str(len(info.partitions)), info.messages, info.rate, topic.behind, icon, style,
    )  # fmt: skip


def _item(
    said: str, look: Widths, style: str, key: str, partitions: str, messages: int, rate: float | None,
    behind: int | None, icon: str, icon_style: str,
) -> Item:  # fmt: skip
    shown = shorten(said, look.topic)
    figures = (
        (partitions, look.parts, "dim"),
        (f"{messages:,}", look.messages, "title"),
        (per_second(rate), look.rate, "title" if rate else "dim"),
        ("" if behind is None else f"{behind:,}", look.behind, "warn" if behind else "dim"),
    )
    runs: tuple[Run, ...] = (
        (f"{icon} ", icon_style, None),
        (shown + " " * (look.topic - cells(shown)), style, None),
        *((f"{text:>{width}}", style, None) for text, width, style in figures if width),
    )
    return Item("", lead=runs, key=key)


def per_second(rate: float | None) -> str:
    """A rate; "" where it is not known yet."""
    if rate is None:
        return ""
    return f"{rate:,.0f}" if rate >= 9.95 or not rate else f"{rate:.1f}"


def counted(topics: Sequence[Topic], of: int, groups: int) -> str:
    """How many there are."""
    told = f"{len(topics):,} of {plural(of, 'topic')}" if len(topics) != of else plural(of, "topic")
    return f"{told} · {plural(groups, 'group')}" if groups else told


def details(chosen: Topic | None, reading: BusReading, width: int) -> list[Line]:
    """A topic in full, or the groups of all."""
    return _all(reading, width) if chosen is None else _full(chosen, width)


def _full(topic: Topic, width: int) -> list[Line]:
    info = topic.info
    lines = wrap([(one_line(info.name), "h3", None)], width)
    if info.leaderless:
        count = plural(len(info.partitions), "partition")
        said = f"{info.leaderless} of {count} cannot be read: no broker leads them."
        lines += wrap([(said, "bad", None)], width)
    rate = "" if info.rate is None else f", {per_second(info.rate)} per second"
    lines += _told("messages", f"{info.messages:,}{rate}", width)
    names = _names_width(topic.groups, width)
    for each in topic.groups:
        lags = sum(lag.messages for lag in each.lags if lag.topic == info.name)
        lines += _group(each, lags, width, names=names)
    if topic.unread:
        said = f"{one_line(topic.unread)}  has read nothing yet: {plural(info.messages, 'message')} wait"
        lines += _told("group", f"{said}{'s' if info.messages == 1 else ''}", width, "warn")
    elif not topic.groups:
        lines += _told("groups", "none reads it", width)
    lines += [BLANK, Line(((f"{'part':>4}{'first':>14}{'next':>14}{'broker':>8}", "dim", None),))]
    for part in info.partitions:
        begin = "" if part.begin is None else f"{part.begin:,}"
        end = "" if part.end is None else f"{part.end:,}"
        leader = "none" if part.leader is None else str(part.leader)
        style = "bad" if part.leader is None else "title"
        lines.append(Line(((f"{part.number:>4}{begin:>14}{end:>14}{leader:>8}", style, None),)))
    return lines


def _all(reading: BusReading, width: int) -> list[Line]:
    lines: list[Line] = []
    names = _names_width(reading.groups, width)
    for each in reading.groups:
        lines += _group(each, each.lag, width, names=names)
    if not reading.groups:
        lines += _told("groups", "none has read anything yet", width)
    if reading.note:
        lines += wrap([(one_line(reading.note), "warn", None)], width)
    return lines


def _names_width(groups: Sequence[GroupInfo], width: int) -> int:
    """Columns of the names of groups, so that what follows stands in a column where there is room."""
    longest = max((cells(one_line(each.name)) for each in groups), default=0)
    return longest if longest <= (width - _LABEL) // 2 else 0


def _group(group: GroupInfo, lag: int, width: int, *, names: int) -> list[Line]:
    members = "" if group.members is None else f", {plural(group.members, 'member')}"
    state = f", {one_line(group.state).lower()}" if group.state else ""
    if group.members == 0:
        members, state = ", nobody is in it", ""
    name = one_line(group.name)
    behind = f"{plural(lag, 'message')} behind" if lag else "up to date"
    first: tuple[Run, ...] = (("group     ", "dim", None),)
    runs: list[Run] = [
        (name + " " * (names - cells(name)), "title", None), (f"  {behind}", "warn" if lag else "ok", None),
        (f"{members}{state}", "dim", None),
    ]  # fmt: skip
    return wrap(runs, width, first=first, rest=((" " * _LABEL, "", None),))


def _told(label: str, text: str, width: int, style: str = "title") -> list[Line]:
    first: tuple[Run, ...] = ((f"{label:<{_LABEL}}", "dim", None),)
    return wrap([(text, style, None)], width, first=first, rest=((" " * _LABEL, "", None),))
