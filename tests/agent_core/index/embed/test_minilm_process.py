"""MiniLM in its process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import psutil
import pytest

from agent_core.index.embed.minilm import INFO
from agent_core.index.embed.minilm_onnx import MiniLm
from agent_core.index.embed.minilm_process import MiniLmProcess

TEXTS = ["def f(x):\n    return x\n", "", "class A: pass", "\ud800 lone", "x = 1\n" * 5000] * 4


def children() -> set[int]:
    return {process.pid for process in psutil.Process().children(recursive=True)}


@pytest.fixture
async def embedder() -> AsyncIterator[MiniLmProcess]:
    before = children()
    embedder = MiniLmProcess()
    yield embedder
    await embedder.aclose()
    assert children() <= before


async def test_its_vectors_are_those_of_the_model(embedder: MiniLmProcess) -> None:
    assert embedder.info == INFO
    vectors = await embedder.embed(TEXTS, purpose="document")
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, MiniLm().encode(TEXTS), atol=1e-5)
    assert (await embedder.embed([], purpose="query")).shape == (0, INFO.dims)


async def test_a_query_does_not_wait_for_documents(embedder: MiniLmProcess) -> None:
    documents = asyncio.create_task(
        embedder.embed(["value = compute(value)\n" * 40] * 400, purpose="document")
    )
    await embedder.embed(["what is computed"], purpose="query")
    assert not documents.done()
    documents.cancel()
    with pytest.raises(asyncio.CancelledError):
        await documents


async def test_waking_loads_it(embedder: MiniLmProcess) -> None:
    before = children()
    embedder.wake()
    async with asyncio.timeout(60):
        while children() == before:
            await asyncio.sleep(0.01)
    assert (await embedder.embed(["a question"], purpose="query")).shape == (1, INFO.dims)
    assert len(children() - before) == 1
