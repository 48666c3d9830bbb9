"""A worker's second work: the logs of its service, from the mounted folder to `logs.raw.<service>`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from pathlib import Path

from agent_core.config import Settings
from agent_core.errors import AgentError
from agent_core.logs.opening import Opener
from agent_core.logs.shipping.naming import share
from agent_core.logs.shipping.shipper import Shipper, ShipQuery
from agent_core.logs.sources.find import Finder
from agent_core.masking import log_masker
from agent_core.streaming.access import Access
from agent_core.streaming.making import make_topics
from agent_core.streaming.ports import Sink
from agent_core.workspace import Workspace
from stack.services.base import Service

GLOBS = ("**/*.log", "**/*.log.*", "**/*.out", "**/*.err", "**/*.jsonl", "**/*.txt")
"""What counts as a log in a folder that is for logs."""
_AGAIN_S = 30.0
_log = logging.getLogger(__name__)


async def ship_logs(
    service: Service,
    *,
    root: str,
    name: str,
    others: Collection[str],
    rest: bool,
    sink: Sink,
    access: Access,
    folder: Path,
) -> None:
    """Ship for ever; what goes wrong is logged once, and tried again.

    Args:
        service: The program, whose figures tell of it.
        root: The folder of logs.
        name: The service whose logs are shipped.
        others: Those whose logs others ship.
        rest: Whether what belongs to none of them is shipped, too.
        sink: Where the lines go.
        access: The same bus, on which topics are made.
        folder: Where it is kept what was delivered.
    """

    async def prepare(topic: str) -> None:
        await make_topics(access, (topic,))

    def changed() -> None:
        standing = shipper.standing
        service.measure("shipped_lines_total", standing.lines, "Lines of logs that were delivered")
        service.measure("shipped_bytes_total", standing.bytes, "Bytes of text in them")

    said = ""
    while True:
        try:
            workspace = await asyncio.to_thread(Workspace.open, root)
            finder = Finder(workspace=workspace, configured=GLOBS, kinds={})
            shipper = Shipper(
                opener=Opener(workspace=workspace, finder=finder, given=-1),
                sink=sink,
                folder=folder,
                service_of=share(name, others, rest=rest),
                mask=log_masker(Settings()),
                prepare=prepare,
                changed=changed,
            )
            await shipper.ship(ShipQuery(follow=True))
        except (AgentError, OSError) as error:
            if str(error) != said:
                said = str(error)
                _log.warning("logs are not shipped: %s", said)
        await asyncio.sleep(_AGAIN_S)
