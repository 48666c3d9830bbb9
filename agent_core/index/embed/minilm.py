"""MiniLM, the embedder in the box: on this machine, without a network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, TypeVar

from agent_core.index.embed.port import EmbedderInfo, Purpose

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agent_core.index.embed.minilm_onnx import MiniLm

R = TypeVar("R")
INFO = EmbedderInfo(id="minilm-int8@1", dims=384, local=True)


def load() -> MiniLm:
    """Import the libraries and load the model: 0.3 s, not on the event loop. Raises ModelNotFound."""
    from agent_core.index.embed.minilm_onnx import MiniLm

    return MiniLm()


class MiniLmEmbedder:
    """MiniLM behind the port, loaded at the first call.

    It runs in two threads of its own: documents take one of them, however many calls there are, so that a
    query never waits for documents.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="minilm")
        self._documents = asyncio.Lock()
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
        async with AsyncExitStack() as turn:
            if purpose == "document":
                await turn.enter_async_context(self._documents)
            steps = model.steps(texts)
            while (step := await self._in_thread(lambda: next(steps, None))) is not None:
                places, found = step
                vectors[places] = found
        return vectors

    async def aclose(self) -> None:
        """End the threads; a batch that runs is waited for."""
        self._model = None
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)

    async def _loaded(self) -> MiniLm:
        async with self._loading:
            if self._model is None:
                self._model = await self._in_thread(load)
            return self._model

    async def _in_thread(self, work: Callable[[], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)
