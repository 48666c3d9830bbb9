"""MiniLM, the embedder in the box: on this machine, without a network."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from agent_core.index.embed.port import EmbedderInfo, Purpose

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agent_core.index.embed.minilm_onnx import MiniLm

R = TypeVar("R")
_NICE = 10
INFO = EmbedderInfo(id="minilm-int8@1", dims=384, local=True)


def load() -> MiniLm:
    """Import the libraries and load the model: 0.3 s, not on the event loop. Raises ModelNotFound."""
    from agent_core.index.embed.minilm_onnx import MiniLm

    return MiniLm()


class MiniLmEmbedder:
    """MiniLM behind the port, loaded at the first call.

    It runs in two threads of its own, one for documents and one for queries, so that a query never waits for
    documents. Documents give way to everything else that wants the processor.
    """

    def __init__(self) -> None:
        self._threads: dict[Purpose, ThreadPoolExecutor] = {
            "document": ThreadPoolExecutor(1, "minilm-documents", initializer=_give_way),
            "query": ThreadPoolExecutor(1, "minilm-query"),
        }
        self._loading = asyncio.Lock()
        self._model: MiniLm | None = None

    @property
    def info(self) -> EmbedderInfo:
        """Known without loading it."""
        return INFO

    async def embed(self, texts: Sequence[str], *, purpose: Purpose) -> NDArray[np.float32]:
        """Vectors of the texts; the first 128 tokens of each count.

        Cancelling ends the work after the batch that runs (35 ms). Raises ModelNotFound, ModelServerError.
        """
        model = await self._loaded()
        import numpy as np

        vectors = np.empty((len(texts), self.info.dims), np.float32)
        steps = model.steps(texts)
        while (step := await self._in_thread(purpose, lambda: next(steps, None))) is not None:
            places, found = step
            vectors[places] = found
        return vectors

    async def load(self) -> None:
        """Load it before the first call. Raises ModelNotFound, ModelServerError."""
        await self._loaded()

    async def aclose(self) -> None:
        """End the threads; a batch that runs is waited for."""
        self._model = None
        for threads in self._threads.values():
            await asyncio.to_thread(threads.shutdown, cancel_futures=True)

    async def _loaded(self) -> MiniLm:
        async with self._loading:
            if self._model is None:
                self._model = await self._in_thread("query", load)
            return self._model

    async def _in_thread(self, purpose: Purpose, work: Callable[[], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._threads[purpose], work)


def _give_way() -> None:
    """Let this thread have what processor time others leave; on Linux a thread has a priority of its own."""
    if sys.platform.startswith("linux"):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
