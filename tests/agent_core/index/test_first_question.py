"""A question that comes while a small workspace is looked at for the first time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agent_core.index.engine import Engine
from agent_core.index.updating import Updater


async def test_it_waits_for_the_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "client.py").write_text("def follow_redirects(response):\n    return response.next\n")
    read, slow = (
        Updater._read,
        0.8,
    )  # beside other programs; longer than a search waits for files that are behind

    async def later(self: Updater) -> None:
        await asyncio.sleep(slow)
        await read(self)

    monkeypatch.setattr(Updater, "_read", later)
    engine = Engine(root=tmp_path, folder=tmp_path / "index", uri="", embedder=None, on_status=lambda: None)
    await engine.open()
    try:
        await engine.looked()
        answer = await engine.search("where are redirects followed?", mode="hybrid", limit=5, tests=None)
        assert [place.path for place in answer.places] == ["client.py"]
    finally:
        await engine.aclose()
