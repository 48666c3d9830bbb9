"""What a program does as figures on `agent.metrics`, beside its /metrics."""

from __future__ import annotations

import asyncio
import time

from agent_core.streaming.messages import Figures, new_id
from agent_core.streaming.names import METRICS
from agent_core.streaming.ports import Sink
from stack.services.base import Service

EVERY_S = 15.0


async def report(service: Service, sink: Sink, *, every: float = EVERY_S) -> None:
    """Send the figures for ever; while a broker takes none, one waits and none is added: old figures help
    nobody."""
    while True:
        if not sink.standing.waiting:
            standing = service.standing
            figures = Figures(
                id=new_id(),
                at=time.time(),
                service=standing.service,
                state=standing.state,
                figures=service.figures(),
            )
            sink.send(METRICS, figures, key=standing.service)
        await asyncio.sleep(every)
