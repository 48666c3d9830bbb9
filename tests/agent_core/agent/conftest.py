"""The real model servers, for the tests of the agent."""

from __future__ import annotations

from tests.fixtures_models import llamacpp, ollama

__all__ = ["llamacpp", "ollama"]
