"""What is kept of the image while it changes, and when what was kept is removed."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent_core.index.client import WorkerIndex
from agent_core.index.digest import digest
from agent_core.index.keeping import Keeper
from agent_core.index.store import Store
from agent_core.index.store_process import StoreProcess
from agent_core.index.store_protocol import Apply, Asked
from tests.agent_core.index.workspaces import fresh, make, until

Open = Callable[..., WorkerIndex]


async def test_a_file_that_changes_while_it_is_written_is_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, 2)
    image = fresh(tmp_path)
    folder = tmp_path / ".dspy_tui" / "index"
    folder.mkdir(parents=True)
    keeper = Keeper(
        root=tmp_path, folder=folder, uri="", image=image, on_tick=lambda: None, on_change=lambda: None
    )
    assert keeper.try_lock()
    path = "pkg0/module_0.py"
    ask, changes = StoreProcess.ask, iter(["def quite_different():\n    return 1\n"])

    def change() -> None:
        for text in changes:
            (tmp_path / path).write_text(text)
            image.take(digest(tmp_path, [path]))
            keeper.changed([path])

    async def asked(store: StoreProcess, asked: Asked, kind: Any, *, seconds: float) -> Any:
        if isinstance(asked.call, Apply):
            change()
        return await ask(store, asked, kind, seconds=seconds)

    monkeypatch.setattr(StoreProcess, "ask", asked)
    await keeper.sync()
    await keeper.sync()
    await keeper.aclose()
    stored = Store.open(str(folder / "lance"), embedder=None).ids_by_path()
    assert set(stored[path]) == {chunk.id.hex() for chunk in image.files[path].row.chunks}


async def test_an_image_that_cannot_be_written_is_told_while_the_tables_can(tmp_path: Path) -> None:
    make(tmp_path, 2)
    image = fresh(tmp_path)
    folder = tmp_path / ".dspy_tui" / "index"
    (folder / "image" / "in the way").mkdir(parents=True)
    keeper = Keeper(
        root=tmp_path, folder=folder, uri="", image=image, on_tick=lambda: None, on_change=lambda: None
    )
    assert keeper.try_lock()
    image.remove("pkg0/module_0.py")
    await keeper.save()
    await keeper.sync()
    assert "cannot be written" in keeper.trouble
    shutil.rmtree(folder / "image")
    await keeper.save()
    assert keeper.trouble == ""
    await keeper.aclose()


async def test_what_was_removed_is_made_again_by_one_writer(tmp_path: Path, open_index: Open) -> None:
    """`git clean -fdx` takes the lock away under the session that holds it."""
    make(tmp_path, 3)
    first = open_index(tmp_path)
    await first.build(on_progress=lambda _: None)
    shutil.rmtree(tmp_path / ".dspy_tui")
    second = open_index(tmp_path)
    await second.build(on_progress=lambda _: None)

    async def writers() -> list[bool]:
        return [(await index.search("alpha")).status.alone for index in (first, second)]

    async with asyncio.timeout(60):
        while sorted(await writers()) != [False, True]:
            await asyncio.sleep(0.05)
    assert (tmp_path / ".dspy_tui" / ".gitignore").exists()
    await first.aclose()
    await second.aclose()
    assert (tmp_path / ".dspy_tui" / "index" / "image").exists()


async def test_a_workspace_that_vanishes_is_told_without_a_question(tmp_path: Path, open_index: Open) -> None:
    root = tmp_path / "root"
    make(root, 3)
    index = open_index(root)
    await index.open()

    async def settled() -> bool:
        return index.status.phase == "ready" and index.status.bytes_on_disk > 0

    await until(settled)
    shutil.rmtree(root)

    async def told() -> bool:
        return "the folder of the workspace is gone" in index.status.trouble and not index.status.files

    await until(told)
    assert (await index.search("alpha")).places == ()
    await index.aclose()
    assert not root.exists(), "nothing is left where it was"


async def test_who_rests_wakes_up_for_a_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, 2)
    image = fresh(tmp_path)
    folder = tmp_path / ".dspy_tui" / "index"
    folder.mkdir(parents=True)
    monkeypatch.setattr("agent_core.index.keeping._CALM_S", 0.0)
    monkeypatch.setattr("agent_core.index.keeping._REST_S", 3600.0)
    monkeypatch.setattr("agent_core.index.keeping._TICK_S", 0.01)
    keeper = Keeper(
        root=tmp_path, folder=folder, uri="", image=image, on_tick=lambda: None, on_change=lambda: None
    )
    assert keeper.try_lock()
    ticked: asyncio.Queue[None] = asyncio.Queue()

    async def tick() -> None:
        ticked.put_nowait(None)

    monkeypatch.setattr(keeper, "_tick", tick)
    running = asyncio.create_task(keeper.run())
    await asyncio.sleep(0.1)
    assert ticked.empty(), "it rests"
    monkeypatch.setattr("agent_core.index.keeping._CALM_S", 3600.0)
    keeper.changed(["pkg0/module_0.py"])
    async with asyncio.timeout(60):
        await ticked.get()
        await ticked.get()
    running.cancel()
    await asyncio.wait((running,))
    await keeper.aclose()
