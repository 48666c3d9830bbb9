"""The model servers, for every test of this folder."""

from __future__ import annotations

from tests.fixtures_models import llamacpp, model_server, ollama

__all__ = ["llamacpp", "model_server", "ollama"]
