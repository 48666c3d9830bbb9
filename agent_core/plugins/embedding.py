"""A plugin's embedder behind the index's port: in a process of its own, which is there while it is needed.

What it imports takes no memory here; one that hangs is ended with its process, and the index says that there
are no vectors, and why.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from agent_core.config import Settings
from agent_core.errors import PluginFault
from agent_core.index.embed.port import EmbedderInfo, Purpose
from agent_core.llm.errors import ModelServerError, ModelStalled
from agent_core.llm.port import ModelInfo
from agent_core.plugins.installed import IMPORT_S, plugins_of
from agent_core.workers.client import WorkerProcess
from agent_core.workers.resting import Resting

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PREFIX = "plugin:"
"""What the setting `embedder` begins with where it names a plugin."""
AT_ONCE = 256
_MOST_CHARS = 8_000
_EMBED_S = 60.0
T = TypeVar("T")


class Start(msgspec.Struct, frozen=True):
    """The first frame to the process: whose embedder it is, and which plugins are off."""

    name: str
    off: tuple[str, ...]


class Describe(msgspec.Struct, frozen=True, tag=True):
    """Answered with an `EmbedderInfo`, once it is loaded."""


class Embed(msgspec.Struct, frozen=True, tag=True):
    """Answered with the numbers of all vectors, one after the other, as float32."""

    texts: list[str]
    purpose: Purpose


class PluginEmbedder:
    """Implements the index's `Embedder` by a plugin; nothing of it is loaded before the first call.

    Args:
        name: The plugin's.
        settings: Which plugins are off.
    """

    def __init__(self, name: str, settings: Settings) -> None:
        self._name = name
        self._start = Start(name, settings.plugins_off)
        self._worker = WorkerProcess(
            module="agent_core.plugins.embedding_worker",
            name=f"{name} embedder",
            fault=ModelServerError,
            cwd=Path(__file__).parent,
            first=self._first,
        )
        self._process = Resting(self._worker)
        self._info = EmbedderInfo(id=PREFIX + name, dims=0, local=False)

    @property
    def info(self) -> EmbedderInfo:
        """Without dimensions until it was loaded."""
        return self._info

    async def embed(self, texts: Sequence[str], *, purpose: Purpose) -> NDArray[np.float32]:
        """Vectors of the texts. Raises ModelServerError, and ModelStalled for one that takes too long."""
        import numpy as np

        if not self._info.dims:
            self._info = await self._ask(Describe(), EmbedderInfo, IMPORT_S + _EMBED_S)
        parts: list[bytes] = []
        for start in range(0, len(texts), AT_ONCE):
            sent = [text[:_MOST_CHARS] for text in texts[start : start + AT_ONCE]]
            parts.append(await self._ask(Embed(sent, purpose), bytes, _EMBED_S, goes_on=purpose == "query"))
        return np.frombuffer(b"".join(parts), np.float32).reshape(len(texts), self._info.dims)

    def wake(self) -> None:
        """Load it in the background."""
        self._process.wake()

    async def aclose(self) -> None:
        """End the process."""
        await self._process.aclose()

    async def _first(self) -> Start:
        return self._start

    async def _ask(self, call: msgspec.Struct, kind: type[T], seconds: float, *, goes_on: bool = False) -> T:
        try:
            async with asyncio.timeout(seconds):
                return await self._process.ask(call, kind, goes_on=goes_on)
        except TimeoutError:
            async with self._worker.starting:
                await self._worker.end()
            raise ModelStalled(
                f"The plugin {self._name} said nothing for {seconds:.0f} s, and was ended",
                hint="Set embedder = minilm, or mend it.",
            ) from None


def plugin_named(settings: Settings) -> str:
    """The plugin that the setting `embedder` names; "" where it names none."""
    return settings.embedder.removeprefix(PREFIX) if settings.embedder.startswith(PREFIX) else ""


async def recipient_of(settings: Settings) -> ModelInfo | None:
    """Whom the plugin sends texts to; None where that is nobody, or it cannot be used at all."""
    name = plugin_named(settings)
    try:
        embedder: Any = await plugins_of(settings).aload("embedders", name)
    except PluginFault:
        return None
    host = str(embedder.recipient)
    return ModelInfo(provider="plugin", name=str(embedder.id), host=host, is_local=not host)
