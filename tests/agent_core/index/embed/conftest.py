"""The model servers, for every test of this folder."""

from __future__ import annotations

from tests.fixtures_models import llamacpp, llamacpp_embeddings, model_server, ollama

__all__ = ["llamacpp", "llamacpp_embeddings", "model_server", "ollama"]
