"""A process that ends before any single call that changes the disk, or in the middle of one that writes."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from agent_core.rl.records import Decision, Score, Signal
from agent_core.rl.store import keeping, log
from agent_core.rl.store.store import Store
from agent_core.workspace import Workspace
from tests.fakes.rl_records import counted, history, opened, said

RECORDS = history("a", 27)
_CHANGING = ((os, "write"), (os, "open"), (os, "fsync"), (Path, "rename"), (Path, "replace"), (Path, "mkdir"))


class Killed(BaseException):
    """The process ends here."""


class Steps:
    """Counts the calls that change the disk, and ends everything at one of them."""

    def __init__(self, last: int | None = None) -> None:
        self.count, self.last = 0, last
        self.write = os.write

    def watched(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **options: Any) -> Any:
            if self.count == self.last:
                if call is self.write:
                    call(args[0], args[1][: len(args[1]) // 2])
                raise Killed
            self.count += 1
            return call(*args, **options)

        return step


def run(root: Path, steps: Steps, work: Callable[[Store], object]) -> None:
    with pytest.MonkeyPatch.context() as patched, suppress(Killed):
        for owner, name in _CHANGING:
            patched.setattr(owner, name, steps.watched(getattr(owner, name)))
        store = Store(Workspace.open(root))
        store.open()
        work(store)


def apply_all(store: Store) -> None:
    for begin in range(0, len(RECORDS), 9):
        store.apply(RECORDS[begin : begin + 9])


def learn_and_reset(store: Store) -> None:
    store.apply(RECORDS)
    store.reset()
    store.close()


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rotate and save much."""
    monkeypatch.setattr(log, "ROTATE_AT", 5_000)
    monkeypatch.setattr(keeping, "SAVE_EVERY", 0.0)


def test_after_any_step_everything_counts_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    whole = Steps()
    first = tmp_path_factory.mktemp("whole")
    run(first, whole, apply_all)
    assert (first / ".dspy_rl_events.2.jsonl").exists()
    expected = said(opened(first).state, first)
    assert whole.count > 50
    for last in range(whole.count):
        root = tmp_path_factory.mktemp("killed")
        run(root, Steps(last), apply_all)
        store = Store(Workspace.open(root))
        assert store.open() == (), f"step {last}"
        known = counted(store.state).get("a", 0)
        assert store.apply(RECORDS) == len(RECORDS) - known
        assert store.state.broken <= 1
        store.state.broken = 0
        assert said(store.state, root) == expected, f"step {last}"
        ids = Counter(record.id for record in store.read(Decision, Signal, Score))
        assert max(ids.values()) == 1
        store.close()


def test_a_reset_is_done_or_not(tmp_path_factory: pytest.TempPathFactory) -> None:
    whole = Steps()
    run(tmp_path_factory.mktemp("whole"), whole, learn_and_reset)
    seen: set[int] = set()
    for last in range(0, whole.count, 3):
        root = tmp_path_factory.mktemp("killed")
        run(root, Steps(last), learn_and_reset)
        store = opened(root)
        assert store.state.resets in (0, 1)
        if store.state.resets:
            assert store.state.decisions == 0
            assert list(root.glob(".dspy_rl_state.json.backup-*"))
        seen.add(store.state.resets)
        store.close()
    assert seen == {0, 1}
