"""Sessions over several processes: what one run leaves, the next goes on with."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

from tests.e2e.conftest import Run

NONE = ("--set", "provider=none")


def test_a_batch_leaves_a_session_only_where_it_is_told_to(run: Run, repo: Path) -> None:
    assert run("--batch", *NONE, "-c", "tree").returncode == 0
    assert not (repo / ".dspy_tui" / "sessions").exists()
    first = run("--batch", *NONE, "--session", "nightly", "-c", "where is main?")
    assert first.returncode == 0
    assert b"Session nightly (" in first.stderr
    (hint,) = re.findall(rb"Go on in it: dspy-tui --resume (.*)", first.stderr)
    assert b" " not in hint.strip(), "here no folder is needed"
    again = run("--batch", *NONE, "--session", "nightly", "--format", "jsonl", "-c", "tree")
    events = [json.loads(line) for line in again.stdout.splitlines()]
    (turn,) = [event["turn_id"] for event in events if event["type"] == "turn_started"]
    assert turn.endswith(".2"), "the turns go on"
    listed = run("--batch", *NONE, "--format", "json", "-c", "sessions")
    (result,) = json.loads(listed.stdout)["results"]
    (session,) = result["data"]["sessions"]
    assert (session["name"], session["turns"], session["first"]) == ("nightly", 2, "where is main?")


def test_what_goes_on_with_a_session_of_another_folder_names_it(run: Run, repo: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    there = repo.rename(repo.with_name("a b"))
    done = run("--batch", *NONE, "--workspace", str(there), "--session", "x", "-c", "tree", cwd=elsewhere)
    (hint,) = re.findall(rb"Go on in it: dspy-tui (--resume .*)", done.stderr)
    words = shlex.split(hint.decode())
    assert words[2:] == [str(there)]
    again = run("--batch", *NONE, *words[:2], "--workspace", *words[2:], "-c", "tree", cwd=elsewhere)
    assert again.returncode == 0


def test_a_session_that_is_none_is_refused_before_anything_runs(run: Run, repo: Path) -> None:
    for options in (("--resume", "nothing"), ("--session", "last"), ("--session", "a", "--resume", "b")):
        done = run("--batch", *NONE, *options, "-c", "tree")
        assert (done.returncode, done.stdout) == (2, b""), options
    assert not (repo / ".dspy_tui" / "sessions").exists()


def test_a_run_switches_to_a_session_for_what_follows(run: Run) -> None:
    assert run("--batch", *NONE, "--session", "one", "-c", "where is main?").returncode == 0
    done = run("--batch", *NONE, "-c", "resume one", "-c", "tree", "-c", "fork two", "-c", "tree")
    assert done.returncode == 0
    listed = run("--batch", *NONE, "--format", "json", "-c", "sessions")
    (result,) = json.loads(listed.stdout)["results"]
    assert {row["name"]: row["turns"] for row in result["data"]["sessions"]} == {"one": 2, "two": 3}
