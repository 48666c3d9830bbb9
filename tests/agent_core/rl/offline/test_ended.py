"""Trainings that did not come to their end, and what goes on with the last of them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec

from agent_core.errors import ErrorInfo
from agent_core.files import locked
from agent_core.rl.gepa.owed import LOCK, Owed, keep_owed, settle
from agent_core.rl.offline.begun import Begun, forget, note, noted, renew
from agent_core.rl.offline.config import TrainingConfig
from agent_core.rl.offline.ended import Ended, all_ended, keep_ended, keep_killed
from agent_core.rl.offline.options import Options
from agent_core.rl.offline.saying import not_done

STOPPED = ErrorInfo("interrupted", "It was stopped")


def begin(folder: Path, command: str) -> None:
    begun = Begun(options=Options(), config=TrainingConfig(), changes=6, logs={}, command=command)
    note(folder, begun)


def test_nothing_is_there_at_first(tmp_path: Path) -> None:
    assert all_ended(tmp_path) == ()


def test_the_newest_is_gone_on_with_as_long_as_it_can(tmp_path: Path) -> None:
    begin(tmp_path, "rl train")
    keep_ended(tmp_path, "rl train", ErrorInfo("training", "No room"), told="recording 3 of 12 runs")
    begin(tmp_path, "rl train --steps 9")
    keep_ended(tmp_path, "rl train --steps 9", STOPPED)
    newest, before = all_ended(tmp_path)
    assert newest.go_on == "rl train --steps 9 --resume" and before.go_on == ""
    said = not_done((newest, before), now=newest.at + 60)
    assert "`rl train --steps 9 --resume` goes on" in said
    assert "rl train: No room (last: recording 3 of 12 runs)" in said
    keep_ended(tmp_path, "rl train --steps 9 --resume", STOPPED)
    assert all_ended(tmp_path)[0].go_on == "rl train --steps 9 --resume"
    forget(tmp_path)
    assert [each.go_on for each in all_ended(tmp_path)] == ["", "", ""]


def test_one_that_was_killed_is_told_although_it_could_not_say_so(tmp_path: Path) -> None:
    begin(tmp_path, "rl train --changes 6")
    with locked(tmp_path / "run"):
        assert all_ended(tmp_path) == (), "it runs"
    with locked(tmp_path / "run", timeout=0.0, shared=True):
        assert len(all_ended(tmp_path)) == 1, "somebody else looks"
    (killed,) = all_ended(tmp_path)
    assert "killed" in killed.error.message and killed.go_on == "rl train --changes 6 --resume"


def test_prompts_that_are_still_to_be_improved_are_gone_on_with(tmp_path: Path) -> None:
    keep_ended(tmp_path, "rl train --steps 1", STOPPED)
    os.utime(tmp_path / "ended.json", (1, 1))
    keep_owed(tmp_path, Owed(command="rl train", trained="policy 1"))
    with locked(tmp_path / LOCK):
        assert len(all_ended(tmp_path)) == 1
    killed, _ = all_ended(tmp_path)
    assert killed.go_on == "rl train --resume"
    keep_ended(tmp_path, "rl train", STOPPED)
    assert [each.go_on for each in all_ended(tmp_path)] == ["rl train --resume", ""]
    settle(tmp_path)
    assert all_ended(tmp_path)[0].go_on == ""


def test_one_that_was_killed_stays_in_the_list(tmp_path: Path) -> None:
    begin(tmp_path, "rl train --changes 6")
    keep_killed(tmp_path, holding="run")
    keep_killed(tmp_path, holding="run")
    begin(tmp_path, "rl train --changes 7")
    with locked(tmp_path / "run"):
        (killed,) = all_ended(tmp_path)
    assert "killed" in killed.error.message and killed.command == "rl train --changes 6"


def test_one_that_was_gone_on_with_and_killed_then_is_told(tmp_path: Path) -> None:
    begin(tmp_path, "rl train")
    keep_ended(tmp_path, "rl train", STOPPED)
    begun = noted(tmp_path)
    assert begun is not None
    renew(tmp_path, begun)
    killed, stopped = all_ended(tmp_path)
    assert "killed" in killed.error.message and stopped.error == STOPPED


def test_a_copy_of_a_workspace_tells_the_same(tmp_path: Path) -> None:
    begin(tmp_path, "rl train")
    keep_ended(tmp_path, "rl train", STOPPED)
    later = time.time() + 1000
    os.utime(tmp_path / "begun.json", (later, later))
    (stopped,) = all_ended(tmp_path)
    assert stopped.error == STOPPED
    forget(tmp_path)
    keep_owed(tmp_path, Owed(command="rl train", trained="policy 1"))
    keep_ended(tmp_path, "rl train", STOPPED)
    os.utime(tmp_path / "prompts.json", (later, later))
    assert [each.error for each in all_ended(tmp_path)] == [STOPPED, STOPPED]


def test_what_came_with_a_repository_proposes_nothing_of_its_own(tmp_path: Path) -> None:
    said = "x" * 5000
    error = ErrorInfo("training", f"\x1b[2J{said}", said)
    hostile = Ended(at=-1e308, command=said, error=error, told=said, go_on="rl train; !rm -rf ~")
    kept = {"ended": [msgspec.to_builtins(hostile)] * 500}
    (tmp_path / "ended.json").write_bytes(msgspec.json.encode(kept))
    ended = all_ended(tmp_path)
    assert len(ended) == 20 and {each.go_on for each in ended} == {""}
    assert "\x1b" not in ended[0].error.message and len(not_done(ended[:1], now=0.0)) < 1200
    begin(tmp_path, "rl train --steps $(reboot) --lr 0.001 --skip-gepa ; !rm -rf ~ --seed 4")
    assert all_ended(tmp_path)[0].go_on == "rl train --lr 0.001 --skip-gepa --seed 4 --resume"


def test_what_is_broken_is_none(tmp_path: Path) -> None:
    (tmp_path / "ended.json").write_text("nothing")
    (tmp_path / "prompts.json").write_text("[1")
    assert all_ended(tmp_path) == ()
