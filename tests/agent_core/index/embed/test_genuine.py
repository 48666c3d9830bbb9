"""Embedders against a genuine Ollama and a real llama.cpp."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from agent_core.config import Settings
from agent_core.index.embed.ollama import OllamaEmbedder
from agent_core.index.embed.openai_compat import OpenAIEmbedder
from agent_core.index.embed.remote import RemoteEmbedder
from agent_core.llm import errors
from tests.fixtures_models import PLAIN, Ollama

TEXTS = ["def parse_args(argv): ...", "", "select name from people", "\x00\x1b[31m 漢字"]
DENSE = "x = 1\n" * 400
"""Too long for the 512 tokens that llama.cpp takes at once."""


async def _serves(embedder: RemoteEmbedder) -> None:
    vectors = await embedder.embed(TEXTS, purpose="document")
    assert vectors.shape == (4, embedder.info.dims)
    assert embedder.info.dims == 576
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    (same,) = await embedder.embed(TEXTS[2:3], purpose="query")
    assert (vectors @ same).argmax() == 2
    assert vectors[2] @ same == pytest.approx(1, abs=1e-3)


@pytest.mark.ollama
async def test_ollama(ollama: Ollama) -> None:
    embedder = OllamaEmbedder(settings=msgspec.structs.replace(ollama.settings, embedding_model=PLAIN))
    await _serves(embedder)
    name, _, digest = embedder.info.id.partition("@")
    assert (name, len(digest), embedder.info.local) == (f"ollama:{PLAIN}", 12, True)
    await embedder.aclose()


@pytest.mark.ollama
async def test_ollama_without_the_model(ollama: Ollama) -> None:
    embedder = OllamaEmbedder(settings=ollama.settings)
    with pytest.raises(errors.ModelNotFound, match="nomic-embed-text") as caught:
        await embedder.embed(["x"], purpose="query")
    assert "ollama pull nomic-embed-text" in caught.value.hint
    await embedder.aclose()


@pytest.mark.llamacpp
async def test_openai_protocol(llamacpp_embeddings: str) -> None:
    embedder = OpenAIEmbedder(
        settings=Settings(openai_base_url=llamacpp_embeddings, embedding_model="smollm2")
    )
    await _serves(embedder)
    assert embedder.info.id == "openai:smollm2"
    assert (await embedder.embed([DENSE], purpose="document")).shape == (1, 576)
    await embedder.aclose()


@pytest.mark.llamacpp
async def test_an_endpoint_that_makes_none(llamacpp: str) -> None:
    embedder = OpenAIEmbedder(settings=Settings(openai_base_url=llamacpp, embedding_model="smollm2"))
    with pytest.raises(errors.ModelServerError, match="does not support embeddings"):
        await embedder.embed(["x"], purpose="query")
    await embedder.aclose()
