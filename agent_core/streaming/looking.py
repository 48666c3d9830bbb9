"""Topics, offsets and groups as the brokers tell them. It blocks: it is for a client's thread."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agent_core.errors import BusAuth, BusFault, NoTopic
from agent_core.streaming.access import Access
from agent_core.streaming.names import is_ours, reader_of
from agent_core.streaming.patterns import Topics
from agent_core.streaming.values import BusReading, GroupInfo, Lag, PartitionInfo, TopicInfo
from agent_core.streaming.vendor import EARLIEST, LATEST, Link, Partition

Ends = Mapping[tuple[str, int], tuple[int, int]]
"""The first and the next offset of partitions."""


class Looker:
    """Looks at the bus, again and again; it connects with the first look, and anew after one that failed."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._link = Link(access)
        self._client: Any = None

    def ask(self) -> None:
        """Have a broker answer; raises `BusFault`."""
        self._open()
        with self._link.met():
            self._client.describe_cluster()

    def look(self, wanted: Topics) -> BusReading:
        """How topics and groups are now; raises `BusFault`."""
        self._open()
        try:
            return self._look(wanted)
        except NoTopic:
            return self._look(wanted)  # one went in between; if it was one that was named, this says so

    def interrupt(self) -> None:
        """Make a look that is under way fail; from another thread."""
        self._link.interrupt()

    def close(self) -> None:
        """Give back connections and threads."""
        self._link.close()

    def _open(self) -> None:
        if self._client is not None:
            return
        try:
            self._client = self._link.admin()
        except BusFault:
            self._link.close()
            self._link = Link(self._access)
            raise

    def _look(self, wanted: Topics) -> BusReading:
        with self._link.met():
            described = {topic["name"]: topic for topic in self._client.describe_topics(None)}
        names = wanted.of(described)
        at = time.time()
        ends = self._ends([described[name] for name in names])
        topics = tuple(_topic(described[name], ends) for name in names)
        groups, untold = self._groups(ends, filter(None, map(reader_of, names)))
        return BusReading(at=at, topics=topics, groups=groups, untold=untold, note=_note(untold))

    def _ends(self, topics: Iterable[Mapping[str, Any]]) -> Ends:
        led = [
            Partition(topic["name"], each["partition_index"])
            for topic in topics
            for each in topic["partitions"]
            if each["leader_id"] >= 0
        ]
        if not led:
            return {}
        with self._link.met():
            begin = self._client.list_partition_offsets(dict.fromkeys(led, EARLIEST))
            end = self._client.list_partition_offsets(dict.fromkeys(led, LATEST))
        return {(each.topic, each.partition): (begin[each].offset, end[each].offset) for each in led}

    def _groups(self, ends: Ends, wanted: Iterable[str]) -> tuple[tuple[GroupInfo, ...], dict[str, str]]:
        """The groups that have read something; and which are not told of, the wanted ones among them."""
        with self._link.met():
            listed = [
                each for each in self._client.list_groups() if each["protocol_type"] in ("consumer", "")
            ]
        states = {each["group_id"]: each.get("group_state") or "" for each in listed}
        read, untold = self._read(sorted(states))
        untold |= self._hidden(sorted({*wanted} - states.keys()))
        lags = {name: lags_of(found, ends, from_the_oldest=is_ours(name)) for name, found in read.items()}
        names = [name for name in sorted(lags) if lags[name]]
        with self._link.met():
            told: dict[str, Any] = self._client.describe_groups(names) if names else {}
        groups = (
            GroupInfo(name=name, state=states[name], members=_members(told.get(name)), lags=lags[name])
            for name in names
        )
        return tuple(groups), untold

    def _hidden(self, names: Sequence[str]) -> dict[str, str]:
        """Which of these groups may not be seen, and why: brokers leave them out of their list without a
        word, as if there were none. Any broker says so; to look for the one that keeps a group would have it
        make the topic of all groups where there was none yet."""
        brokers = self._link.brokers() if names else []
        if not brokers:
            return {}
        with self._link.met():
            told = self._client.describe_groups(names, group_coordinator_id=brokers[0])
        faults = {name: self._link.fault(RuntimeError(told[name]["error"])) for name in names if name in told}
        return {name: fault.message for name, fault in faults.items() if isinstance(fault, BusAuth)}

    def _read(self, names: Sequence[str]) -> tuple[dict[str, Mapping[Any, Any]], dict[str, str]]:
        """What groups have committed; and which do not say, and why."""
        if not names:
            return {}, {}
        try:
            with self._link.met():
                return self._client.list_group_offsets(dict.fromkeys(names)), {}
        except BusAuth as error:  # one that is refused is all of them that are asked for at once
            if len(names) == 1:
                return {}, {names[0]: error.message}
        alone = [self._read((name,)) for name in names]
        return (
            {name: found for read, _ in alone for name, found in read.items()},
            {name: why for _, untold in alone for name, why in untold.items()},
        )


def _topic(described: Mapping[str, Any], ends: Ends) -> TopicInfo:
    name: str = described["name"]
    partitions: list[PartitionInfo] = []
    for each in sorted(described["partitions"], key=lambda each: each["partition_index"]):
        number, leader = each["partition_index"], each["leader_id"]
        begin, end = ends.get((name, number), (None, None))
        partitions.append(
            PartitionInfo(number=number, begin=begin, end=end, leader=leader if leader >= 0 else None)
        )
    return TopicInfo(name=name, partitions=tuple(partitions), internal=bool(described["is_internal"]))


def _note(untold: Mapping[str, str]) -> str:
    """Which groups are not told of, in words."""
    if not untold:
        return ""
    name, why = next(iter(untold.items()))
    which = f"The group {name} is" if len(untold) == 1 else f"{len(untold)} groups, such as {name}, are"
    return f"{which} not told: {why}"


def _members(told: Any) -> int | None:
    return None if told is None or told.get("error") or told.get("members") is None else len(told["members"])


def lags_of(read: Mapping[Any, Any], ends: Ends, *, from_the_oldest: bool) -> tuple[Lag, ...]:
    """How far a group is behind on each topic that it reads.

    Args:
        read: What it has committed, by partition.
        ends: Where partitions begin and end.
        from_the_oldest: Whether it begins with the oldest message of a partition that it has not read yet.
    """
    committed = {
        (partition.topic, partition.partition): found.offset
        for partition, found in read.items()
        if found.offset >= 0
    }
    topics = {topic for topic, number in committed if (topic, number) in ends}
    waiting, untouched = dict.fromkeys(topics, 0), dict.fromkeys(topics, 0)
    for (topic, number), (begin, end) in ends.items():
        if topic in topics:
            offset = committed.get((topic, number))
            if offset is None:
                (waiting if from_the_oldest else untouched)[topic] += end - begin
            else:
                waiting[topic] += max(0, end - max(begin, offset))
    return tuple(Lag(topic, waiting[topic], untouched[topic]) for topic in sorted(topics))
