"""Embedding models of an Ollama server, by `/api/embed`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from agent_core.config import Settings
from agent_core.index.embed.remote import RemoteEmbedder
from agent_core.llm.hosts import host_of, is_local, ollama_url
from agent_core.llm.ollama import load_client, same_model
from agent_core.llm.port import ModelInfo

if TYPE_CHECKING:
    from agent_core.llm.ollama_client import Client

DEFAULT_MODEL = "nomic-embed-text"
_DIGEST_CHARS = 12


class OllamaEmbedder(RemoteEmbedder):
    """One model of one server.

    From the first call on its id names the digest as well: what is behind a name changes with each pull.
    """

    def __init__(self, *, settings: Settings) -> None:
        self._url = ollama_url(settings.ollama_host)
        self._client: Client | None = None
        self._identified = False
        name = settings.embedding_model or DEFAULT_MODEL
        local = is_local(self._url)
        recipient = ModelInfo(provider="ollama", name=name, host=host_of(self._url), is_local=local)
        super().__init__(settings=settings, recipient=recipient)

    async def aclose(self) -> None:
        """Close every connection."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _open(self) -> None:
        if self._client is None:
            self._client = await asyncio.to_thread(load_client, self._url)
        if not self._identified:
            for model in await self._client.installed(self._endpoint):
                if same_model(model.model or model.name, self._endpoint.model) and model.digest:
                    identifier = f"{self._info.id}@{model.digest[:_DIGEST_CHARS]}"
                    self._info = msgspec.structs.replace(self._info, id=identifier)
            self._identified = True

    async def _loads(self) -> bool:
        assert self._client is not None
        running = await self._client.running(self._endpoint)
        return not any(same_model(model.model or model.name, self._endpoint.model) for model in running)

    async def _ask(self, texts: Sequence[str]) -> list[list[float]]:
        assert self._client is not None
        return await self._client.vectors(texts, self._endpoint)
