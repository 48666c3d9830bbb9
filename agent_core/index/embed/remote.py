"""What embedders behind an endpoint share: batches, time-outs, one retry, and checks of what came back."""

from __future__ import annotations

import asyncio
import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

import msgspec

from agent_core.config import Settings
from agent_core.index.embed.port import EmbedderInfo, Purpose
from agent_core.index.embed.texts import beginning, prefix
from agent_core.llm import http_errors
from agent_core.llm.errors import ModelError, ModelNotFound, ModelRefused, ModelServerError, ModelStalled
from agent_core.llm.http_errors import Endpoint
from agent_core.llm.port import ModelInfo
from agent_core.llm.timeouts import LOAD_LIMIT_S, RETRIED, PromptRate, retry_delay
from agent_core.text import human_duration

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BATCH = 32
"""Texts in one request."""
_MAX_CHARS = 6000
"""Characters of a text that are sent at first: 1,700 tokens, which most embedding models take."""
_MIN_CHARS = 400
_CHARS_PER_TOKEN = 2.0
"""Of the densest code: it is for time-outs."""
_TOO_LONG = re.compile(r"too (large|long)|(maximum|exceeds?|input) .*(context|length|tokens)", re.IGNORECASE)
_BLANK = "(empty)"
"""Sent for a text without a word, which some endpoints refuse."""
_HINT = "Check that embedding_model names an embedding model of this endpoint, or set embedder = minilm."


class RemoteEmbedder(ABC):
    """An embedder behind an endpoint; subclasses know its protocol.

    `info` is complete after the first call: before that the length of the vectors (0) is not known.
    """

    def __init__(self, *, settings: Settings, recipient: ModelInfo, key: str = "") -> None:
        self.recipient = recipient
        """Whom the texts are sent to; an approval is asked about it."""
        self._endpoint = Endpoint(
            provider=recipient.provider, host=recipient.host, model=recipient.name, key=key
        )
        self._info: EmbedderInfo = EmbedderInfo(
            id=f"{recipient.provider}:{recipient.name}", dims=0, local=recipient.is_local
        )
        self._patience = settings.first_token_timeout
        self._rate = PromptRate(is_local=recipient.is_local)
        self._opening = asyncio.Lock()

    @property
    def info(self) -> EmbedderInfo:
        """What is known so far."""
        return self._info

    async def embed(self, texts: Sequence[str], *, purpose: Purpose) -> NDArray[np.float32]:
        """Vectors of the texts, in requests of 32; cancelling closes the request.

        A text is cut at 6,000 characters, to less where the endpoint finds that too long. A request that
        failed is tried a second time. Raises the `ModelError` tree.
        """
        async with self._opening:
            if "numpy" not in sys.modules:
                await asyncio.to_thread(import_module, "numpy")
            await self._open()
        import numpy as np

        before = prefix(self._endpoint.model, purpose)
        found = [await self._batch(texts[i : i + _BATCH], before) for i in range(0, len(texts), _BATCH)]
        return np.concatenate(found) if found else np.empty((0, self._info.dims), np.float32)

    def wake(self) -> None:
        """How long its model is kept is the endpoint's business."""
        return

    @abstractmethod
    async def aclose(self) -> None:
        """Close every connection."""

    @abstractmethod
    async def _open(self) -> None:
        """Make `_ask` ready, at the first call."""

    @abstractmethod
    async def _ask(self, texts: Sequence[str]) -> list[list[float]]:
        """One request."""

    async def _loads(self) -> bool:
        """Whether the next request has to wait until the model is loaded."""
        return False

    async def _batch(self, texts: Sequence[str], before: str) -> NDArray[np.float32]:
        limit, retried = _MAX_CHARS, False
        while True:
            try:
                sent = [before + (beginning(text, limit) if text.strip() else _BLANK) for text in texts]
                return self._checked(await self._timed(sent), len(sent))
            except ModelError as error:
                longest = min(max(map(len, texts)), limit)
                if _too_long(error) and longest > _MIN_CHARS:
                    limit = max(longest // 2, _MIN_CHARS)
                    continue
                delay = retry_delay(error) if isinstance(error, RETRIED) and not retried else None
                if delay is None:
                    raise self._explained(error) from error.__cause__
            retried = True
            await asyncio.sleep(delay)

    async def _timed(self, texts: Sequence[str]) -> list[list[float]]:
        tokens = round(sum(map(len, texts)) / _CHARS_PER_TOKEN)
        loads = await self._loads()
        allowed = self._patience + self._rate.seconds_for(tokens) + (LOAD_LIMIT_S if loads else 0)
        loop = asyncio.get_running_loop()
        began = loop.time()
        scope = asyncio.timeout(allowed)
        try:
            async with scope:
                found = await self._ask(texts)
        except TimeoutError:
            if not scope.expired():
                raise
            raise ModelStalled(
                f"{self._endpoint.label} made no vectors within {human_duration(allowed)}",
                hint="Look at its log, set embedder = minilm, or raise first_token_timeout.",
            ) from None
        if not loads:
            self._rate.measured(tokens, loop.time() - began)
        return found

    def _explained(self, error: ModelError) -> ModelError:
        """The error with a next step that speaks of embeddings, where it spoke of chat."""
        pulled = self._endpoint.provider == "ollama" and isinstance(error, ModelNotFound)
        if isinstance(error, ModelNotFound | ModelRefused) and not pulled:
            error.hint = _HINT
        return error

    def _checked(self, vectors: list[list[float]], count: int) -> NDArray[np.float32]:
        """The vectors at length 1; raises ModelProtocolError for what cannot be those of `count` texts."""
        import numpy as np

        if len(vectors) != count:
            raise http_errors.garbage(self._endpoint, f"{len(vectors)} vectors for {count} texts")
        dims = self._info.dims or len(vectors[0])
        odd = next((len(vector) for vector in vectors if len(vector) != dims), None)
        if not dims or odd is not None:
            raise http_errors.garbage(self._endpoint, f"vectors of {odd or dims} numbers instead of {dims}")
        with np.errstate(over="ignore"):
            found = np.asarray(vectors, np.float32)
            lengths = np.linalg.norm(found, axis=1, keepdims=True)
        if not (np.isfinite(lengths).all() and lengths.all()):
            raise http_errors.garbage(self._endpoint, "a vector without a direction")
        self._info = msgspec.structs.replace(self._info, dims=dims)
        return found / lengths


def _too_long(error: ModelError) -> bool:
    """Whether the endpoint found a text too long; a llama.cpp server says that with status 500."""
    refused = isinstance(error, ModelRefused | ModelServerError)
    return refused and _TOO_LONG.search(error.message) is not None
