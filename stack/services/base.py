"""What every program in a container has: /health and /metrics, a log of JSON lines, and a graceful end.

A program is a coroutine that gets a `Service` and runs until `Service.stopping` is set, which SIGTERM and
SIGINT do. It says how it stands with `Service.say`; the same state is in /health, in the metrics and, once
per change, in the log.
"""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from typing import Literal, get_args

import msgspec

from agent_core.errors import ConfigError, ErrorInfo
from agent_core.folders import APP
from stack.services.asking import Asking
from stack.services.logs import log_as_json
from stack.services.metrics import Sample, exposition
from stack.services.names import PORT, PORT_VARIABLE
from stack.services.web import Answer, serving

State = Literal["starting", "waiting", "working", "degraded", "stopping"]
"""`waiting`: all is well, and what it is for has nothing to read yet. `degraded`: it runs, and something that
it needs is missing. Only `starting` and `stopping` are unhealthy: everything else would not be mended by a
restart."""
Fault = Callable[[], ErrorInfo | None]
"""Why a client of the bus can do nothing now; None where it can."""
_BUS_EVERY_S, _FAULTS_EVERY_S = 10.0, 1.0
_log = logging.getLogger(__name__)


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a program stands, as /health says it.

    `reads` and `writes` are the topics that it will use, `reason` why it is in this state, and what to do.
    """

    service: str
    state: State = "starting"
    reason: str = ""
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    bus: str = ""
    bus_up: bool = False
    uptime: float = 0.0


class Stopping(asyncio.Event):
    """Set where the program is to stop; knows since when."""

    _at: float | None = None

    def set(self) -> None:  # noqa: D102
        if self._at is None:
            self._at = time.monotonic()
        super().set()

    @property
    def seconds(self) -> float:
        """How long ago it was told to."""
        return 0.0 if self._at is None else time.monotonic() - self._at


class Service:
    """A running program.

    Args:
        name: As the stack calls it.
        reads: The topics that it will read.
        writes: The topics that it will write.
        bus: The bootstrap servers of Kafka, HOST:PORT, several with commas; "" where it needs none.
    """

    def __init__(
        self, name: str, *, reads: tuple[str, ...] = (), writes: tuple[str, ...] = (), bus: str = ""
    ) -> None:
        self._standing = Standing(service=name, reads=reads, writes=writes, bus=bus)
        self._began = time.monotonic()
        self._figures: dict[str, Sample] = {}
        self._faults: list[Fault] = []
        self._others: list[Fault] = []
        self._further: list[Callable[[], Iterable[Sample]]] = []
        self.stopping = Stopping()

    @property
    def standing(self) -> Standing:
        """How it stands now; degraded while one of its clients of the bus has a fault."""
        standing = msgspec.structs.replace(
            self._standing, uptime=round(time.monotonic() - self._began, 1), **self._bus_now()
        )
        if standing.state in ("waiting", "working") and (fault := self._fault() or _first(self._others)):
            reason = f"{fault.message}. {fault.hint}".strip()
            return msgspec.structs.replace(standing, state="degraded", reason=reason)
        return standing

    def follow(self, fault: Fault, *, of_bus: bool = True) -> None:
        """From now on a client of its own says whether the bus answers, or something else whether it can do
        what it is for."""
        (self._faults if of_bus else self._others).append(fault)

    def add(self, samples: Callable[[], Iterable[Sample]]) -> None:
        """From now on its figures have these, as they are whenever they are asked for."""
        self._further.append(samples)

    def _fault(self) -> ErrorInfo | None:
        return _first(self._faults)

    def _bus_now(self) -> dict[str, bool]:
        return {"bus_up": self._fault() is None} if self._faults else {}

    def say(self, state: State, reason: str = "") -> None:
        """From now on it stands like this; logged when it is news."""
        before = self._standing
        self._standing = msgspec.structs.replace(before, state=state, reason=reason)
        if (before.state, before.reason) != (state, reason):
            extra = {"state": state, "reads": list(before.reads), "writes": list(before.writes)}
            _log.log(logging.WARNING if state == "degraded" else logging.INFO, reason or state, extra=extra)

    def measure(self, name: str, value: float, help_text: str) -> None:
        """Set a figure of its own, `dspy_tui_…`, without the prefix."""
        self._figures[name] = Sample(f"dspy_tui_{name}", value, help_text)

    def count(self, name: str, help_text: str, by: float = 1) -> None:
        """Add to a figure of its own, which begins with 0; its name ends with `_total`."""
        before = self._figures.get(name)
        self.measure(name, by + (before.value if before else 0), help_text)

    def figures(self) -> dict[str, float]:
        """Its figures as on /metrics; of its state only the one in which it is."""
        return {
            sample.name: sample.value
            for sample in self._samples()
            if sample.labels.get("state", self.standing.state) == self.standing.state
        }

    async def waits(self, reason: str) -> None:
        """Stand as waiting until it is to stop."""
        self.say("waiting", reason)
        await self.stopping.wait()

    def answer(self, path: str) -> Answer | None:
        """What is answered over HTTP; None where there is no such page."""
        match path:
            case "/health":
                standing = self.standing
                status = 503 if standing.state in ("starting", "stopping") else 200
                return Answer(status, "application/json", msgspec.json.encode(standing) + b"\n")
            case "/metrics":
                kind = "text/plain; version=0.0.4; charset=utf-8"
                return Answer(200, kind, exposition(self._samples()).encode())
            case _:
                return None

    def _samples(self) -> list[Sample]:
        standing = self.standing
        used = resource.getrusage(resource.RUSAGE_SELF)
        name = {"service": standing.service}
        found = [
            Sample(
                "dspy_tui_state", float(state == standing.state), "1 for its state", name | {"state": state}
            )
            for state in get_args(State)
        ]
        found += [
            Sample("dspy_tui_uptime_seconds", standing.uptime, "Since its start", name),
            Sample("dspy_tui_cpu_seconds_total", used.ru_utime + used.ru_stime, "Processor time", name),
            Sample("dspy_tui_memory_bytes", _memory(), "Resident memory", name),
        ]
        if standing.bus:
            found.append(Sample("dspy_tui_bus_up", float(standing.bus_up), "Whether Kafka answers", name))
        own = (*self._figures.values(), *(sample for further in self._further for sample in further()))
        return found + [msgspec.structs.replace(figure, labels=name | figure.labels) for figure in own]

    async def watch_bus(self, env: Mapping[str, str]) -> None:
        """Log whether the bus answers whenever that changes: its clients know it, and where there is none it
        is asked every few seconds.

        Args:
            env: The environment, which says how the bus is reached.
        """
        said: str | None = None
        asking = Asking(env)
        try:
            while self._standing.bus:
                if self._faults:
                    await asking.aclose()
                fault = self._fault() if self._faults else await asking.fault()
                if said != (now := fault.message if fault else ""):
                    said = now
                    self._standing = msgspec.structs.replace(self._standing, bus_up=fault is None)
                    level = logging.INFO if fault is None else logging.WARNING
                    extra = {"bus": self._standing.bus, "state": self.standing.state}
                    _log.log(level, now or "the bus answers", extra=extra)
                await asyncio.sleep(_FAULTS_EVERY_S if self._faults else _BUS_EVERY_S)
        finally:
            await asking.aclose()


def _first(faults: Iterable[Fault]) -> ErrorInfo | None:
    return next(filter(None, (fault() for fault in faults)), None)


def _memory() -> float:
    """Resident memory in bytes."""
    with suppress(OSError, ValueError, IndexError), open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
        return float(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * 1024


async def on_the_bus(service: Service, work: Callable[[], Awaitable[None]]) -> None:
    """Do the work of a program that cannot do without the bus, where one is named and how it is reached is
    right; else say so until it is to stop."""
    if not service.standing.bus:
        await service.waits("waiting: KAFKA_BOOTSTRAP names no bus")
        return
    try:
        await work()
    except ConfigError as error:
        service.say("degraded", f"{error.message}. {error.hint}".strip())
        await service.stopping.wait()


Program = Callable[[Service], Awaitable[None]]


async def run(
    service: Service, program: Program, *, host: str, port: int, env: Mapping[str, str] = os.environ
) -> None:
    """Serve /health and /metrics while the program runs; raises what it raises, and OSError for the port."""
    watching = asyncio.create_task(service.watch_bus(env))
    try:
        async with serving(service.answer, host=host, port=port):
            await program(service)
            service.say("stopping")
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


def main(service_of: Callable[[Mapping[str, str]], tuple[Service, Program]]) -> int:
    """Run a program until a signal ends it; returns the exit code.

    Args:
        service_of: Makes the service and its coroutine from the environment; ValueError where it cannot.
    """
    return asyncio.run(_main(service_of, os.environ))


async def _main(
    service_of: Callable[[Mapping[str, str]], tuple[Service, Program]], env: Mapping[str, str]
) -> int:
    try:
        service, program = service_of(env)
    except ValueError as error:
        log_as_json(APP)
        _log.error("%s", error)
        return 1
    log_as_json(service.standing.service)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, service.stopping.set)
    try:
        await run(service, program, host="0.0.0.0", port=int(env.get(PORT_VARIABLE) or PORT), env=env)
    except Exception:  # noqa: BLE001 - the edge: whatever it was, it is one line of the log
        _log.exception("ended by an error")
        return 1
    _log.info("ended as it was told to")
    return 0
