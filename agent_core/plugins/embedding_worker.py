"""The process that a plugin's embedder runs in: it answers over its standard input and output."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec

from agent_core.errors import AgentError
from agent_core.index.embed.port import EmbedderInfo
from agent_core.llm.errors import ModelServerError
from agent_core.plugins.embedding import PREFIX, Describe, Embed, Start
from agent_core.plugins.installed import IMPORT_S, Plugins
from agent_core.plugins.limits import reason
from agent_core.workers.server import Server, Tell, serve_process

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


async def _main(first: bytes, reader: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
    start = msgspec.msgpack.decode(first, type=Start)
    plugins = Plugins(start.off)
    working = asyncio.Lock()

    async def answer(call: Describe | Embed, _: Tell) -> EmbedderInfo | bytes:
        embedder: Any = await plugins.aload("embedders", start.name)
        if isinstance(call, Describe):
            return EmbedderInfo(
                id=f"{PREFIX}{start.name}:{embedder.id}", dims=embedder.dims, local=not embedder.recipient
            )
        async with working:  # nobody promised to embed in two threads at once
            made = await asyncio.to_thread(_embedded, embedder, call, start.name)
        return made.tobytes()

    server = Server(name="embedder", calls=Describe | Embed, do=answer, out=out)
    await server.serve(reader)


def _embedded(embedder: Any, call: Embed, name: str) -> NDArray[np.float32]:
    """The vectors, checked; raises ModelServerError."""
    import numpy as np

    try:
        made = np.asarray(embedder.embed(call.texts, call.purpose), np.float32)
    except AgentError:
        raise
    except Exception as error:
        raise ModelServerError(f"The plugin {name} broke: {reason(error, IMPORT_S)}") from error
    wanted = (len(call.texts), embedder.dims)
    if made.shape != wanted or not np.isfinite(made).all():
        said = f"of shape {made.shape}, not {wanted}" if made.shape != wanted else "with what is no number"
        raise ModelServerError(f"The plugin {name} made vectors {said}", hint="Set embedder = minilm.")
    lengths = np.linalg.norm(made, axis=1, keepdims=True)
    return np.ascontiguousarray(np.divide(made, lengths, out=np.zeros_like(made), where=lengths > 0))


if __name__ == "__main__":
    serve_process(_main)
