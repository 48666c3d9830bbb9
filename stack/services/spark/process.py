"""`python -m stack.services.spark.process`: runs the query, and tells how it stands on standard output.

A line is a `Report`. Everything else that it or Java has to say goes to standard error. It ends when its
standard input does, so it never outlives whoever started it, and Java does not outlive it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

import msgspec

from agent_core.errors import AgentError, BusFault
from agent_core.streaming.access import Access
from agent_core.streaming.admin import BusAdmin
from agent_core.streaming.names import raw_logs
from agent_core.streaming.reach import reach
from agent_core.streaming.values import TopicInfo
from agent_core.text import shorten
from stack.services.spark.config import JobConfig, config_of
from stack.services.spark.detour import Detour
from stack.services.spark.failing import cause_of
from stack.services.spark.query import Totals, lag_of, start
from stack.services.spark.report import Report
from stack.services.spark.session import open_session

_LOOK_S = 0.5
_REACH_EVERY = 10
"""Looks from one try to reach the bus to the next."""
_BACKOFF_S = (1.0, 2.0, 5.0, 10.0)
_SHOWN = 300


class _Told:
    """Tells what is new on a descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._last: Report | None = None

    def say(self, report: Report) -> None:
        if report != self._last:
            self._last = report
            os.write(self._descriptor, msgspec.json.encode(report) + b"\n")


def run(config: JobConfig, say: Callable[[Report], None], stopping: threading.Event) -> None:
    """Run the query until it is to stop; one that fails is begun again.

    Raises:
        Exception: Spark cannot be started, or Java is gone.
    """
    say(Report(state="starting", reason=f"Spark is started on {config.master}"))
    detour = Detour(open_session(config, name="dspy-tui logs"))
    totals, failures = Totals(), 0
    try:
        while not stopping.is_set():
            if (fault := _refused(config, detour)) is None:
                before = totals.lines
                cause = _follow(detour, config, totals, stopping, say)
                if cause is None or detour.helps(cause):
                    continue
                # what Java says of a bus that is away is less clear
                fault = _refused(config) or f"the query failed and is begun again: {shorten(cause, _SHOWN)}"
                failures = 0 if totals.lines > before else failures
            say(Report(state="degraded", reason=fault, figures=_figures(totals, None)))
            detour.session.spark.sparkContext.uiWebUrl  # noqa: B018 - raises where Java is gone
            stopping.wait(_BACKOFF_S[min(failures, len(_BACKOFF_S) - 1)])
            failures += 1
    finally:
        detour.session.spark.stop()


def _follow(
    detour: Detour,
    config: JobConfig,
    totals: Totals,
    stopping: threading.Event,
    say: Callable[[Report], None],
) -> str | None:
    """Run a query until it is to stop, or another one goes on in its place; why it failed."""
    session = detour.session
    with_what = f"our own data source, as {session.why}" if session.why else "Spark's Kafka connector"
    working = f"turns raw logs into key events on {config.master}, with {with_what}"
    query = start(session, config, totals)
    looks = 0
    fault: str | None = None
    try:
        while query.isActive and not stopping.wait(_LOOK_S):
            looks += 1
            if looks % _REACH_EVERY == 0:
                fault = _unreachable(config.access)
            figures = _figures(totals, query.lastProgress)
            say(Report(state="degraded" if fault else "working", reason=fault or working, figures=figures))
            if detour.is_over(query.lastProgress):
                return None
        return None if stopping.is_set() else cause_of(str(query.exception()))
    finally:
        query.stop()


def _figures(totals: Totals, progress: Any) -> dict[str, float]:
    figures: dict[str, float] = {
        f"{name}_total": value for name, value in msgspec.structs.asdict(totals).items()
    }
    if progress:
        told: dict[str, Any] = msgspec.json.decode(progress.json)
        figures |= {
            "batch_seconds": told.get("batchDuration", 0) / 1000,
            "batch_messages": told.get("numInputRows", 0),
            "lag": lag_of(told),
        }
    return figures


def _unreachable(access: Access) -> str | None:
    """Why nobody listens where the bus is."""
    try:
        reach(access)
    except BusFault as fault:
        return f"{fault.message}. {fault.hint}".strip()
    return None


def _refused(config: JobConfig, detour: Detour | None = None) -> str | None:
    """Why the bus cannot be asked; else a detour looks at what is there."""
    try:
        topics = asyncio.run(_asked(config.access))
    except BusFault as fault:
        return f"{fault.message}. {fault.hint}".strip()
    if detour is not None:
        detour.look(config.state, topics)
    return None


async def _asked(access: Access) -> tuple[TopicInfo, ...]:
    async with BusAdmin(access) as admin:
        return (await admin.look((raw_logs("*"),))).topics


def main() -> int:
    """Run until a signal, or the end of standard input."""
    told = _Told(os.dup(1))
    os.dup2(2, 1)
    stopping = threading.Event()

    def stop(*_: object) -> None:
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        run(config_of(os.environ), told.say, stopping)
    except AgentError as error:
        told.say(Report(state="degraded", reason=f"{error.message}. {error.hint}".strip()))
        return 2
    except Exception as error:  # noqa: BLE001 - the edge: whatever Spark raises
        told.say(Report(state="degraded", reason=f"Spark: {shorten(cause_of(str(error)), _SHOWN)}"))
        return 1
    return 0


def _end_with_input() -> None:
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
