from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec
import pytest

from agent_core.errors import PathRefused, ToolError
from agent_core.rl.deciding import score_left
from agent_core.rl.records import Control, Decision, Score, Signal, from_line, to_line
from agent_core.rl.store import keeping, log, statefile
from agent_core.rl.store.statefile import STATE
from tests.fakes.rl_records import counted, decision, history, opened, said, signal

EVENTS = log.EVENTS


def lines_of(root: Path) -> list[bytes]:
    return (root / EVENTS).read_bytes().splitlines()


def test_nothing_is_written_before_there_is_something(tmp_path: Path) -> None:
    store = opened(tmp_path)
    assert not store.sync()
    store.save()
    store.close()
    assert [path.name for path in tmp_path.iterdir()] == [".dspy_tui"]
    assert not list((tmp_path / ".dspy_tui" / "learning").iterdir())


def test_a_record_gets_an_id_and_a_time_and_is_read_back(tmp_path: Path) -> None:
    store = opened(tmp_path)
    made = store.append(decision())
    told = store.append(signal(made))
    assert told.id.rpartition(":")[0] == made.id.rpartition(":")[0]
    assert told.at >= made.at > 1e9
    assert list(store.read(Decision)) == [made]
    assert list(store.read(Signal, Decision)) == [made, told]
    assert lines_of(tmp_path)[1:] == [to_line(made), to_line(told)]
    with pytest.raises(ValueError, match="does not rise"):
        store.append(made)
    store.close()


def test_sessions_see_what_each_other_wrote(tmp_path: Path) -> None:
    one, two = opened(tmp_path), opened(tmp_path)
    made = one.append(decision(at=one.now()))
    assert two.sync()
    assert not two.sync()
    assert made.id in two.state.unscored
    two.freeze(True)
    two.freeze(True)
    assert one.sync()
    assert one.state.frozen
    one.freeze(False)
    assert two.sync()
    assert not two.state.frozen
    assert [control.what for control in two.read(Control)] == ["freeze", "thaw"]
    one.close()
    two.close()


def test_a_clock_that_is_set_back_changes_nothing(tmp_path: Path) -> None:
    now = [0.0]
    store = opened(tmp_path, clock=lambda: now[0])
    times: list[float] = []
    for now[0] in (1000.0, 2000.0, 500.0, 10.0, 2001.0):
        times.append(store.append(signal(decision("x:1"))).at)
    assert times == [1000.0, 2000.0, 2000.0, 2000.0, 2001.0]
    store.close()
    later = opened(tmp_path, clock=lambda: 5.0)
    later.append(decision(at=later.now()))
    later.close()
    assert opened(tmp_path).state.decisions == 1


def test_applying_again_counts_nothing_twice(tmp_path: Path) -> None:
    one, two = opened(tmp_path), opened(tmp_path)
    records = history("far", 500)
    assert one.apply(records[:450]) == 450
    assert two.apply(records[:450]) == 0
    assert two.apply(records) == 50
    assert one.apply(records) == 0
    assert two.left_out.duplicates == 900
    assert (one.state.decisions, one.state.scores, one.state.duplicates) == (167, 166, 0)
    assert len(lines_of(tmp_path)) == 501
    one.close()
    two.close()


def test_what_stands_in_the_log_twice_counts_once(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.apply(history("far", 9))
    with (tmp_path / EVENTS).open("ab") as file:
        file.write(b"\n".join([*lines_of(tmp_path)[1:4], b"not json", b'{"type":"decision"}', b""]) + b"\n")
    assert store.sync()
    assert (store.state.duplicates, store.state.broken, store.state.decisions) == (3, 3, 3)
    fresh = opened(tmp_path)
    assert said(fresh.state, tmp_path) == said(store.state, tmp_path)
    assert len(list(fresh.read(Decision, Signal, Score))) == 9
    store.close()


@pytest.mark.parametrize("what", ["deleted", "emptied", "cut", "replaced", "older", "all deleted"])
@pytest.mark.parametrize("running", [True, False])
def test_a_log_that_was_tampered_with_counts_nothing_twice(
    what: str, running: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "ROTATE_AT", 20_000)
    store = opened(tmp_path)
    store.apply(history("a", 60))
    path = tmp_path / EVENTS
    copy = path.read_bytes()
    store.apply(history("a", 66))
    store.save()
    match what:
        case "deleted":
            path.unlink()
        case "emptied":
            os.truncate(path, 0)
        case "cut":
            os.truncate(path, path.stat().st_size // 2)
        case "older":
            path.unlink()
            path.write_bytes(copy)
        case "replaced":
            path.write_bytes(b'{"type":"header","schema":1,"generation":"other"}\n' + b"".join(
                to_line(record) + b"\n" for record in history("a", 66)[50:]))  # fmt: skip
        case _:
            for file in tmp_path.glob(".dspy_rl_events*"):
                file.unlink()
    if not running:
        store.close()
        store = opened(tmp_path)
    assert store.apply(history("a", 72)) == 6
    assert counted(store.state) == {"a": 72}
    assert (store.state.decisions, store.state.scores) == (24, 24)
    assert (store.state.duplicates, store.state.broken) == (0, int(what == "cut"))
    seen = [said(known.state, tmp_path) for known in (opened(tmp_path), store)]
    for plain in seen:
        del plain["broken"]  # known to whoever counted it, until the state is written
    assert seen[0] == seen[1]
    store.close()


def test_a_process_that_slept_through_rotations_has_lost_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "ROTATE_AT", 3_000)
    asleep, awake = opened(tmp_path), opened(tmp_path)
    asleep.append(decision(at=1.0))
    awake.apply(history("a", 300))
    assert len(list(awake.read(Decision))) < 100
    assert asleep.sync()
    assert asleep.state.decisions == 101
    assert said(asleep.state, tmp_path) == said(awake.state, tmp_path)
    assert len(list(tmp_path.glob(".dspy_rl_events*"))) == 1 + log.KEPT
    assert max(path.stat().st_size for path in tmp_path.glob(".dspy_rl_events*")) <= 3_000


def test_reading_goes_on_through_a_rotation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "ROTATE_AT", 20_000)
    store = opened(tmp_path)
    store.apply(history("a", 60))
    reading = store.read(Decision, Signal, Score)
    first = next(reading)
    store.apply(history("b", 300))
    read = [record.id for record in (first, *reading)]
    assert read[:60] == [f"a:{number}" for number in range(1, 61)]
    assert read[60:] == [f"b:{number}" for number in range(1, len(read) - 59)], "what came meanwhile"


def test_what_a_killed_session_left_is_scored_once(tmp_path: Path) -> None:
    script = f"""
import os, signal
from pathlib import Path
from tests.fakes.rl_records import decision, opened, signal as told
store = opened(Path({str(tmp_path)!r}))
for number in range(3):
    made = store.append(decision(at=store.now(), first=number))
    if number:
        store.append(told(made, "tree", "opened"))
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    alive = opened(tmp_path)
    open_one = alive.append(decision(at=alive.now()))
    alive.append(signal(open_one))
    alive.apply([decision("far:1"), signal(decision("far:1"), record_id="far:2")])
    one, two = opened(tmp_path), opened(tmp_path)
    scores = one.recover(score_left)
    assert [(told.status, told.shown[0]) for told in scores] == [("used", "codectx"), ("used", "grep")]
    assert two.recover(score_left) == ()
    assert opened(tmp_path).recover(score_left) == ()
    assert two.state.scores == 2
    left = {name for name, one in two.state.unscored.items() if one.signals}
    assert left == {open_one.id, "far:1"}, "those of sessions that run, and of elsewhere"
    alive.sync()
    assert [told.id for told in alive.read(Score)] == [told.id for told in scores]


def test_a_reset_keeps_a_backup_and_is_seen_by_all(tmp_path: Path) -> None:
    one, two = opened(tmp_path), opened(tmp_path)
    one.apply(history("a", 30))
    before = said(one.state, tmp_path)
    del before["marks"]
    backups = [one.reset(), one.reset()]
    assert len(set(backups)) == 2
    assert backups[0].name.startswith(f"{STATE}.backup-")
    assert backups[0].stat().st_mode & 0o777 == 0o600
    kept = statefile.read(backups[0]).state
    assert kept is not None
    assert said(kept, tmp_path) == before | {"marks": said(kept, tmp_path)["marks"]}
    two.sync()
    for store in (one, two, opened(tmp_path)):
        assert (store.state.decisions, store.state.resets, store.state.knowledge.updates) == (0, 2, 0)
    assert one.apply(history("a", 30)) == 0, "what was forgotten does not come back"
    (tmp_path / STATE).unlink()
    assert said(opened(tmp_path).state, tmp_path) == said(one.state, tmp_path)


def test_a_backup_that_is_put_back_is_gone_on_with(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.apply(history("a", 30))
    before = said(store.state, tmp_path)
    backup = store.reset()
    store.apply(history("a", 36))
    store.close()
    backup.replace(tmp_path / STATE)
    back = opened(tmp_path)
    assert (back.state.decisions, back.state.scores, back.state.resets) == (12, 12, 0)
    assert back.state.knowledge.updates > before["knowledge"]["updates"]
    assert (back.state.duplicates, back.state.broken) == (0, 0)
    back.close()


def test_the_export_has_every_record_of_all_files_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "ROTATE_AT", 20_000)
    store = opened(tmp_path)
    records = history("a", 60)
    store.apply(records)
    (tmp_path / "out").mkdir()
    path = store.export("out/learnt.jsonl", replace=True)
    assert path == tmp_path / "out" / "learnt.jsonl"
    assert [from_line(line) for line in path.read_bytes().splitlines()] == records
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ToolError, match="is there already"):
        store.export("out/learnt.jsonl", replace=False)
    for refused in ("out", STATE, EVENTS, "none/here.jsonl"):
        with pytest.raises(ToolError):
            store.export(refused, replace=True)
    with pytest.raises(PathRefused):
        store.export("../out.jsonl", replace=True)


def test_threads_share_a_store(tmp_path: Path) -> None:
    store = opened(tmp_path)

    def work() -> None:
        for _ in range(40):
            store.append(msgspec.structs.replace(decision(), id=""))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.state.decisions == 160
    assert len(list(opened(tmp_path).read(Decision))) == 160


def test_the_state_is_written_now_and_then_while_it_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(tmp_path)
    store.append(decision(at=1.0))
    written = (tmp_path / STATE).read_bytes()
    store.append(decision(at=1.0))
    assert (tmp_path / STATE).read_bytes() == written
    soon = time.monotonic() + keeping.SAVE_EVERY
    monkeypatch.setattr(time, "monotonic", lambda: soon)
    store.append(decision(at=1.0))
    kept = statefile.read(tmp_path / STATE).state
    assert kept is not None
    assert kept.decisions == 3
