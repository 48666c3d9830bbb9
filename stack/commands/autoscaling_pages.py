"""How `stack autoscale` stands, as /health and /metrics of the programs in the containers have it."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from agent_core.errors import ErrorInfo, StackFault
from agent_core.streaming.names import tasks
from agent_core.text import plural
from stack.scaling import Decision
from stack.services.base import Service
from stack.services.metrics import Sample
from stack.services.web import serving

NAME = "dspy-autoscaler"
_HOST = "127.0.0.1"
"""It runs on somebody's machine, beside what else there is: nobody else is told of it."""
_LOOKS = "Looks at queues and containers that were tried"
_FAULTS = "Looks in which something could not be seen or done"


class Pages:
    """What is on them, from look to look.

    Args:
        bus: The bootstrap servers of Kafka, HOST:PORT, several with commas.
    """

    def __init__(self, *, bus: str) -> None:
        self._service = Service(NAME, reads=(tasks("*"),), bus=bus)
        self._decisions: tuple[Decision, ...] = ()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._lost: ErrorInfo | None = None
        self._failed: ErrorInfo | None = None
        self._service.follow(lambda: self._lost)
        self._service.follow(lambda: self._failed, of_bus=False)
        self._service.add(self._samples)
        for name, told in (("looks", _LOOKS), ("faults", _FAULTS)):
            self._service.count(f"autoscaler_{name}_total", told, 0)

    @asynccontextmanager
    async def served(self, port: int | None) -> AsyncGenerator[None]:
        """Answer at this port of this machine while the block runs; None for no port.

        Raises:
            StackFault: It cannot be had.
        """
        async with AsyncExitStack() as ending:
            if port is not None:
                pages = serving(self._service.answer, host=_HOST, port=port)
                try:
                    await ending.enter_async_context(pages)
                except OSError as error:
                    why = error.strerror or str(error)
                    raise StackFault(
                        f"Port {port} cannot be had: {why}", hint="Give --port another."
                    ) from None
            yield

    def decided(self, decisions: Sequence[Decision]) -> None:
        """A look came to this."""
        self._decisions = tuple(decisions)
        for each in decisions:
            way = "more" if each.wanted > each.running else "fewer" if each.changes else "stays"
            self._counts[each.service, way] += 1
        self._lost = None

    def done(self) -> None:
        """What a look came to is done."""
        faults = [each for each in self._decisions if each.fault]
        self._failed = ErrorInfo("unseen", faults[0].text) if faults else None
        self._looked(is_well=not faults)

    def failed(self, error: ErrorInfo, *, of_bus: bool) -> None:
        """A look, or what it came to, met this."""
        self._lost, self._failed = (error, None) if of_bus else (None, error)
        self._looked(is_well=False)

    def _looked(self, *, is_well: bool) -> None:
        self._service.count("autoscaler_looks_total", _LOOKS)
        self._service.count("autoscaler_faults_total", _FAULTS, not is_well)
        count = len(self._decisions)
        if count:
            self._service.say("working", f"looks after {plural(count, 'service')}")
        else:
            self._service.say("waiting", "no workers run")

    def _samples(self) -> Iterator[Sample]:
        for each in self._decisions:
            of = {"worker": each.service}
            yield Sample("dspy_tui_autoscaler_replicas", each.running, "Containers that run", of)
            yield Sample("dspy_tui_autoscaler_replicas_wanted", each.wanted, "Containers that should", of)
            if each.waiting is not None:
                yield Sample("dspy_tui_autoscaler_lag", each.waiting, "Tasks that are not done", of)
        for (name, way), count in sorted(self._counts.items()):
            labels = {"worker": name, "way": way}
            yield Sample("dspy_tui_autoscaler_decisions_total", count, "What looks came to", labels)
