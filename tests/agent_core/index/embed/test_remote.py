"""Embedders behind endpoints, with the scripted server: what goes out, comes back, and goes wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from agent_core.config import Settings
from agent_core.index.embed import remote
from agent_core.index.embed.ollama import OllamaEmbedder
from agent_core.index.embed.openai_compat import OpenAIEmbedder
from agent_core.index.embed.remote import RemoteEmbedder
from agent_core.llm import errors
from tests.fakes.model_server import ModelServer, Seen
from tests.fakes.model_wire import Answer

Kind = Literal["ollama", "openai"]
GOOD = Answer()


def made(kind: Kind, url: str, **more: Any) -> RemoteEmbedder:
    """An embedder of the server at `url`."""
    settings = {"embedding_model": "big", "ollama_host": url, "openai_base_url": f"{url}/v1"} | more
    return {"ollama": OllamaEmbedder, "openai": OpenAIEmbedder}[kind](settings=Settings(**settings))


def asked(server: ModelServer) -> list[Seen]:
    """The requests for vectors."""
    return [seen for seen in server.requests if "embed" in seen.path]


async def test_a_key_that_runs_out_is_asked_for_again(model_server: ModelServer, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("first-key\n")
    embedder = made("openai", model_server.url, api_key_command=f"cat {key}")
    model_server.require_key = "first-key"
    await embedder.embed(["a"], purpose="query")
    model_server.require_key = "second-key"
    key.write_text("second-key\n")
    assert len(await embedder.embed(["a"], purpose="query")) == 1
    await embedder.aclose()


@pytest.fixture(params=["ollama", "openai"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Kind:
    monkeypatch.setattr("agent_core.llm.timeouts._RETRY_DELAY_S", 0.01)
    return request.param


@pytest.fixture
async def embedder(kind: Kind, model_server: ModelServer) -> AsyncIterator[RemoteEmbedder]:
    embedder = made(kind, model_server.url)
    yield embedder
    await embedder.aclose()


async def test_vectors_in_order_at_length_1(embedder: RemoteEmbedder, model_server: ModelServer) -> None:
    assert (embedder.info.dims, embedder.info.local) == (0, True)
    texts = [f"def f{i}(): pass" + " " * i for i in range(70)]
    vectors = await embedder.embed(texts, purpose="document")
    assert (vectors.shape, vectors.dtype) == ((70, 3), np.float32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    alone = [(await embedder.embed([text], purpose="document"))[0] for text in texts[30:35]]
    np.testing.assert_allclose(vectors[30:35], alone, atol=1e-6)
    assert embedder.info.dims == 3
    assert [len(seen.body["input"]) for seen in asked(model_server)[:3]] == [32, 32, 6]
    assert asked(model_server)[0].body["model"] == "big"


async def test_no_texts_ask_for_nothing(embedder: RemoteEmbedder, model_server: ModelServer) -> None:
    assert (await embedder.embed([], purpose="query")).shape == (0, 0)
    assert asked(model_server) == []


async def test_what_is_sent_of_odd_texts(embedder: RemoteEmbedder, model_server: ModelServer) -> None:
    await embedder.embed(["", " \n", "\ud800x", "y" * 100_000], purpose="document")
    assert asked(model_server)[0].body["input"] == ["(empty)", "(empty)", "?x", "y" * 6000]


async def test_the_prefixes_that_a_model_was_trained_with(kind: Kind, model_server: ModelServer) -> None:
    embedder = made(kind, model_server.url, embedding_model="nomic-embed-text:v1.5")
    await embedder.embed(["x"], purpose="document")
    await embedder.embed(["x"], purpose="query")
    await embedder.aclose()
    sent = [seen.body["input"] for seen in asked(model_server)]
    assert sent == [["search_document: x"], ["search_query: x"]]


@pytest.mark.parametrize(
    ("answer", "kind_of_error", "words"),
    [
        (Answer(status=401, body='{"error": "no"}'), errors.ModelAuth, "credentials"),
        (Answer(status=403, body=""), errors.ModelAuth, "credentials"),
        (Answer(status=404, body='{"error": "model not found"}'), errors.ModelNotFound, "big"),
        (Answer(status=429, body="{}"), errors.ModelRateLimited, "429"),
        (Answer(status=500, body="<html><title>Oops</title></html>"), errors.ModelServerError, "Oops"),
        (Answer(status=400, body='{"error": "cannot embed"}'), errors.ModelRefused, "cannot embed"),
        (Answer(body="<html>hello</html>"), errors.ModelProtocolError, "hello"),
        (Answer(body="[" * 100_000), errors.ModelProtocolError, "not an answer"),
        (Answer(body='{"object": "list"}'), errors.ModelProtocolError, "not an answer"),
        (Answer(cut="reset"), errors.ModelUnreachable, "cannot be reached"),
        (Answer(cut="drop"), errors.ModelUnreachable, "cannot be reached"),
    ],
)
async def test_faults(
    embedder: RemoteEmbedder,
    model_server: ModelServer,
    answer: Answer,
    kind_of_error: type[errors.ModelError],
    words: str,
) -> None:
    model_server.script(answer)
    with pytest.raises(kind_of_error, match=words) as caught:
        await embedder.embed(["x"], purpose="document")
    assert type(caught.value) is kind_of_error
    assert caught.value.hint
    assert "MODEL_NAME" not in caught.value.hint
    model_server.script(GOOD)
    assert (await embedder.embed(["x"], purpose="document")).shape == (1, 3)


@pytest.mark.parametrize(
    ("vectors", "words"),
    [
        ([[1.0, 2.0, 3.0]], "1 vectors for 2 texts"),
        ([], "0 vectors for 2 texts"),
        ([[1.0]] * 3, "3 vectors for 2 texts"),
        ([[1.0, 2.0], [1.0]], "1 numbers instead of 2"),
        ([[], []], "0 numbers"),
        ([[0.0, 0.0], [1.0, 2.0]], "without a direction"),
        ([[1e300, 1.0], [1.0, 2.0]], "without a direction"),
        ([["1", 2], [1, 2]], "not an answer"),
        ([[[1, 2]], [[1, 2]]], "not an answer"),
    ],
)
async def test_vectors_that_are_none(
    embedder: RemoteEmbedder, kind: Kind, model_server: ModelServer, vectors: list[Any], words: str
) -> None:
    numbered = [{"index": i, "embedding": vector} for i, vector in enumerate(vectors)]
    body = {"embeddings": vectors} if kind == "ollama" else {"data": numbered}
    model_server.script(Answer(body=json.dumps(body)))
    with pytest.raises(errors.ModelProtocolError, match=words):
        await embedder.embed(["x", "y"], purpose="document")
    assert embedder.info.dims == 0


async def test_the_length_of_the_vectors_stays(embedder: RemoteEmbedder, model_server: ModelServer) -> None:
    await embedder.embed(["x"], purpose="document")
    body = {"embeddings": [[1, 2]], "data": [{"index": 0, "embedding": [1, 2]}]}
    model_server.script(Answer(body=json.dumps(body)))
    with pytest.raises(errors.ModelProtocolError, match="2 numbers instead of 3"):
        await embedder.embed(["x"], purpose="document")


@pytest.mark.parametrize(
    "answer", [Answer(status=500), Answer(status=429, headers={"retry-after": "0"}), Answer(cut="reset")]
)
async def test_a_second_try(embedder: RemoteEmbedder, model_server: ModelServer, answer: Answer) -> None:
    model_server.script(answer, GOOD)
    assert (await embedder.embed(["x"], purpose="document")).shape == (1, 3)
    assert len(asked(model_server)) == 2
    model_server.script(answer, answer, GOOD)
    with pytest.raises(errors.ModelError):
        await embedder.embed(["x"], purpose="document")


async def test_no_second_try_after_a_long_wait(embedder: RemoteEmbedder, model_server: ModelServer) -> None:
    model_server.script(Answer(status=429, headers={"retry-after": "60"}), GOOD)
    with pytest.raises(errors.ModelRateLimited) as caught:
        await embedder.embed(["x"], purpose="document")
    assert caught.value.retry_after == 60
    assert len(asked(model_server)) == 1


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=400, body='{"error": "the input length exceeds the context length"}'),
        Answer(status=400, body='{"error": "This model\'s maximum context length is 8192 tokens"}'),
        Answer(status=500, body='{"error": "input (600 tokens) is too large to process"}'),
    ],
)
async def test_too_long_texts_are_sent_with_less(
    embedder: RemoteEmbedder, model_server: ModelServer, answer: Answer
) -> None:
    model_server.script(answer, answer, GOOD)
    await embedder.embed(["x" * 5000, "y" * 1300, "z"], purpose="document")
    sent = [[len(text) for text in seen.body["input"]] for seen in asked(model_server)]
    assert sent == [[5000, 1300, 1], [2500, 1300, 1], [1250, 1250, 1]]
    await embedder.embed(["x" * 5000], purpose="document")
    assert len(asked(model_server)[-1].body["input"][0]) == 5000, "one dense text does not shorten the others"
    model_server.script(answer)
    with pytest.raises(errors.ModelError):
        await embedder.embed(["x" * 5000], purpose="document")
    assert len(asked(model_server)[-1].body["input"][0]) == 400


async def test_a_server_that_does_not_answer(
    kind: Kind, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "LOAD_LIMIT_S", 0.1)
    embedder = made(kind, model_server.url, first_token_timeout=0.1)
    model_server.script(Answer(hang="headers"))
    with pytest.raises(errors.ModelStalled, match="made no vectors within"):
        await embedder.embed(["x"], purpose="document")
    await asyncio.wait_for(model_server.client_closed.wait(), 60)
    await embedder.aclose()


async def test_cancelling_closes_the_request(embedder: RemoteEmbedder, model_server: ModelServer) -> None:
    model_server.script(Answer(hang="headers"))
    task = asyncio.create_task(embedder.embed(["x"], purpose="document"))
    await model_server.answering.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(model_server.client_closed.wait(), 60)
    assert len(asked(model_server)) == 1


async def test_nobody_there(kind: Kind) -> None:
    embedder = made(kind, "http://127.0.0.1:9")
    with pytest.raises(errors.ModelUnreachable, match="connection refused"):
        await embedder.embed(["x"], purpose="document")
    await embedder.aclose()


async def test_the_key_goes_to_the_endpoint_and_into_no_message(model_server: ModelServer) -> None:
    model_server.require_key = "sk-right"
    right = made("openai", model_server.url, openai_api_key="sk-right")
    assert (await right.embed(["x"], purpose="query")).shape == (1, 3)
    await right.aclose()
    wrong = made("openai", model_server.url, openai_api_key="sk-wrong")
    with pytest.raises(errors.ModelAuth) as caught:
        await wrong.embed(["x"], purpose="query")
    assert "sk-wrong" not in caught.value.message + caught.value.hint
    await wrong.aclose()


async def test_ollamas_id_names_what_was_pulled(model_server: ModelServer) -> None:
    embedder = made("ollama", model_server.url)
    assert embedder.info.id == "ollama:big"
    model_server.models[0]["digest"] = "0123456789abcdef"
    await embedder.embed(["x"], purpose="query")
    await embedder.embed(["x"], purpose="query")
    assert embedder.info.id == "ollama:big@0123456789ab"
    assert [seen.path for seen in model_server.requests].count("/api/tags") == 1
    await embedder.aclose()


async def test_places_that_are_given_twice(model_server: ModelServer) -> None:
    body = {"data": [{"index": 0, "embedding": [1]}, {"index": 0, "embedding": [2]}]}
    model_server.script(Answer(body=json.dumps(body)))
    embedder = made("openai", model_server.url)
    with pytest.raises(errors.ModelProtocolError):
        await embedder.embed(["x", "y"], purpose="document")
    await embedder.aclose()
