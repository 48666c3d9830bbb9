"""The bus for the screens: how it stands from moment to moment, and messages of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Protocol

from agent_core.config import Settings
from agent_core.errors import BusFault
from agent_core.streaming.access import access_of
from agent_core.streaming.live.client import LiveTail
from agent_core.streaming.live.port import Tail
from agent_core.streaming.live.values import Place
from agent_core.streaming.patterns import Topics
from agent_core.streaming.values import BusReading
from agent_core.streaming.watch import watch

KAFKA = "kafka"
"""The service of the stack that is the bus."""
_LAST = 200
"""Messages from before that a tail begins with."""


class Bus(Protocol):
    """What the screens ask of the bus."""

    @property
    def where(self) -> str:
        """Its addresses."""
        ...

    def watch(self) -> AsyncGenerator[BusReading | BusFault]:
        """How it stands; raises `ConfigError` where the settings cannot be right."""
        ...

    def tail(self, topics: tuple[str, ...]) -> Tail:
        """Messages of topics and patterns; raises `UsageError` where one of them can be none."""
        ...


class BusDesk:
    """The bus that the settings name.

    Args:
        root: The workspace.
        settings: How it is reached.
    """

    def __init__(self, *, root: Path, settings: Settings) -> None:
        self._root, self._settings = root, settings

    @property
    def where(self) -> str:
        """Its addresses."""
        return self._settings.kafka_bootstrap

    async def watch(self) -> AsyncGenerator[BusReading | BusFault]:
        """See `Bus.watch`."""
        async with aclosing(watch(access_of(self._settings))) as readings:
            async for reading in readings:
                yield reading

    def tail(self, topics: tuple[str, ...]) -> LiveTail:
        """See `Bus.tail`."""
        Topics(topics)
        return LiveTail(root=self._root, settings=self._settings, topics=topics, place=Place(last=_LAST))
