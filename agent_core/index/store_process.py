"""The table of record in a process of its own, which is there while there is something to read or write:
LanceDB takes 200 MiB as soon as it is imported."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import msgspec

from agent_core.errors import IndexFault
from agent_core.index import store_protocol as p
from agent_core.workers.client import WorkerProcess
from agent_core.workers.resting import Resting

_FIRST_S = 30.0
"""How long it is kept at first, unless the tables are up to date before."""


class StoreProcess:
    """Asks the process that LanceDB runs in, started by the first question.

    What is asked at the same time is answered one after the other.

    Args:
        root: The workspace's root: where relative places are looked for.
    """

    def __init__(self, root: Path) -> None:
        self._process = Resting(
            WorkerProcess(
                module="agent_core.index.store_worker",
                name="LanceDB",
                fault=IndexFault,
                cwd=root,
                first=_first,
                on_told=_noted,
            ),
            first_s=_FIRST_S,
        )

    @property
    def awake(self) -> bool:
        """Whether the process runs."""
        return self._process.awake

    async def ask(self, asked: p.Asked, kind: Any, *, seconds: float) -> Any:
        """The answer.

        Args:
            asked: The question.
            kind: The type of the answer.
            seconds: A call that takes longer is given up, and its process is killed.

        Raises:
            IndexFault: The tables cannot be read or written, or the process ended.
            TimeoutError: It took too long; the message says how long that is.
        """
        try:
            answer = self._process.ask(asked, p.Outcome)
            outcome: p.Outcome = await asyncio.wait_for(answer, seconds)
        except TimeoutError:
            await self._process.kill()
            raise TimeoutError(f"{seconds:.0f} s") from None
        if outcome.error is not None:
            raise IndexFault(outcome.error.message, hint=outcome.error.hint, broken=outcome.broken)
        return msgspec.msgpack.decode(outcome.value, type=kind)

    def settle(self) -> None:
        """The tables are as they should be: nothing more is to come of a start."""
        self._process.settle()

    async def aclose(self) -> None:
        """Write what waits, and end the process."""
        await self._process.aclose()


def _noted(value: msgspec.Raw) -> None:
    noted = msgspec.msgpack.decode(value, type=p.Noted)
    logging.getLogger(noted.logger).log(noted.level, "%s", noted.text)


async def _first() -> p.Start:
    return p.Start()
