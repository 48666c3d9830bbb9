"""What becomes of an index whose process is killed."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from agent_core.errors import IndexFault
from agent_core.events import IndexChanged
from agent_core.index import client
from agent_core.index.client import WorkerIndex
from tests.agent_core.index.workspaces import make, until

Open = Callable[..., WorkerIndex]


def kill(index: WorkerIndex) -> int:
    """Kill the process; returns its number."""
    process = index._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    return process.pid


async def test_an_open_index_goes_on_by_itself_after_its_process_was_killed(
    tmp_path: Path, open_index: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_PAUSES_S", (0.3, 0.3))
    make(tmp_path, 4)
    seen: list[IndexChanged] = []
    index = open_index(tmp_path, embedder="minilm", seen=seen)
    await index.open()

    async def complete() -> bool:
        status = index.status
        return status.phase == "ready" and status.files == expected and status.embedded == status.chunks > 0

    expected = 4
    await until(complete)
    kill(index)

    async def dead() -> bool:
        return index.status.phase == "failed"

    await until(dead)
    assert index.status.trouble.startswith("starts again in 0 s: The index process ended (signal 9: Killed)")
    (tmp_path / "new.py").write_text("def made_meanwhile():\n    return 1\n")
    expected = 5
    await until(complete)
    assert index.status.trouble == ""
    (tmp_path / "later.py").write_text("def made_later():\n    return 2\n")
    expected = 6
    await until(complete)
    assert [event.status.phase for event in seen].count("failed") == 1


async def test_an_index_that_keeps_ending_is_left_alone_until_somebody_asks(
    tmp_path: Path, open_index: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_PAUSES_S", (0.05, 0.05))
    make(tmp_path, 2)
    index = open_index(tmp_path)
    await index.open()
    killed: set[int] = set()

    async def given_up() -> bool:
        process = index._process
        if process is not None and process.pid not in killed:
            killed.add(kill(index))
        return index.status.trouble.startswith("ended ")

    await until(given_up)
    assert len(killed) == 3
    assert index.status.trouble.startswith("ended 3 times, a question starts it again: ")
    assert index._process is None
    assert (await index.search("alpha")).places
    assert index.status.trouble == ""
    await index.aclose()
    for pid in killed:
        assert not Path(f"/proc/{pid}").exists()


async def test_an_index_that_was_only_asked_is_not_started_again(tmp_path: Path, open_index: Open) -> None:
    make(tmp_path, 2)
    index = open_index(tmp_path)
    await index.search("alpha")
    kill(index)

    async def dead() -> bool:
        return index.status.phase == "failed"

    await until(dead)
    assert index._reviving is None
    assert index.status.trouble == "The index process ended (signal 9: Killed)"


async def test_closing_ends_the_wait_for_a_new_start(
    tmp_path: Path, open_index: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_PAUSES_S", (3600.0,))
    make(tmp_path, 1)
    index = open_index(tmp_path)
    await index.open()
    kill(index)

    async def waiting() -> bool:
        return index._reviving is not None

    await until(waiting)
    await index.aclose()
    assert index._reviving is not None and index._reviving.done()
    assert index._process is None


async def test_a_workspace_that_is_gone_is_said_to_be(
    tmp_path: Path, open_index: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_PAUSES_S", (0.05, 0.05))
    root = tmp_path / "root"
    make(root, 2)
    index = open_index(root)
    await index.open()
    shutil.rmtree(root)
    kill(index)

    async def given_up() -> bool:
        return index.status.trouble.startswith("ended 3 times")

    await until(given_up)
    assert "cannot be started" in index.status.trouble
    with pytest.raises(IndexFault, match="cannot be started"):
        await index.search("alpha")
