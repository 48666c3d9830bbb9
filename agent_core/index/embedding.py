"""The embedder of an index and what makes vectors with it: at once, or as soon as an endpoint answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent_core.errors import AgentError, IndexFault
from agent_core.index.embed.port import Embedder
from agent_core.index.image import Image
from agent_core.index.keeping import Keeper
from agent_core.index.passage import asked
from agent_core.index.vectors import VectorMaker

_QUERY_S = 2.0
"""How long a search waits for the vector of its question before it goes without."""
_AGAIN_S = 30.0


class Embedding:
    """Brings embedder, image and storage together.

    An endpoint that does not answer, or slowly, holds nothing up: until it has said how long its vectors are,
    the index does without.

    Args:
        root: The workspace's root.
        image: Gets the vectors.
        embedder: Makes them; None for an index without.
        keeper: Keeps them.
        mask: Takes the secrets out of what an embedder on another machine is sent, questions included.
        on_change: Called when there are more vectors, or the trouble is another.
    """

    def __init__(
        self,
        *,
        root: Path,
        image: Image,
        embedder: Embedder | None,
        keeper: Keeper,
        mask: Callable[[str], str],
        on_change: Callable[[], None],
    ) -> None:
        self._root, self._image, self._embedder, self._keeper = root, image, embedder, keeper
        self._mask, self._on_change = mask, on_change
        self._meeting = asyncio.Lock()
        self._met = asyncio.Event()
        self._trouble = ""
        self.maker: VectorMaker | None = None
        """Makes the vectors; None while there is no embedder, or it has not answered yet."""
        if embedder is not None and embedder.info.dims:
            self._use(embedder)

    @property
    def trouble(self) -> str:
        """Why there are no vectors for now; "" when all is well, or there is no embedder."""
        reason = self._trouble if self.maker is None else self.maker.trouble
        return f"no vectors for now: {reason}" if reason else ""

    async def run(self) -> None:
        """Make vectors until cancelled."""
        if self._embedder is None:
            return
        while self.maker is None:
            await self._meet(self._embedder)
            try:
                async with asyncio.timeout(_AGAIN_S):
                    await self._met.wait()
            except TimeoutError:
                continue
        self.maker.wake()
        await self.maker.run()

    async def needed(self) -> VectorMaker:
        """What makes the vectors; raises `IndexFault` when nothing does."""
        if self._embedder is None:
            raise IndexFault(
                "There are no vectors: no embedder is in use",
                hint="Set `embedder` to minilm, ollama or openai, or use esearch.",
            )
        await self._meet(self._embedder)
        if self.maker is None:
            raise IndexFault(
                f"There are no vectors: {self._trouble}", hint="Set embedder = minilm, or use esearch."
            )
        return self.maker

    def wake(self) -> None:
        """Have the embedder ready for a question, where it would be asked."""
        if self._embedder is not None and self.maker is not None and self._image.with_vector:
            self._embedder.wake()

    async def of(self, query: str) -> tuple[NDArray[np.float32] | None, str]:
        """The vector of a question, or None with the reason where it is worth telling."""
        if self._embedder is None or not self._image.with_vector or self.maker is None:
            return None, f"searched without vectors: {self._trouble}" if self._trouble else ""
        text = asked(query if self._embedder.info.local else self._mask(query))
        try:
            async with asyncio.timeout(_QUERY_S):
                return (await self._embedder.embed([text], purpose="query"))[0], ""
        except (AgentError, TimeoutError) as error:
            reason = error.message if isinstance(error, AgentError) else "the embedder is slow"
            return None, f"searched without vectors: {reason}"

    async def _meet(self, embedder: Embedder) -> None:
        """Learn what its vectors are like, unless that is known."""
        async with self._meeting:
            if self.maker is not None:
                return
            try:
                await embedder.embed(["x"], purpose="query")
            except AgentError as error:
                self._trouble = error.message
            else:
                self._trouble = ""
                self._use(embedder)
        self._on_change()

    def _use(self, embedder: Embedder) -> None:
        info = embedder.info
        if self._image.embedder != info.id or self._image.dims != info.dims:
            self._image.drop_vectors(embedder=info.id, dims=info.dims)
        self._keeper.use(info)
        self.maker = VectorMaker(
            root=self._root, image=self._image, embedder=embedder, known=self._keeper.known,
            keep=self._keeper.keep, may_make=self._keeper.may_make, mask=self._mask,
            on_change=self._on_change,
        )  # fmt: skip
        self._met.set()
