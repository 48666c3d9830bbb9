"""Which embedder the settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_core.config import Settings
from agent_core.index.embed.port import Embedder
from agent_core.llm.port import ModelInfo

if TYPE_CHECKING:
    from agent_core.index.embed.remote import RemoteEmbedder


def open_embedder(settings: Settings) -> Embedder | None:
    """The embedder of the settings, which loads nothing and asks nobody before its first call.

    None for `none`. Raises ConfigError for an address that is none. What `recipient` tells has to be approved
    before the first call where it is not local.
    """
    if settings.embedder == "minilm":
        from agent_core.index.embed.minilm_process import MiniLmProcess

        return MiniLmProcess()
    if settings.embedder.startswith("plugin:"):
        from agent_core.plugins.embedding import PluginEmbedder, plugin_named

        return PluginEmbedder(plugin_named(settings), settings)
    return _remote(settings)


def recipient(settings: Settings) -> ModelInfo | None:
    """Whom the embedder of the settings sends texts to; None when it sends none."""
    remote = _remote(settings)
    return remote.recipient if remote else None


def _remote(settings: Settings) -> RemoteEmbedder | None:
    match settings.embedder:
        case "ollama":
            from agent_core.index.embed.ollama import OllamaEmbedder

            return OllamaEmbedder(settings=settings)
        case "openai":
            from agent_core.index.embed.openai_compat import OpenAIEmbedder

            return OpenAIEmbedder(settings=settings)
        case _:
            return None
