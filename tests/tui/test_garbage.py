from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest
from textual.app import App, ComposeResult

from tui import garbage
from tui.widgets.sheet import Sheet
from tui.widgets.transcript.canvas import Canvas
from tui.widgets.transcript.lines import Line
from tui.widgets.transcript.strips import Row


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    gc.unfreeze()
    before, callbacks = gc.get_threshold(), list(gc.callbacks)
    yield
    gc.unfreeze()
    gc.set_threshold(*before)
    gc.callbacks[:] = callbacks


class Node:
    def __init__(self) -> None:
        self.me = self


def test_what_is_set_aside_is_not_walked_again() -> None:
    garbage.set_aside()
    assert gc.get_freeze_count() > 1000
    assert len(gc.get_objects()) < 1000


def test_tidy_collects_what_came_since() -> None:
    garbage.set_aside()
    node = weakref.ref(Node())
    assert node() is not None
    garbage.tidy()
    assert node() is None


def test_the_first_tidy_only_sets_aside() -> None:
    node = weakref.ref(Node())
    garbage.tidy()
    assert node() is not None
    assert gc.get_freeze_count() > 1000


def test_what_a_turn_leaves_behind_goes_with_a_later_one() -> None:
    """What was alive when a turn began, and then became garbage in a cycle, was never collected."""
    garbage.set_aside()
    turn = Node()
    left = weakref.ref(turn)
    garbage.tidy()
    del turn
    garbage.tidy()
    assert left() is None


def test_what_was_set_aside_by_mistake_goes_once_it_is_much() -> None:
    garbage.set_aside()
    frozen: list[Node] = []
    for _ in range(8):
        frozen += [Node() for _ in range(30_000)]
        gc.collect()
    left = weakref.ref(frozen[0])
    assert gc.get_freeze_count() > 150_000
    frozen.clear()
    garbage.tidy()
    assert left() is None


def test_garbage_in_cycles_never_gathers() -> None:
    """However much was loaded before: what waits is collected before it takes long."""
    loaded = [[number] for number in range(300_000)]
    gc.collect()
    garbage.set_aside()
    walked: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start" and info["generation"] == 2:
            walked.append(len(gc.get_objects()))

    gc.callbacks.append(note)
    window: list[Node] = []
    for _ in range(100_000):
        window.append(Node())
        del window[:-1000]  # so that the first collections find them alive
    assert len(walked) >= 3 and max(walked) < 30_000
    assert len(loaded) == 300_000


def test_what_is_loaded_later_is_set_aside_as_well() -> None:
    garbage.set_aside()
    loaded = [[number] for number in range(60_000)]
    gc.collect()
    assert len(gc.get_objects()) < 25_000
    few = [[number] for number in range(6000)]
    gc.collect()
    assert len(gc.get_objects()) >= len(few), "not everything, or what becomes garbage would stay"
    assert len(loaded) == 60_000


class Drawing(App[None]):
    """Draws other lines, again and again."""

    CSS = "Canvas, Sheet { height: 10; }"

    def compose(self) -> ComposeResult:
        yield Canvas()
        yield Sheet()

    def draw(self, number: int) -> None:
        lines = [Line(((f"{number} {row}", "title", None),)) for row in range(10)]
        self.query_one(Canvas).paint([Row(line) for line in lines], 80)
        self.query_one(Sheet).show(lambda _: lines)


async def test_what_was_drawn_is_no_garbage() -> None:
    """A full collection of strips that kept themselves held up the keys while messages came in."""
    app = Drawing()
    async with app.run_test(size=(80, 24)) as pilot:
        app.draw(-1)
        await pilot.pause()
        gc.collect()
        gc.disable()
        try:
            for number in range(100):
                app.draw(number)
                await pilot.pause()
            found = gc.collect()
        finally:
            gc.enable()
    assert found < 4000, "2,000 strips were drawn, of 17 objects each and more"
