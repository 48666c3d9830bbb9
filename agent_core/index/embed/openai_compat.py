"""Embedding models of any OpenAI-compatible endpoint, by `/embeddings`."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from agent_core.config import Settings
from agent_core.index.embed.remote import RemoteEmbedder
from agent_core.llm import http_errors
from agent_core.llm.errors import ModelAuth
from agent_core.llm.hosts import host_of, is_local, openai_url
from agent_core.llm.openai_keyed import KeyedClient
from agent_core.llm.port import ModelInfo

DEFAULT_MODEL = "text-embedding-3-small"


class OpenAIEmbedder(RemoteEmbedder):
    """One model of one endpoint."""

    def __init__(self, *, settings: Settings) -> None:
        self._url = openai_url(settings.openai_base_url)
        self._keyed = KeyedClient(settings=settings, url=self._url)
        name = settings.embedding_model or DEFAULT_MODEL
        local = is_local(self._url)
        recipient = ModelInfo(provider="openai", name=name, host=host_of(self._url), is_local=local)
        super().__init__(settings=settings, recipient=recipient)
        self._settings = settings

    async def aclose(self) -> None:
        """Close every connection."""
        await self._keyed.aclose()

    async def _open(self) -> None:
        await self._keyed.open()
        self._endpoint = msgspec.structs.replace(self._endpoint, key=self._keyed.key)

    async def _ask(self, texts: Sequence[str]) -> list[list[float]]:
        client = await self._keyed.open()
        try:
            found = (await client.embeddings(texts, self._endpoint)).data
        except ModelAuth:
            if not await self._keyed.renewed(client):
                raise
            await self._open()
            found = (await (await self._keyed.open()).embeddings(texts, self._endpoint)).data
        in_order = sorted(found, key=lambda entry: entry.index)
        if [entry.index for entry in in_order] != list(range(len(texts))):
            raise http_errors.garbage(self._endpoint, f"{len(found)} vectors for {len(texts)} texts")
        return [entry.embedding for entry in in_order]
