"""MiniLM in a process of its own, which is there while there is something to embed: it takes 230 MiB."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from agent_core.index.embed.minilm import INFO
from agent_core.index.embed.port import EmbedderInfo, Purpose
from agent_core.index.embed.texts import MINILM_CHARS, beginning
from agent_core.llm.errors import ModelServerError
from agent_core.workers.client import WorkerProcess
from agent_core.workers.resting import Resting

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_AT_ONCE = 1024
"""Texts of one question to the process."""


class Start(msgspec.Struct, frozen=True):
    """The first frame to the process."""


class Embed(msgspec.Struct, frozen=True, tag=True):
    """Answered with the numbers of all vectors, one after the other, as float32."""

    texts: list[str]
    purpose: Purpose


class MiniLmProcess:
    """MiniLM behind the port; its process is started by the first call, and ends when there are no more.

    After a question, or in the hands of somebody who keeps coming back, it stays for a minute.
    """

    def __init__(self) -> None:
        self._process = Resting(
            WorkerProcess(
                module="agent_core.index.embed.minilm_worker",
                name="MiniLM",
                fault=ModelServerError,
                cwd=Path(__file__).parent,
                first=_first,
            )
        )

    @property
    def info(self) -> EmbedderInfo:
        """Known without loading it."""
        return INFO

    async def embed(self, texts: Sequence[str], *, purpose: Purpose) -> NDArray[np.float32]:
        """Vectors of the texts; the first 128 tokens of each count.

        Cancelling ends the work after the batch that runs (35 ms). Raises ModelServerError.
        """
        import numpy as np

        parts: list[bytes] = []
        for start in range(0, len(texts), _AT_ONCE):
            sent = [beginning(text, MINILM_CHARS) for text in texts[start : start + _AT_ONCE]]
            parts.append(await self._process.ask(Embed(sent, purpose), bytes, goes_on=purpose == "query"))
        return np.frombuffer(b"".join(parts), np.float32).reshape(len(texts), INFO.dims)

    def wake(self) -> None:
        """Load it in the background (0.5 s)."""
        self._process.wake()

    async def aclose(self) -> None:
        """End the process."""
        await self._process.aclose()


async def _first() -> Start:
    return Start()
