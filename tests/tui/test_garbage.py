from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from tui import garbage


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    gc.unfreeze()
    yield
    gc.unfreeze()


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
