"""What members of a group need of kafka-python, beside `vendor.py`. It is for a client's thread."""

from __future__ import annotations

from collections.abc import Callable, Collection
from importlib import import_module
from typing import Any

# The library as a whole, and first: of two threads that import parts of it at once one gets half of it.
from agent_core.streaming import vendor as vendor

_errors: Any = import_module("kafka.errors")  # it has no types
_sticky: Any = import_module("kafka.coordinator.assignors.sticky.sticky_assignor")
_structs: Any = import_module("kafka.structs")
_listeners: Any = import_module("kafka.consumer.subscription_state")

Heard = Callable[[Collection[Any]], None]
STICKY: Any = _sticky.StickyPartitionAssignor
"""Leaves partitions where they are as far as it can."""
MOVED = (
    _errors.CommitFailedError,
    _errors.IllegalGenerationError,
    _errors.UnknownMemberIdError,
    _errors.RebalanceInProgressError,
)
"""What it raises for a commit of partitions that are no longer this member's, or about to be another's."""


def place_of(offset: int) -> Any:
    """An offset as it is committed."""
    return _structs.OffsetAndMetadata(offset, "", -1)


def mended(consumer: Any) -> Any:
    """The consumer, which comes to the end of each exchange of partitions that it began. The library forgets
    one that new partitions were the reason for, where it takes longer than one call waits: it looks again
    whether there is a reason, and the next assignment took that away."""
    coordinator = consumer._coordinator
    needed = coordinator.need_rejoin
    coordinator.need_rejoin = lambda: coordinator.rejoining or needed()
    return consumer


def exchanged(consumer: Any, *, seconds: float) -> None:
    """Take part in an exchange of partitions, if there is one, for so long at most. The library asks for all
    topics before each, and begins anew with every call: one that waits for less than that takes never comes
    to its end."""
    if consumer._coordinator.need_rejoin():
        consumer._coordinator.poll(timeout_ms=seconds * 1000)


class Rebalances(_listeners.ConsumerRebalanceListener):
    """Hears which partitions a member of a group has; called in the library's thread.

    Args:
        gave: Called with those that are given back, for an exchange that tells what it has then.
        got: Called with all that it has then.
        lost: Called with those that were taken away without asking.
    """

    def __init__(self, *, gave: Heard, got: Heard, lost: Heard) -> None:
        self._gave, self._got, self._lost = gave, got, lost

    def on_partitions_revoked(self, revoked: Collection[Any]) -> None:  # noqa: D102
        self._gave(revoked)

    def on_partitions_assigned(self, assigned: Collection[Any]) -> None:  # noqa: D102
        self._got(assigned)

    def on_partitions_lost(self, lost: Collection[Any]) -> None:  # noqa: D102
        self._lost(lost)
