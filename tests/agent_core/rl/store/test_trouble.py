from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agent_core.errors import AgentError
from agent_core.files import locked
from agent_core.rl.deciding import score_left
from agent_core.rl.records import Decision, Signal
from agent_core.rl.store import keeping, log, statefile
from agent_core.rl.store import store as store_module
from agent_core.rl.store.log import Log
from agent_core.rl.store.statefile import STATE
from agent_core.rl.store.store import Store
from agent_core.workspace import Workspace
from tests.fakes.rl_records import decision, history, opened, said, score, signal

EVENTS = log.EVENTS


def in_memory(root: Path) -> Store:
    """A store that can keep nothing, says so once and works nevertheless."""
    store = Store(Workspace.open(root))
    warnings = store.open()
    assert len(warnings) == 1
    assert "in memory" in warnings[0]
    made = store.append(decision(at=store.now()))
    store.append(score(made, ctx="accepted"))
    assert (store.state.decisions, store.state.scores) == (1, 1)
    assert store.recover(score_left) == ()
    assert not store.sync()
    for call in (store.reset, lambda: store.apply(history("a", 3))):
        with pytest.raises(AgentError):
            call()
    assert store.news() == ()
    assert store.trouble
    store.close()
    return store


def test_without_a_place_for_its_lock_it_works_in_memory(tmp_path: Path) -> None:
    (tmp_path / ".dspy_tui").write_text("in the way")
    in_memory(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".dspy_tui"]


def test_what_is_known_is_read_where_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(tmp_path)
    store.apply(history("a", 30))
    store.save()
    store.apply(history("a", 60))
    open_file = os.open

    def read_only(path: str | Path, flags: int, *rest: int, **more: int) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) and str(path).startswith(str(tmp_path)):
            raise OSError(30, "Read-only file system", str(path))
        return open_file(path, flags, *rest, **more)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", read_only)
        reader = Store(Workspace.open(tmp_path))
        assert "Read-only file system" in reader.open()[0]
        assert reader.state.decisions == 20
        assert len(list(reader.read(Decision))) == 20
        reader.close()
    assert reader.state.decisions == 20


FULL = """
import json, resource, sys
from pathlib import Path
from tests.fakes.rl_records import decision, opened
store = opened(Path(sys.argv[1]))
store.append(decision(at=store.now()))
store.save()
size = store.events_file.stat().st_size
limits = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, limits[1]))
for number in range(20):
    store.append(decision(at=store.now()))
store.save()
full = {"decisions": store.state.decisions, "trouble": store.trouble, "news": store.news()}
resource.setrlimit(resource.RLIMIT_FSIZE, limits)
store.append(decision(at=store.now()))
store.close()
after = {"decisions": store.state.decisions, "trouble": store.trouble, "news": store.news()}
print(json.dumps([full, after]))
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="no limit of file sizes here")
def test_a_full_disk_is_said_once_and_nothing_is_lost_when_there_is_room_again(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, check=True
    )
    full, after = json.loads(done.stdout)
    assert full["decisions"] == 21
    assert len(full["news"]) == 1
    assert "in memory" in full["news"][0]
    assert after == {"decisions": 22, "trouble": "", "news": []}
    again = opened(tmp_path)
    assert (again.state.decisions, again.state.duplicates) == (22, 0)
    assert again.state.broken <= 1, "the line that was cut off when the disk was full"


def test_a_state_that_cannot_be_written_is_said_once_and_the_events_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "SAVE_EVERY", 0.0)
    monkeypatch.setattr(log, "ROTATE_AT", 3_000)
    store = opened(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(statefile, "save", refuse)
        store.apply(history("a", 60))
        assert not list(tmp_path.glob(".dspy_rl_events.1*")), "what no state has is not rotated away"
    assert {words.split(":")[0] for words in store.news()} == {
        f"{STATE} cannot be written",
        f"{EVENTS} cannot be rotated",
    }
    assert store.news() == ()
    store.apply(history("a", 66))
    assert list(tmp_path.glob(".dspy_rl_events.1*"))
    assert said(opened(tmp_path).state, tmp_path) == said(store.state, tmp_path)


def test_a_lock_that_is_held_for_long_costs_no_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "_PATIENCE_S", 0.05)
    store = opened(tmp_path)
    with locked(tmp_path / ".dspy_tui" / "learning"):
        made = store.append(decision(at=store.now()))
        assert "in use" in store.trouble
        assert store.state.decisions == 1
    told = store.append(signal(made))
    assert store.trouble == ""
    assert list(store.read(Decision, Signal)) == [made, told]
    assert (store.state.decisions, store.state.duplicates) == (1, 0)


def test_a_lock_that_is_held_at_the_beginning_is_no_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "_PATIENCE_S", 0.05)
    first = opened(tmp_path)
    first.append(decision(at=first.now()))
    first.close()
    store = Store(Workspace.open(tmp_path))
    (tmp_path / STATE).write_text("{")
    with locked(tmp_path / ".dspy_tui" / "learning"):
        (warning,) = store.open()
        assert "in use" in warning
        made = store.append(decision(at=store.now()))
        assert store.state.decisions == 2, "what is there is read without the lock"
    told = store.append(signal(made))
    (kept,) = store.news()
    assert "kept as" in kept, "a broken state is never written over"
    assert store.trouble == ""
    assert list(store.read(Decision, Signal))[1:] == [made, told]
    assert (store.state.decisions, store.state.duplicates) == (2, 0)
    store.close()
    assert opened(tmp_path).state.decisions == 2


def test_a_state_folder_that_was_tidied_away_comes_back(tmp_path: Path) -> None:
    store, other = opened(tmp_path), opened(tmp_path)
    shutil.rmtree(tmp_path / ".dspy_tui")
    store.append(decision(at=store.now()))
    assert (store.news(), store.trouble) == ((), "")
    assert (tmp_path / ".dspy_tui" / ".gitignore").exists()
    assert other.recover(score_left) == (), "it runs"
    store.close()
    other.close()
    assert list((tmp_path / ".dspy_tui" / "learning").iterdir()) == []


def test_what_waits_is_never_rotated_away_from_the_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "ROTATE_AT", 3_000)
    store = opened(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(Log, "append", refuse)
        for number in range(40):
            store.append(decision(at=store.now(), first=number % 11))
    store.append(decision(at=store.now()))
    assert list(store.read(Decision)) != []
    assert opened(tmp_path).state.decisions == store.state.decisions == 41
    store.append(decision(at=store.now()))
    store.close()
    assert opened(tmp_path).state.decisions == 42


def refuse(*_: object) -> None:
    raise OSError(28, "No space left on device")
