"""What the bus says, as plain values: they are what `--format json` prints."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from agent_core.errors import ErrorInfo
from agent_core.streaming.names import reader_of


class PartitionInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A partition: its first offset that is still there, and the one that its next message gets.

    Both are None where the partition has no leader, which `leader` (a broker's number) is None for, too.
    """

    number: int
    begin: int | None = None
    end: int | None = None
    leader: int | None = None


class TopicInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A topic. `internal` ones are the bus's own. `rate` is messages per second, None until two readings were
    compared."""

    name: str
    partitions: tuple[PartitionInfo, ...] = ()
    internal: bool = False
    rate: float | None = None

    @property
    def messages(self) -> int:
        """How many offsets there are; fewer messages where some were compacted away."""
        return sum((each.end or 0) - (each.begin or 0) for each in self.partitions)

    @property
    def end(self) -> int:
        """Offsets given out so far, over all partitions."""
        return sum(each.end or 0 for each in self.partitions)

    @property
    def leaderless(self) -> int:
        """How many partitions can neither be read nor written now."""
        return sum(each.leader is None for each in self.partitions)


class Lag(msgspec.Struct, frozen=True):
    """How many messages of a topic a group has not read yet, over the partitions of which it read some, or
    over all of them where it is one of ours. `untouched` are those of the others: how many of them it will
    read depends on where it begins."""

    topic: str
    messages: int
    untouched: int = 0


class GroupInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A consumer group. `state` is the bus's word for it (Stable, Empty, …); `members` None where it does not
    say."""

    name: str
    state: str = ""
    members: int | None = None
    lags: tuple[Lag, ...] = ()

    @property
    def lag(self) -> int:
        """Over all topics that were asked for."""
        return sum(each.messages for each in self.lags)


class BusReading(msgspec.Struct, frozen=True, kw_only=True):
    """Topics and groups, both by name, at a moment (seconds since the epoch). `note` says what could not be
    read ("" for nothing); `untold` of which groups, and why: they are none that have read nothing."""

    at: float
    topics: tuple[TopicInfo, ...] = ()
    groups: tuple[GroupInfo, ...] = ()
    untold: dict[str, str] = {}
    note: str = ""


def waiting_for(reading: BusReading, group: str, topic: str) -> int | None:
    """How many messages of a topic a group of ours has not done yet, the ones that it is working on included:
    ours begin with the oldest. None where the topic is not there, or it is not known what the group read."""
    info = next((each for each in reading.topics if each.name == topic), None)
    if info is None or group in reading.untold:
        return None
    lags = next((each.lags for each in reading.groups if each.name == group), ())
    lag = next((each for each in lags if each.topic == topic), None)
    return info.messages if lag is None else lag.messages + lag.untouched


def unread_by(reading: BusReading, topic: str) -> str:
    """The group that the work on a topic is for, where there is some and nobody read any: all of it waits. ""
    where somebody did, or that is not known."""
    group = reader_of(topic)
    read = any(lag.topic == topic for each in reading.groups for lag in each.lags)
    return "" if not group or read or not waiting_for(reading, group, topic) else group


def behind_on(reading: BusReading, topic: str) -> int | None:
    """How far the group is behind on a topic that is farthest; None where none reads it, or is to."""
    lags = [lag.messages for each in reading.groups for lag in each.lags if lag.topic == topic]
    if group := unread_by(reading, topic):
        lags.append(waiting_for(reading, group, topic) or 0)
    return max(lags, default=None)


def with_rates(earlier: BusReading, later: BusReading) -> BusReading:
    """The later reading, with the messages per second since the earlier one; None for topics that are new or
    were made anew."""
    before = {topic.name: topic for topic in earlier.topics}
    seconds = later.at - earlier.at

    def rated(topic: TopicInfo) -> TopicInfo:
        old = before.get(topic.name)
        if old is None or seconds <= 0 or topic.end < old.end:
            return topic
        return msgspec.structs.replace(topic, rate=(topic.end - old.end) / seconds)

    return msgspec.structs.replace(later, topics=tuple(map(rated, later.topics)))


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """A message's value, key or header.

    `value` is plain data for json, the text for text, base64 for bytes, None for none. `size` is in bytes, of
    the whole; `cut` says that `value` is only its beginning.
    """

    kind: Literal["none", "json", "text", "bytes"] = "none"
    value: Any = None
    size: int = 0
    cut: bool = False


class Header(msgspec.Struct, frozen=True):
    """A header of a message."""

    name: str
    payload: Payload


class Message(msgspec.Struct, frozen=True, kw_only=True, tag="message"):
    """A message. `time` is seconds since the epoch, None where it has none."""

    topic: str
    partition: int
    offset: int
    time: float | None = None
    key: Payload = Payload()
    value: Payload = Payload()
    headers: tuple[Header, ...] = ()


class BusNotice(msgspec.Struct, frozen=True, kw_only=True, tag="notice"):
    """What happened while messages were followed.

    lost: no broker answers, `error` says why, and it is tried again; back: one does again; found, gone: there
    is a topic more, or less; unreadable: messages were left out, and `error` says why. `topic` is "" where it
    is about none.
    """

    what: Literal["lost", "back", "found", "gone", "unreadable"]
    topic: str = ""
    error: ErrorInfo | None = None


Told = Message | BusNotice


class TailQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be read.

    Args:
        topics: Names, and patterns with `*`, `?` and `[…]`; topics that come to match are found, from their
            beginning on.
        last: So many messages back from the present end, of all topics together and in order of time; None
            for none.
        since: Or those of this time (seconds since the epoch) and later. With neither, what comes from now
            on.
        follow: Go on with what comes, rather than end at the present end.
        most_bytes: How much of each value, key and header is kept.
    """

    topics: tuple[str, ...]
    last: int | None = None
    since: float | None = None
    follow: bool = False
    most_bytes: int = 64 * 1024
