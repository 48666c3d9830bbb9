"""The query: `logs.raw.*`, by service, to `logs.ctx.<service>`."""

from __future__ import annotations

import asyncio
import importlib
import logging
import time
from collections.abc import Callable
from typing import Any

import msgspec

from agent_core.errors import BusFault, BusUnreachable
from agent_core.streaming.access import Access
from agent_core.streaming.admin import BusAdmin
from agent_core.streaming.making import make_topics
from agent_core.streaming.names import log_context, raw_logs
from stack.services.spark.checkpoint import folder_of, forget_unbegun
from stack.services.spark.config import JobConfig
from stack.services.spark.mining import STATE, TOLD, mine_service
from stack.services.spark.options import connector_options, source_options
from stack.services.spark.saying import set_up_logging
from stack.services.spark.session import CONNECTOR, Session

MOST_MESSAGES = 40_000
"""Of a batch. Blocks of lines are large, so that it is not more; foreign lines are single, so not less."""
_EVERY = "1 second"
_AGAIN_S = 60.0
"""After how long making a topic is tried again that could not be made."""
_PATTERN = raw_logs("*").replace(".", r"\.").replace("*", ".+")
_SERVICE = raw_logs("*").replace(".", r"\.").replace("*", "")
_OUT = "topic string, key binary, value binary"
Offsets = dict[tuple[str, str], int]
"""By topic and partition."""
_log = logging.getLogger(__name__)


class Totals(msgspec.Struct):
    """What came of all batches of a query so far; `contexts` are messages that were sent."""

    contexts: int = 0
    events: int = 0
    lines: int = 0
    repeated: int = 0
    broken: int = 0


def start(session: Session, config: JobConfig, totals: Totals) -> Any:
    """Begin the query where the checkpoint says that it was; Spark's handle of it.

    A batch is sent before it is noted as done: so after a crash the same is sent again, under the same ids.
    """
    set_up_logging()
    options = _options(session, config.access)
    functions = importlib.import_module("pyspark.sql.functions")
    timeouts = importlib.import_module("pyspark.sql.streaming.state")
    raw = (
        session.spark.readStream.format(session.format)
        .options(**options)
        .option("subscribePattern", _PATTERN)
        .option("startingOffsets", "earliest")
        .option("maxOffsetsPerTrigger", str(MOST_MESSAGES))
        .option("failOnDataLoss", "false")
        .load()
    )
    messages = raw.select(
        functions.regexp_replace("topic", f"^{_SERVICE}", "").alias("service"),
        "partition",
        "offset",
        functions.unix_millis("timestamp").alias("time"),
        "value",
    )
    told = messages.groupBy("service").applyInPandasWithState(
        mine_service, TOLD, STATE, "append", timeouts.GroupStateTimeout.NoTimeout
    )
    writer = told.writeStream.foreachBatch(_sender(session, config.access, options, totals))
    forget_unbegun(config.state)
    return (
        writer.option("checkpointLocation", str(folder_of(config.state)))
        .trigger(processingTime=_EVERY)
        .start()
    )


class Topics:
    """Topics that are written to, made where they are missing; those that cannot be made are left out."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._made: set[str] = set()
        self._refused: dict[str, float] = {}

    def usable(self, names: set[str]) -> set[str]:
        """Those of the topics that can be written to. Of the others a warning tells, once.

        Raises:
            BusFault: The bus cannot be asked.
        """
        for name in sorted(names - self._made):
            if time.monotonic() < self._refused.get(name, 0.0):
                continue
            fault = asyncio.run(_made(self._access, name))
            if fault is None:
                self._made.add(name)
                continue
            if name not in self._refused:
                said = f"{fault.message}. {fault.hint}".strip()
                _log.warning("%s cannot be made, so what belongs there is lost: %s", name, said)
            self._refused[name] = time.monotonic() + _AGAIN_S
        return names & self._made


async def _made(access: Access, name: str) -> BusFault | None:
    """Make a topic if it is missing; why it cannot be made, where that is for its own sake."""
    try:
        await make_topics(access, (name,))
    except BusUnreachable:
        raise
    except BusFault as fault:
        async with BusAdmin(access) as admin:  # which fails where all topics would, as with a wrong password
            await admin.look((raw_logs("*"),))
        return fault
    return None


def _options(session: Session, access: Access) -> dict[str, str]:
    return connector_options(access) if session.format == CONNECTOR else source_options(access)


def _sender(
    session: Session, access: Access, options: dict[str, str], totals: Totals
) -> Callable[[Any, int], None]:
    """Sends what a batch tells: a message or so for each service, so they come together here."""
    topics = Topics(access)

    def send(batch: Any, _: int) -> None:
        rows = batch.collect()
        told = [row for row in rows if row.context is not None]
        usable = topics.usable({log_context(row.service) for row in told})
        told = [row for row in told if log_context(row.service) in usable]
        if told:
            values = [(log_context(row.service), row.service.encode(), bytes(row.context)) for row in told]
            frame = session.spark.createDataFrame(values, _OUT).coalesce(1)
            frame.write.format(session.format).options(**options).mode("append").save()
        totals.contexts += len(told)
        for name in ("events", "lines", "repeated", "broken"):
            setattr(totals, name, getattr(totals, name) + sum(getattr(row, name) for row in rows))

    return send


def lag_of(progress: dict[str, Any]) -> int:
    """Messages that are on the topics and were not read yet, as Spark's report of a batch tells it."""
    lag = 0
    for source in progress.get("sources") or ():
        end, latest = offsets_in(source.get("endOffset")), offsets_in(source.get("latestOffset"))
        lag += sum(max(0, offset - end.get(place, 0)) for place, offset in latest.items())
    return lag


def caught_up(progress: dict[str, Any]) -> bool:
    """Whether a batch ended just where the topics do; one that ends behind them is of what is gone."""
    ends = [
        (offsets_in(source.get("endOffset")), offsets_in(source.get("latestOffset")))
        for source in progress.get("sources") or ()
    ]
    return bool(ends) and all(end == latest for end, latest in ends)


def offsets_in(told: object) -> Offsets:
    """Offsets by topic and partition; Spark tells them as JSON, or as JSON in a text."""
    try:
        data = told.encode() if isinstance(told, str) else msgspec.json.encode(told)
        topics = msgspec.json.decode(data, type=dict[str, dict[str, int]])
    except msgspec.MsgspecError:
        return {}
    return {(topic, place): offset for topic, places in topics.items() for place, offset in places.items()}
