"""An embedder behind an endpoint that is slow, down or breaks: the index goes on, and tries again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest

from agent_core.config import Settings
from agent_core.errors import IndexFault
from agent_core.index.client import WorkerIndex
from agent_core.index.digest import digest
from agent_core.index.embed.port import Embedder, EmbedderInfo, Purpose
from agent_core.index.embedding import Embedding
from agent_core.index.image import Image
from agent_core.index.vectors import VectorMaker
from agent_core.masking import mask_secrets
from agent_core.workspace import Workspace
from tests.agent_core.index.workspaces import fresh, make
from tests.fakes.model_server import ModelServer
from tests.fakes.model_wire import Answer


def ignore(_: Any) -> None:
    return None


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer() as server:
        yield server


@pytest.fixture
async def index(server: ModelServer, tmp_path: Path) -> AsyncIterator[WorkerIndex]:
    make(tmp_path, 3)
    settings = msgspec.structs.replace(Settings(), embedder="openai", openai_base_url=f"{server.url}/v1")
    index = WorkerIndex(workspace=Workspace.open(tmp_path), settings=settings, publish=ignore)
    yield index
    await index.aclose()


async def test_an_endpoint_that_says_nothing_holds_no_search_up(
    server: ModelServer, index: WorkerIndex
) -> None:
    server.script(Answer(hang="headers"))
    answer = await index.search("alpha")
    assert answer.places
    await server.answering.wait()
    assert server.requests[-1].closed is None, "it was not waited for"


async def test_an_endpoint_that_is_down_is_named_and_tried_again(
    server: ModelServer, index: WorkerIndex
) -> None:
    server.script(Answer(status=400, body='{"error": {"message": "no such thing"}}'))
    for mode in ("vector", None):
        with pytest.raises(IndexFault, match="no such thing"):
            if mode:
                await index.search("alpha", mode=mode)
            else:
                await index.embed(on_progress=ignore)
    answer = await index.search("alpha")
    assert "without vectors" in answer.note and "no such thing" in answer.note
    assert "no such thing" in answer.status.trouble
    server.script(Answer())
    status = await index.embed(on_progress=ignore)
    assert status.embedded == status.chunks > 0
    assert not status.trouble
    assert (await index.search("alpha", mode="vector")).places


class Breaking:
    """An embedder with a fault of its own."""

    info = EmbedderInfo(id="breaking", dims=3, local=True)

    async def embed(self, texts: Sequence[str], *, purpose: Purpose) -> np.ndarray[Any, Any]:
        raise ValueError("a fault nobody thought of")

    def wake(self) -> None:
        return None

    async def aclose(self) -> None:
        return None


class Recording:
    """An embedder that tells what it was given, in order."""

    info = EmbedderInfo(id="recording", dims=3, local=True)

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def embed(self, texts: Sequence[str], *, purpose: Purpose) -> np.ndarray[Any, Any]:
        self.texts += texts
        return np.ones((len(texts), 3), np.float32)

    def wake(self) -> None:
        return None

    async def aclose(self) -> None:
        return None


def maker_of(root: Path, image: Image, embedder: Embedder) -> VectorMaker:
    """Makes an image's vectors; none was made before."""

    async def known(_: list[bytes]) -> dict[bytes, Any]:
        return {}

    async def keep(_: Any) -> None:
        return None

    image.drop_vectors(embedder=embedder.info.id, dims=embedder.info.dims)
    return VectorMaker(
        root=root, image=image, embedder=embedder, known=known, keep=keep, may_make=lambda: True,
        mask=str, on_change=lambda: None,
    )  # fmt: skip


async def test_vectors_of_generated_files_are_made_last(tmp_path: Path) -> None:
    make(tmp_path, 20)
    for number in range(60):
        path = tmp_path / "node_modules" / f"m{number}.js"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"function vendored_{number}() {{ return {number}; }}\n")
    image, embedder = fresh(tmp_path), Recording()
    maker = maker_of(tmp_path, image, embedder)
    maker.prefer(["node_modules/m7.js"])
    running = asyncio.create_task(maker.run())
    async with asyncio.timeout(60):
        await maker.finished()
        assert "vendored" in embedder.texts[0], "but what somebody looks at comes first"
        own = [place for place, text in enumerate(embedder.texts) if "vendored" not in text]
        assert own == list(range(1, len(own) + 1))
        assert len(embedder.texts) == image.chunks == image.with_vector
        (tmp_path / "late.py").write_text("def late():\n    pass\n")
        (tmp_path / "node_modules" / "late.js").write_text("function vendored_late() {}\n")
        image.take(digest(tmp_path, ["late.py", "node_modules/late.js"]))
        await maker.finished()
    assert "vendored" not in embedder.texts[-2] and "vendored" in embedder.texts[-1]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_nobody_waits_for_vectors_that_do_not_come(tmp_path: Path) -> None:
    make(tmp_path, 1)
    maker = maker_of(tmp_path, fresh(tmp_path), Breaking())
    running = asyncio.create_task(maker.run())
    async with asyncio.timeout(60):
        await maker.finished()
        await maker.finished()
    assert "nobody thought of" in maker.trouble
    with pytest.raises(ValueError, match="nobody thought of"):
        await running


@pytest.mark.parametrize("local", [True, False])
async def test_a_question_goes_to_another_machine_without_secrets(tmp_path: Path, local: bool) -> None:
    recorder = Recording()
    recorder.info = msgspec.structs.replace(recorder.info, local=local)  # type: ignore[misc]
    image: Any = SimpleNamespace(with_vector=1, embedder=recorder.info.id, dims=3)
    keeper: Any = SimpleNamespace(use=ignore, known=ignore, keep=ignore, may_make=lambda: True)
    embedding = Embedding(
        root=tmp_path, image=image, embedder=recorder, keeper=keeper, mask=mask_secrets,
        on_change=lambda: None,
    )  # fmt: skip
    vector, note = await embedding.of("where is ghp_abcdefghijklmnopqrstuvwxyz0123456789 read?")
    assert vector is not None and not note
    assert ("abcdefghij" in recorder.texts[0]) is local and "read" in recorder.texts[0]
