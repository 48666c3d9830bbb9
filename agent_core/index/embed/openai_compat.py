"""Embedding models of any OpenAI-compatible endpoint, by `/embeddings`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from agent_core.config import Settings
from agent_core.credentials.finding import key_for
from agent_core.index.embed.remote import RemoteEmbedder
from agent_core.llm import http_errors
from agent_core.llm.hosts import host_of, is_local, openai_url
from agent_core.llm.openai_compat import load_client
from agent_core.llm.port import ModelInfo

if TYPE_CHECKING:
    from agent_core.llm.openai_client import Client

DEFAULT_MODEL = "text-embedding-3-small"


class OpenAIEmbedder(RemoteEmbedder):
    """One model of one endpoint."""

    def __init__(self, *, settings: Settings) -> None:
        self._url = openai_url(settings.openai_base_url)
        self._client: Client | None = None
        name = settings.embedding_model or DEFAULT_MODEL
        local = is_local(self._url)
        recipient = ModelInfo(provider="openai", name=name, host=host_of(self._url), is_local=local)
        super().__init__(settings=settings, recipient=recipient)
        self._settings = settings

    async def aclose(self) -> None:
        """Close every connection."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _open(self) -> None:
        if self._client is None:
            key = (await key_for(self._settings, self._url)).value
            self._endpoint = msgspec.structs.replace(self._endpoint, key=key)
            self._client = await asyncio.to_thread(load_client, self._url, key)

    async def _ask(self, texts: Sequence[str]) -> list[list[float]]:
        assert self._client is not None
        found = (await self._client.embeddings(texts, self._endpoint)).data
        in_order = sorted(found, key=lambda entry: entry.index)
        if [entry.index for entry in in_order] != list(range(len(texts))):
            raise http_errors.garbage(self._endpoint, f"{len(found)} vectors for {len(texts)} texts")
        return [entry.embedding for entry in in_order]
