"""Which offsets are a member's to commit, over exchanges of partitions."""

from __future__ import annotations

from typing import NamedTuple

from agent_core.streaming.owning import Owned


def test_what_was_read_is_committed_once() -> None:
    owned = Owned()
    owned.got(["a", "b"])
    owned.read("a", 5)
    assert owned.to_commit({"a": 8}) == ({"a": 8}, True)
    owned.committed([("a", 8)])
    assert owned.to_commit({"a": 8}) == ({}, True)
    assert owned.to_commit({"a": 7}) == ({}, True)


def test_a_partition_that_stays_through_an_exchange_is_still_one_s_own() -> None:
    owned = Owned()
    owned.got(["a", "b"])
    owned.read("a", 0)
    owned.read("b", 0)
    owned.gave(["a", "b"])
    owned.got(["a", "c"])
    assert owned.to_commit({"a": 1, "b": 1}) == ({"a": 1}, False)


def test_one_that_went_and_came_back_may_have_been_another_s_meanwhile() -> None:
    owned = Owned()
    owned.got(["a"])
    owned.read("a", 0)
    owned.lost(["a"])
    assert not owned.any
    owned.got(["a"])
    assert owned.to_commit({"a": 1}) == ({}, False)
    owned.read("a", 10)  # another has committed up to here
    assert owned.to_commit({"a": 1}) == ({}, True)
    assert owned.to_commit({"a": 11}) == ({"a": 11}, True)


def test_a_lost_membership_ends_an_exchange() -> None:
    owned = Owned()
    owned.got(["a"])
    owned.read("a", 0)
    owned.gave(["a"])
    owned.lost(["a"])
    owned.got(["a"])
    assert owned.to_commit({"a": 1}) == ({}, False)


class Part(NamedTuple):
    topic: str
    partition: int


def test_of_a_topic_that_was_made_again_nothing_is_read_yet() -> None:
    owned, ids = Owned(), {"t": 1, "u": 1}
    old, other = Part("t", 0), Part("u", 0)
    owned.got([old, other])
    assert owned.renewed(ids.get) == []
    owned.read(old, 7)
    owned.read(other, 7)
    del ids["t"]
    assert owned.renewed(ids.get) == []  # it may only not be known
    ids["t"] = 2
    assert owned.renewed(ids.get) == [old]
    assert owned.renewed(ids.get) == []
    assert owned.to_commit({old: 8, other: 8}) == ({other: 8}, False)
    owned.read(old, 0)
    assert owned.to_commit({old: 1}) == ({old: 1}, True)
