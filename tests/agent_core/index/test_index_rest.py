"""The index at rest: what it needed for its work is gone, and comes back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psutil

from agent_core.index.client import WorkerIndex
from tests.agent_core.index.workspaces import make, until
from tests.agent_core.workers.test_worker_process import gone

Open = Callable[..., WorkerIndex]


def helpers(index: WorkerIndex) -> list[psutil.Process]:
    """The processes that the index process started."""
    assert index._process is not None
    return psutil.Process(index._process.pid).children(recursive=True)


async def test_it_rests_alone_wakes_before_a_question_and_leaves_nothing(
    tmp_path: Path, open_index: Open
) -> None:
    make(tmp_path, 3)
    index = open_index(tmp_path, embedder="minilm")
    await index.open()
    status = await index.embed(on_progress=lambda _: None)
    assert status.embedded == status.chunks > 0
    begun = helpers(index)
    assert begun

    async def alone() -> bool:
        return not helpers(index)

    async def awake() -> bool:
        return len(helpers(index)) == 1

    await until(alone)
    assert index.status.trouble == ""
    await index.expect()
    await until(awake)
    (helper,) = helpers(index)
    answer = await index.search("alpha bravo", mode="vector")
    assert answer.places and answer.note == ""
    assert helpers(index) == [helper], "the one that was woken answered"
    (tmp_path / "new.py").write_text("def something_new():\n    return 1\n")

    async def known() -> bool:
        return (await index.embed(on_progress=lambda _: None)).embedded > status.embedded

    await until(known)
    left = [process.pid for process in helpers(index)]
    await index.aclose()
    for pid in left:
        await gone(pid)
