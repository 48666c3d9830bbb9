from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from tui import garbage


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
