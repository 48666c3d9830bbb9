"""The process that MiniLM runs in: it answers over its standard input and output, and ends with them."""

from __future__ import annotations

import asyncio

from agent_core.index.embed.minilm import MiniLmEmbedder
from agent_core.index.embed.minilm_process import Embed
from agent_core.workers.server import Server, Tell, serve_process


async def _main(_: bytes, reader: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
    embedder = MiniLmEmbedder()

    async def answer(call: Embed, _: Tell) -> bytes:
        return (await embedder.embed(call.texts, purpose=call.purpose)).tobytes()

    server = Server(name="MiniLM", calls=Embed, do=answer, out=out)
    loading = asyncio.create_task(embedder.load())
    try:
        await server.serve(reader)
    finally:
        loading.cancel()
        await asyncio.gather(loading, return_exceptions=True)
        await embedder.aclose()


if __name__ == "__main__":
    serve_process(_main)
