"""How the index stands, on the status line."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agent_core.events import Event, IndexChanged
from agent_core.index.api import IndexStatus
from tests.fakes.screen import FakeRuntime
from tests.tui.conftest import app_of, settled, tell
from tests.tui.test_work_screen import text_of
from tui.widgets.status import Status, line_of
from tui.widgets.transcript.lines import plain

BUILDING = IndexStatus(phase="building", done=1234, total=9186)
EMBEDDING = IndexStatus(phase="ready", files=9, chunks=100, embedded=63, eta_s=240, embedder="minilm")
FAILED = IndexStatus(phase="failed", trouble="the disk is full")

pytestmark = pytest.mark.usefixtures("utc")


def line(index: str, width: int) -> str:
    status = Status(model="qwen3:1.7b", state="ready", used=900, window=8192, branch="main", index=index)
    return plain(line_of(status, width)[0])


def test_what_stands_in_brackets_gives_way_before_the_rest() -> None:
    index = "fresh · vectors 63% (4 min left)"
    assert index in line(index, 120)
    assert "fresh · vectors 63% │ ⎇ main" in line(index, 70)
    assert "4 min" not in line(index, 70)
    assert "fresh" not in line(index, 60)


async def test_each_state_is_shown(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        for status, said, style in (
            (BUILDING, "indexing 1,234/9,186", "dim"),
            (EMBEDDING, "fresh · vectors 63% (4 min left)", "dim"),
            (FAILED, "no index: the disk is full", "warn"),
            (IndexStatus(phase="ready", files=9), "fresh", "dim"),
        ):
            await tell(pilot, runtime, IndexChanged(status=status))
            assert (app.work.status.status.index, app.work.status.status.index_style) == (said, style)


async def test_a_trouble_is_told_in_full_once(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    trouble = IndexStatus(phase="ready", files=9, trouble="Ollama\x1b[2J does not answer")
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        for status in (trouble, IndexStatus(phase="building", trouble=trouble.trouble), trouble):
            await tell(pilot, runtime, IndexChanged(status=status))
        assert text_of(app).count("The index: Ollama does not answer") == 1


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["80x24", "120x36"])
def test_picture(snap_compare: Callable[..., bool], runtime: FakeRuntime, size: tuple[int, int]) -> None:
    async def run(pilot) -> None:
        await settled(pilot)
        event: Event = IndexChanged(status=EMBEDDING)
        await tell(pilot, runtime, event)

    assert snap_compare(app_of(runtime), terminal_size=size, run_before=run)
