"""What could not be written at once is learnt in the order of the log, whoever wrote meanwhile."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from agent_core.files import locked
from agent_core.rl.deciding import score_left
from agent_core.rl.records import Control, Decision, Score, Signal
from agent_core.rl.store import ahead, keeping, log, statefile
from agent_core.rl.store import store as stores
from agent_core.rl.store.folding import State
from agent_core.rl.store.log import Log
from agent_core.rl.store.store import Store
from agent_core.workspace import Workspace
from tests.fakes.rl_records import decision, history, opened, said, score, signal


@pytest.fixture(autouse=True)
def impatient() -> Iterator[None]:
    """Nobody waits for the lock."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(stores, "_PATIENCE_S", 0.0)
        patched.setattr(stores, "_LITTLE_PATIENCE_S", 0.0)
        yield


def learn(store: Store, times: int) -> None:
    """Decisions and scores that weigh differently, so that their order is seen in what is known."""
    for _ in range(times):
        number = store.state.decisions
        made = store.append(decision(at=store.now(), how=number % 7 / 7))
        store.append(score(made, grep="opened" if number % 2 else "dismissed", ctx="verified"))


def folded(store: Store) -> State:
    """What the log says, read line by line from its beginning."""
    state = State()
    for record in store.read(Decision, Signal, Score, Control):
        assert state.take(record)
    return state


def on_disk(root: Path) -> State:
    state = statefile.read(root / statefile.STATE).state
    assert state is not None
    return state


def refuse(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_records_that_had_to_wait_for_the_lock_are_learnt_behind_those_of_others(tmp_path: Path) -> None:
    store, other = opened(tmp_path), opened(tmp_path)
    learn(store, 1)
    with locked(tmp_path / ".dspy_tui" / "learning"):
        learn(store, 5)
        assert store.state.scores == 6, "they count at once"
    learn(other, 9)
    store.save()
    assert store.trouble == ""
    expected = said(folded(store), tmp_path)
    assert said(store.state, tmp_path) == expected
    assert said(on_disk(tmp_path), tmp_path) == expected
    assert other.sync() and said(other.state, tmp_path) == expected


def test_what_waits_is_not_in_the_file_of_the_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "SAVE_EVERY", 0.0)
    store, other = opened(tmp_path), opened(tmp_path)
    learn(store, 1)
    with monkeypatch.context() as patched:
        patched.setattr(Log, "append", refuse)
        learn(store, 3)
        assert store.state.scores == 4
    other.apply(history("a", 9))
    assert said(on_disk(tmp_path), tmp_path) == said(folded(other), tmp_path)
    assert store.sync() and store.state.scores == 4 + 3
    assert said(store.state, tmp_path) == said(folded(store), tmp_path)


def test_so_many_wait_and_the_oldest_are_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "_MOST_WAITING", 10)
    store = opened(tmp_path)
    first = store.append(decision(at=store.now()))
    with locked(tmp_path / ".dspy_tui" / "learning"):
        made = [store.append(decision(at=store.now())) for _ in range(25)]
        assert store.state.decisions == 26
    store.save()
    assert list(store.read(Decision)) == [first, *made[-10:]]
    assert said(store.state, tmp_path) == said(folded(store), tmp_path)


def test_what_others_got_over_the_bus_and_wrote_first_is_not_written_again(tmp_path: Path) -> None:
    shared: list[Decision | Signal | Score | Control] = []
    store = Store(Workspace.open(tmp_path), hand_over=shared.append)
    assert store.open() == ()
    trainer = opened(tmp_path)
    learn(store, 1)
    with locked(tmp_path / ".dspy_tui" / "learning"):
        learn(store, 2)
    assert trainer.apply(shared) == 4
    store.save()
    assert store.state.duplicates == 0
    assert said(store.state, tmp_path) == said(folded(store), tmp_path) == said(trainer.state, tmp_path)


def test_what_waits_is_written_before_the_score_of_a_session_that_was_killed(tmp_path: Path) -> None:
    script = f"""
import os, signal
from pathlib import Path
from tests.fakes.rl_records import decision, opened, signal as told
store = opened(Path({str(tmp_path)!r}))
store.append(told(store.append(decision(at=store.now())), "tree", "opened"))
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    store = opened(tmp_path)
    with locked(tmp_path / ".dspy_tui" / "learning"):
        learn(store, 2)
    assert [told.status for told in store.recover(score_left)] == ["used"]
    store.save()
    assert (store.state.decisions, store.state.scores, store.state.duplicates) == (3, 3, 0)
    assert said(store.state, tmp_path) == said(folded(store), tmp_path)


STEPS = some.lists(
    some.tuples(
        some.sampled_from(["learn", "signal", "apply", "sync", "save", "freeze", "reset", "begin again"]),
        some.sampled_from([0, 1]),
        some.sampled_from(["", "", "held", "full"]),
    ),
    max_size=25,
)


@settings(deadline=None, max_examples=25)
@given(steps=STEPS, rotate=some.sampled_from([4_000, 10**9]))
def test_whatever_fails_in_between_the_state_is_that_of_the_log(
    steps: list[tuple[str, int, str]], rotate: int
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        root = Path(folder)
        patched.setattr(log, "ROTATE_AT", rotate)
        patched.setattr(log, "KEPT", 99)
        patched.setattr(keeping, "SAVE_EVERY", 0.0)
        both = [opened(root), opened(root)]
        far = history("far", 400)
        for what, which, trouble in steps:
            with ExitStack() as stack:
                if trouble == "held":
                    stack.enter_context(locked(root / ".dspy_tui" / "learning"))
                elif trouble == "full":
                    stack.enter_context(pytest.MonkeyPatch.context()).setattr(Log, "append", refuse)
                step(both, which, what, bool(trouble), far)
        for store in both:
            store.save()
        for store in both:
            store.sync()
            assert said(store.state, root) == said(folded(store), root)
            assert store.state.duplicates == store.state.broken == 0
        assert said(both[0].state, root) == said(both[1].state, root)
        for store in both:
            store.close()


def step(
    both: list[Store], which: int, what: str, is_trouble: bool, far: list[Decision | Signal | Score | Control]
) -> None:
    store = both[which]
    match what:
        case "learn":
            learn(store, 1)
        case "signal":
            store.append(
                signal(next((one.decision for one in store.state.unscored.values()), decision("x:1")))
            )
        case "apply" if not is_trouble:
            store.apply(far[:7])
            del far[:7]
        case "sync":
            store.sync()
        case "save":
            store.save()
        case "freeze":
            store.freeze(not store.state.frozen)
        case "reset" if not is_trouble:
            store.reset()
        case "begin again" if not is_trouble:
            store.close()
            both[which] = opened(store.state_file.parent)
        case _:
            pass
