"""The real MiniLM."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from agent_core.index.embed import minilm_onnx
from agent_core.index.embed.minilm import INFO, MiniLmEmbedder
from agent_core.index.embed.minilm_onnx import BATCH_TOKENS, DIMS, MAX_TOKENS, MiniLm, batches
from agent_core.llm.errors import ModelNotFound, ModelServerError

ARGPARSE = """def parse_args(argv):
    parser = argparse.ArgumentParser(description="copy files")
    parser.add_argument("--force", action="store_true")
    return parser.parse_args(argv)
"""
RETRY = """async def fetch(url):
    for attempt in range(3):
        try:
            return await client.get(url, timeout=10)
        except httpx.TransportError:
            await asyncio.sleep(2**attempt)
"""
MATRIX = """def determinant(rows):
    if len(rows) == 1:
        return rows[0][0]
    return sum((-1) ** i * rows[0][i] * determinant(minor(rows, i)) for i in range(len(rows)))
"""
TEXTS = [ARGPARSE, "", RETRY, "x", MATRIX * 9, "\n".join(f"value_{i} = {i}" for i in range(40)), " \n\t"] * 5


@pytest.fixture(scope="module")
def model() -> MiniLm:
    return MiniLm()


@pytest.fixture
async def embedder() -> AsyncIterator[MiniLmEmbedder]:
    embedder = MiniLmEmbedder()
    yield embedder
    await embedder.aclose()


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("parse command line arguments", 0),
        ("retry an HTTP request after a network error", 1),
        ("compute the determinant of a matrix", 2),
    ],
)
def test_what_is_meant_is_nearest(model: MiniLm, query: str, best: int) -> None:
    scores = model.encode([ARGPARSE, RETRY, MATRIX]) @ model.encode([query])[0]
    assert scores.argmax() == best
    assert scores[best] > 0.3 > np.delete(scores, best).max()


def test_vectors_are_those_of_the_published_model(model: MiniLm) -> None:
    # Cosines that the model's authors print for the same sentences with their own float weights.
    first, second, third = model.encode(
        ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
    )
    assert first @ second == pytest.approx(0.6660, abs=0.02)
    assert first @ third == pytest.approx(0.1046, abs=0.02)
    assert second @ third == pytest.approx(0.1411, abs=0.02)


def test_each_text_gets_its_own_vector_whatever_the_batches(model: MiniLm) -> None:
    together = model.encode(TEXTS)
    assert together.shape == (len(TEXTS), DIMS)
    assert together.dtype == np.float32
    alone = np.concatenate([model.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_array_equal(together, model.encode(TEXTS))
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_more_texts_than_are_sorted_together(model: MiniLm) -> None:
    texts = [f"def f{i}(): return {'x + ' * (i % 7)}{i}" for i in range(300)]
    vectors = model.encode(texts)
    for place in (0, 127, 128, 255, 256, 299):
        np.testing.assert_allclose(vectors[place], model.encode([texts[place]])[0], atol=1e-5)


def test_nothing(model: MiniLm) -> None:
    assert model.encode([]).shape == (0, DIMS)
    assert batches([]) == []


def test_of_a_long_text_the_beginning_counts(model: MiniLm) -> None:
    beginning = " ".join(["alpha beta gamma"] * 60)
    first, second = model.encode([beginning + " delta" * 300_000, beginning + "\x00 omega\n" * 300_000])
    np.testing.assert_allclose(first, second, atol=1e-5)
    assert [len(row) for row in model.tokenise([beginning, ""])] == [MAX_TOKENS, 2]


@pytest.mark.parametrize(
    "text",
    [
        "\ud800 lone",
        "\0\x1b[31m",
        "𝕊🏳️‍🌈é",
        "漢字とかな",
        "\u202egnihton",
        "\U0010ffff",
        "a" * 5000,
        "  " * 5000,
    ],
)
def test_odd_texts(model: MiniLm, text: str) -> None:
    (vector,) = model.encode([text])
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    assert np.isfinite(vector).all()


def test_batches_are_even_and_hold_every_place_once() -> None:
    lengths = [128, 2, 70, 2, 128, 9, 128, 128, 70, 128, 3]
    found = batches(lengths)
    assert sorted(place for batch in found for place in batch) == list(range(len(lengths)))
    for batch in found:
        assert len(batch) * max(lengths[place] for place in batch) <= BATCH_TOKENS
    in_order = [lengths[place] for batch in found for place in batch]
    assert in_order == sorted(lengths)


async def test_behind_the_port(embedder: MiniLmEmbedder, model: MiniLm) -> None:
    assert embedder.info == INFO
    assert (INFO.dims, INFO.local) == (DIMS, True)
    vectors = await embedder.embed(TEXTS, purpose="document")
    np.testing.assert_allclose(vectors, model.encode(TEXTS), atol=1e-5)
    assert (await embedder.embed([], purpose="query")).shape == (0, DIMS)


async def test_calls_at_the_same_time(embedder: MiniLmEmbedder, model: MiniLm) -> None:
    calls = [embedder.embed(TEXTS[i : i + 3], purpose="query" if i % 2 else "document") for i in range(6)]
    for i, vectors in enumerate(await asyncio.gather(*calls)):
        np.testing.assert_allclose(vectors, model.encode(TEXTS[i : i + 3]), atol=1e-5)


async def test_a_query_does_not_wait_for_documents(embedder: MiniLmEmbedder) -> None:
    documents = asyncio.create_task(embedder.embed([MATRIX * 9] * 200, purpose="document"))
    waiting = asyncio.create_task(embedder.embed([MATRIX], purpose="document"))
    await embedder.embed(["determinant"], purpose="query")
    assert not documents.done()
    assert not waiting.done()
    documents.cancel()
    await waiting


async def test_cancelling_ends_the_work_and_leaves_no_thread() -> None:
    before = set(threading.enumerate())
    embedder = MiniLmEmbedder()
    await embedder.embed(["warm"], purpose="query")
    steps = 0
    run = MiniLm.run
    begun, cancelled = threading.Event(), threading.Event()

    def counted(self: MiniLm, tokens: list[list[int]]) -> object:
        nonlocal steps
        steps += 1
        begun.set()
        cancelled.wait(60)
        return run(self, tokens)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MiniLm, "run", counted)
        task = asyncio.create_task(embedder.embed([MATRIX * 9] * 400, purpose="document"))
        await asyncio.to_thread(begun.wait, 60)
        task.cancel()
        await asyncio.sleep(0)
        cancelled.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        await embedder.aclose()
    assert steps < 20
    assert {thread for thread in threading.enumerate() if thread.name.startswith("minilm")} <= before


async def test_the_event_loop_goes_on(embedder: MiniLmEmbedder) -> None:
    await embedder.embed(["warm"], purpose="query")
    turns = 0
    task = asyncio.create_task(embedder.embed([MATRIX * 9] * 4, purpose="document"))
    while not task.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 100


def test_weights_that_are_missing_or_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.onnx").write_bytes(b"\x08\x07not a model")
    with pytest.raises(ModelServerError, match="damaged") as caught:
        MiniLm(path=tmp_path / "model.onnx")
    assert "force-reinstall" in caught.value.hint
    monkeypatch.setattr(minilm_onnx, "_WEIGHTS_PACKAGE", "no_such_package")
    with pytest.raises(ModelNotFound, match="not installed"):
        MiniLm()
