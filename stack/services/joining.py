"""A program's clients of the bus: made here, ended here, and seen on its pages."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from agent_core.config import load
from agent_core.errors import AgentError
from agent_core.streaming.access import Access, access_of
from agent_core.streaming.names import METRICS
from agent_core.streaming.ports import Sink, Source
from stack.services.base import Service
from stack.services.beside import beside
from stack.services.metrics import Sample
from stack.services.reporting import report

_log = logging.getLogger(__name__)
_AGAIN_S, _LOOK_S = 5.0, 30.0
_FIGURES_BYTES = 256 * 1024
_READ = {
    "received": ("received_total", "Messages of ours that were read"),
    "repeated": ("repeated_total", "Of them, those that had come before"),
    "unknown": ("unknown_total", "Messages that were passed over: of another version, or nobody's here"),
    "broken": ("broken_total", "Messages that were passed over, as they cannot be read"),
}
_SENT = {
    "sent": ("sent_total", "Messages that a broker took"),
    "waiting": ("waiting", "Messages that no broker has taken yet"),
    "dropped": ("dropped_total", "Messages that were given up for want of room"),
    "refused": ("refused_total", "Messages that no broker takes"),
}


class Joined:
    """Makes clients; all of them end with the program, the newest first."""

    def __init__(self, service: Service, access: Access, ending: AsyncExitStack) -> None:
        self.access = access
        self._service, self._ending = service, ending
        self._sources: list[Source] = []
        self._sinks: list[Sink] = []
        service.add(self._figures)

    def source(self, group: str, topics: tuple[str, ...], *, member: str = "") -> Source:
        """Reads topics as a member of a group; its fault is the program's."""
        from agent_core.streaming.source import KafkaSource

        source = KafkaSource(self.access, group=group, topics=topics, member=member)
        self._ending.push_async_callback(source.aclose)
        self._service.follow(lambda: source.fault)
        self._sources.append(source)
        return source

    def sink(self, folder: Path | None = None) -> Sink:
        """Sends messages, which wait in the folder while no broker takes them; its fault is the program's."""
        sink = self.quiet_sink(folder)
        self._service.follow(lambda: sink.standing.fault)
        self._sinks.append(sink)
        return sink

    def quiet_sink(self, folder: Path | None = None, **limits: int) -> Sink:
        """The same, and nobody is told of its faults."""
        from agent_core.streaming.sink import KafkaSink

        sink = KafkaSink(self.access, folder=folder, **limits)
        self._ending.push_async_callback(sink.aclose)
        return sink

    def _figures(self) -> Iterator[Sample]:
        """What was read and sent."""
        for clients, told in (
            ([source.counts for source in self._sources], _READ),
            ([sink.standing for sink in self._sinks], _SENT),
        ):
            for field, (name, help_text) in told.items() if clients else ():
                yield Sample(f"dspy_tui_bus_{name}", sum(getattr(one, field) for one in clients), help_text)


@asynccontextmanager
async def joined(
    service: Service, env: Mapping[str, str], *, makes: Mapping[str, int]
) -> AsyncGenerator[Joined]:
    """Join the bus that the environment names while the block runs.

    Args:
        service: The program.
        env: Its environment.
        makes: Topics that it makes wherever they are missing, also later on, with their partitions.

    Raises:
        ConfigError: An address or an option is wrong.
    """
    access = access_of(load(root=None, env=env).settings)
    async with AsyncExitStack() as ending:
        bus = Joined(service, access, ending)
        reporting = partial(report, service, bus.quiet_sink(most_bytes=_FIGURES_BYTES))
        async with beside(reporting, partial(_make, access, {**makes, METRICS: 1})):
            yield bus


async def _make(access: Access, wanted: Mapping[str, int]) -> None:
    """Make topics that are missing, and for ever again those that somebody removes."""
    from agent_core.streaming.making import make_topics

    said: str = ""
    while True:
        try:
            for partitions in sorted(set(wanted.values())):
                names = tuple(name for name, number in wanted.items() if number == partitions)
                if made := await make_topics(access, names, partitions=partitions):
                    _log.info("topics were made: %s", ", ".join(made))
            said, again = "", _LOOK_S
        except Exception as error:  # noqa: BLE001 - whatever it was, nothing works without them
            again, known = _AGAIN_S, isinstance(error, AgentError)
            if said != str(error):
                said = str(error)
                _log.warning("topics cannot be made: %s", said, exc_info=None if known else error)
        await asyncio.sleep(again)
