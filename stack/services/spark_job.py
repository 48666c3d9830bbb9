"""`python -m stack.services.spark_job`: keeps the job running that turns raw logs into key events.

Java and what Spark needs of Python are in a process of their own: when that fails, in whatever way, another
begins where the checkpoint says that it was.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec

import msgspec

from agent_core.errors import AgentError
from agent_core.streaming.names import log_context, raw_logs
from agent_core.text import one_line
from stack.services.base import Program, Service, main
from stack.services.spark.config import config_of
from stack.services.spark.failing import Telling
from stack.services.spark.report import Report

_NEEDED = ("pyspark", "pandas", "pyarrow", "kafka", "google.protobuf")
_PROCESS = ("-m", "stack.services.spark.process")
_LONGEST = 256 * 1024
_AGAIN_S = (1.0, 5.0, 15.0, 60.0)
_END_S = 20.0
"""How long the process may take to end the batch that it is at."""
_NOISE = (
    "Using ",
    "Setting default log level",
    "To adjust logging",
    "WARNING: Using incubator",
    "Picked up ",
)
_FIGURES = {
    "contexts_total": "Messages with key events that were sent",
    "events_total": "Key events in them",
    "lines_total": "Lines that were read",
    "repeated_total": "Messages that had come before",
    "broken_total": "Messages that could not be read",
    "batch_seconds": "What the last batch took",
    "batch_messages": "Messages of the last batch",
    "lag": "Messages that wait to be read",
}
_log = logging.getLogger(__name__)


def service_of(env: Mapping[str, str]) -> tuple[Service, Program]:
    """The job."""
    bus = env.get("KAFKA_BOOTSTRAP", "")

    async def program(service: Service) -> None:
        await _keep(service, env)

    return Service("spark", reads=(raw_logs("*"),), writes=(log_context("*"),), bus=bus), program


async def _keep(service: Service, env: Mapping[str, str]) -> None:
    try:
        config_of(env)
    except AgentError as error:
        service.say("degraded", f"{error.message}. {error.hint}".strip())
        await service.stopping.wait()
        return
    missing = [name for name in _NEEDED if not _there(name)]
    if missing:
        service.say(
            "degraded", f"the image lacks {', '.join(missing)}: build it again with stack init's files"
        )
        await service.stopping.wait()
        return
    failures = 0
    while not service.stopping.is_set():
        worked = await _run(service)
        failures = 0 if worked else min(failures + 1, len(_AGAIN_S) - 1)
        with suppress(TimeoutError):
            await asyncio.wait_for(service.stopping.wait(), _AGAIN_S[failures])


async def _run(service: Service) -> bool:
    """Run the process until it ends, or the program is to; whether it worked at some time."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, *_PROCESS, stdin=pipe, stdout=pipe, stderr=pipe, limit=_LONGEST, env=os.environ
    )
    assert process.stdout and process.stderr
    following = asyncio.create_task(_follow(service, process.stdout))
    logging_ = asyncio.create_task(_pass_on(process.stderr))
    stopping = asyncio.create_task(service.stopping.wait())
    ended = asyncio.create_task(process.wait())
    try:
        await asyncio.wait((stopping, ended), return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            process.terminate()
            await asyncio.wait((ended,), timeout=_END_S)
    finally:
        if process.returncode is None:
            process.kill()
        await ended
        stopping.cancel()
        worked = await following
        await asyncio.gather(logging_, stopping, return_exceptions=True)
    if not service.stopping.is_set():
        _log.warning("Spark ended with %s, and is started again", process.returncode)
        if service.standing.state != "degraded":
            service.say("degraded", f"Spark ended with {process.returncode}, and is started again")
    return worked


async def _follow(service: Service, told: asyncio.StreamReader) -> bool:
    """Say what the process says of itself; whether it worked at some time."""
    worked = False
    before: dict[str, float] = {}
    while line := await _line(told):
        try:
            report = msgspec.json.decode(line, type=Report)
        except msgspec.MsgspecError:
            continue
        service.say(report.state, report.reason)
        worked = worked or report.state == "working"
        for name, help_text in _FIGURES.items():
            value = report.figures.get(name, 0.0)
            if name.endswith("_total"):  # which count on over the ends of processes
                service.count(f"spark_{name}", help_text, value - before.get(name, 0.0))
            else:
                service.measure(f"spark_{name}", value, help_text)
        before = {**before, **report.figures}
    return worked


async def _pass_on(said: asyncio.StreamReader) -> None:
    """The logs of Java and of its Python as ours: what is a warning or an error there, with its trace."""
    telling = Telling()
    while line := await _line(said):
        raw = line.decode("utf-8", "replace")
        text = one_line(raw).strip()
        if text and not text.startswith(_NOISE):
            _log.log(logging.WARNING if telling.tells(raw) else logging.DEBUG, "%s", text)


async def _line(stream: asyncio.StreamReader) -> bytes:
    """The next line; one that is too long is passed over. Empty at the end."""
    while True:
        try:
            return await stream.readuntil(b"\n")
        except asyncio.IncompleteReadError as end:
            return end.partial
        except asyncio.LimitOverrunError as long:
            await stream.readexactly(long.consumed)


def _there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # the package that it is in
        return False


if __name__ == "__main__":
    sys.exit(main(service_of))
