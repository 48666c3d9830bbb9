"""`--batch` in a process of its own: standard output, standard error, exit codes."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from agent_core.events import TurnFinished, TurnStarted, from_json
from agent_core.ignore import is_own
from tests.e2e.conftest import ROOT, Run, environment

SCHEMA = json.loads((ROOT / "docs" / "batch.schema.json").read_text())


def document(done: subprocess.CompletedProcess[bytes]) -> Any:
    """The one document on standard output, checked against the schema."""
    assert done.stdout.count(b"\n") == 1
    found = json.loads(done.stdout)
    jsonschema.validate(found, SCHEMA)
    return found


def results(done: subprocess.CompletedProcess[bytes]) -> list[Any]:
    return document(done)["results"]


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_grep_as_json(run: Run) -> None:
    done = run("--batch", "-c", 'grep "def main" .', "--format", "json")
    (result,) = results(done)
    assert (done.returncode, done.stderr) == (0, b"")
    assert (result["command"], result["outcome"], result["exit"]) == ('grep "def main" .', "answered", 0)
    (hit,) = result["data"]["hits"]
    assert (hit["path"], hit["start"], hit["end"], hit["text"]) == ("src/parser.py", 5, 5, "def main():")


def test_grep_says_what_it_left_out(run: Run, repo: Path) -> None:
    (repo / "many.txt").write_text("needle\n" * 5000)
    (result,) = results(run("--batch", "-c", "grep needle", "--format", "json"))
    data = result["data"]
    assert data["matches"] == 5000
    assert len(data["hits"]) == data["shown"] < 5000
    assert not data["complete"] and data["note"]
    (result,) = results(run("--batch", "-c", "grep needle --limit 5000", "--format", "json"))
    assert len(result["data"]["hits"]) == 5000 and result["data"]["complete"]


def test_grep_as_text_writes_every_match(run: Run, repo: Path) -> None:
    (repo / "many.txt").write_text("needle\n" * 100_000)
    done = run("--batch", "-c", "grep needle")
    assert done.returncode == 0
    assert done.stdout.count(b"needle\n") == 100_000


def test_a_question_without_a_model_is_answered(run: Run) -> None:
    done = run("--batch", "-c", "where is parse_header defined?", "--format", "json")
    (result,) = results(done)
    assert done.returncode == 0
    assert "src/parser.py:1" in result["data"]["text"]
    assert any(hit["path"] == "src/parser.py" and hit["start"] == 1 for hit in result["data"]["hits"])


def test_a_single_word_is_a_question_and_that_is_said(run: Run) -> None:
    done = run("--batch", "-c", "parse_headr", "-c", " serve", "-c", "tree")
    assert done.returncode == 0
    assert done.stderr.count(b"There is no command") == 1
    assert b"There is no command 'parse_headr', so it is read as a question" in done.stderr
    assert run("--batch", "-c", "/parse_headr").returncode == 2


def test_text_is_the_answer_and_nothing_else(run: Run) -> None:
    done = run("--batch", "-c", "where is parse_header defined?")
    assert b"src/parser.py:1" in done.stdout
    assert done.stdout.endswith(b"\n") and not done.stdout.endswith(b"\n\n")


def test_a_change_without_a_model(run: Run) -> None:
    done = run("--batch", "-c", "add a docstring to parse_header", "--format", "json")
    (result,) = results(done)
    assert (done.returncode, result["exit"], result["error"]["code"]) == (4, 4, "no-model")
    assert result["error"]["hint"].encode() in done.stderr


def test_the_first_failure_ends_it(run: Run) -> None:
    done = run(
        "--batch", "-c", "tree", "-c", "cat nothing.txt", "-c", "!echo hi", "-c", "ls", "--format", "json"
    )
    assert [result["exit"] for result in results(done)] == [0, 1]
    assert done.returncode == 1
    assert b"2 not run" in done.stderr


def test_keep_going_runs_all_and_keeps_the_first_failure(run: Run) -> None:
    arguments = (
        "--batch",
        "-c",
        "cat nothing.txt",
        "-c",
        "!echo hi",
        "-c",
        "ls",
        "--format",
        "json",
        "--keep-going",
    )
    done = run(*arguments)
    assert [result["exit"] for result in results(done)] == [1, 3, 0]
    assert done.returncode == 1


@pytest.mark.parametrize("source", ["-", "commands.txt", None])
def test_commands_from_files(run: Run, repo: Path, source: str | None) -> None:
    listed = b"\xef\xbb\xbf# a comment\n\nls src\r\n  \ncat README.md"
    (repo / "commands.txt").write_bytes(listed)
    arguments = ("--file", source) if source else ()
    done = run("--batch", *arguments, "--format", "json", input=listed)
    assert [result["command"] for result in results(done)] == ["ls src", "cat README.md"]
    assert done.returncode == 0


def test_jsonl_is_the_event_stream(run: Run) -> None:
    done = run("--batch", "-c", "ls", "-c", "where is main?", "--format", "jsonl")
    events = [from_json(line) for line in done.stdout.splitlines()]
    starts = [event for event in events if isinstance(event, TurnStarted)]
    ends = [event for event in events if isinstance(event, TurnFinished)]
    assert [event.kind for event in starts] == ["command", "task"]
    assert [event.turn_id for event in starts] == [event.turn_id for event in ends]
    assert isinstance(events[-1], TurnFinished)


def test_shell_commands_need_a_rule(run: Run) -> None:
    refused = run("--batch", "-c", "!echo hi")
    assert (refused.returncode, refused.stdout) == (3, b"")
    assert b"--allow 'shell:echo hi'" in refused.stderr
    allowed = run("--batch", "-c", "!echo hi", "--allow", "shell:echo *")
    assert (allowed.returncode, allowed.stdout, allowed.stderr) == (0, b"hi\n", b"")
    tricked = run("--batch", "-c", "!echo hi; touch made", "--allow", "shell:echo *")
    assert tricked.returncode == 3


def test_a_shell_command_that_fails(run: Run) -> None:
    done = run("--batch", "-c", "!echo out; exit 7", "--allow", "shell", "--format", "json")
    (result,) = results(done)
    assert (done.returncode, result["exit"], result["error"]["code"]) == (1, 1, "command-failed")
    assert result["data"]["exit"] == 7 and "out" in result["data"]["text"]


def test_a_long_output_is_written_whole_as_text(run: Run) -> None:
    done = run("--batch", "-c", "!seq 1 200000", "--allow", "shell")
    assert done.stdout.split() == [str(number).encode() for number in range(1, 200_001)]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--bogus",), 2, b"unknown option"),
        (("--batch", "--format", "xml", "-c", "ls"), 2, b"text, json, jsonl"),
        (("--batch", "-c", "/nothing"), 2, b"no command"),
        (("--batch", "-c", "/grep"), 2, b"missing"),
        (("--batch", "-c", "   "), 2, b"Nothing was typed"),
        (("--batch",), 2, b"nothing to run"),
        (("--batch", "--file", "not-there"), 2, b"cannot be read"),
        (("--batch", "-c", "ls", "--allow", "bogus"), 2, b"not a rule"),
        (("--batch", "-c", "ls", "--set", "nothing=1"), 2, b"unknown setting"),
        (("--batch", "-c", "ls", "--set", "nothing"), 2, b"NAME=VALUE"),
        (("--batch", "-c", "cat ../secret"), 3, b"outside"),
        (("-c", "ls"), 2, b"belongs to --batch"),
        ((), 2, b"no terminal"),
        (("config",), 2, b"config needs a command"),
    ],
)
def test_wrong_usage(run: Run, arguments: tuple[str, ...], code: int, said: bytes) -> None:
    done = run(*arguments)
    assert done.returncode == code
    assert said in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments", [("--batch", "-c", "ls", "--format", "json"), ("config", "show"), ("doctor",)]
)
@pytest.mark.parametrize("kind", ["missing", "file", "unreadable"])
def test_a_workspace_that_cannot_be_used(
    run: Run, repo: Path, tmp_path: Path, arguments: tuple[str, ...], kind: str
) -> None:
    target = tmp_path / "target"
    if kind == "file":
        target.write_text("")
    elif kind == "unreadable":
        if os.geteuid() == 0:
            pytest.skip("root reads everything")
        target.mkdir(0)
    before = sorted(tmp_path.rglob("*"))
    done = run(*arguments, "--workspace", str(target))
    assert done.returncode == 7
    assert str(target).encode() in done.stderr and b"Traceback" not in done.stderr
    assert sorted(tmp_path.rglob("*")) == before
    if "--batch" in arguments:
        assert results(done) == []


def test_reading_writes_nothing_but_what_is_our_own(run: Run, repo: Path) -> None:
    before = sorted(repo.rglob("*"))
    run("--batch", "-c", "ls", "-c", "grep main", "-c", "tree", "-c", "cat README.md")
    assert sorted(repo.rglob("*")) == before
    run("--batch", "-c", "where is main?")
    left = (path for path in repo.rglob("*") if not any(map(is_own, path.relative_to(repo).parts)))
    assert sorted(left) == before


def test_hostile_text_is_harmless(run: Run, repo: Path) -> None:
    (repo / "evil.txt").write_bytes(b"x\x1b]0;owned\x07 \xc2\x9b31m \x7f \xff needle\n")
    text = run("--batch", "-c", "cat evil.txt", "-c", "grep needle").stdout
    coded = run("--batch", "-c", "cat evil.txt", "-c", "grep needle", "--format", "json").stdout
    for output in (text, coded):
        assert b"needle" in output
        assert not any(control in output for control in (b"\x1b", b"\x07", b"\x7f", b"\xc2\x9b"))


def test_arguments_that_are_no_text(run: Run) -> None:
    done = run("--batch", "-c", b"ls \xff", "--format", "json")
    (result,) = results(done)
    assert result["command"] == "ls �"
    assert result["exit"] != 0


def test_a_closed_standard_output_is_quiet(run: Run) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = run("--batch", "-c", "!seq 1 3000000", "--allow", "shell", stdout=writer)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_reader_that_had_enough(repo: Path, run: Run) -> None:
    with subprocess.Popen(["head", "-n", "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as head:
        done = run("--batch", "-c", "!yes", "-c", "ls", "--allow", "shell", stdout=head.stdin)
        assert head.stdin and head.stdout
        head.stdin.close()
        assert head.stdout.read() == b"y\n"
    assert (done.returncode, done.stderr) == (0, b"> !yes\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_is_named(run: Run) -> None:
    with Path("/dev/full").open("wb") as full:
        done = run("--batch", "-c", "ls", stdout=full)
    assert done.returncode == 1
    assert b"No space left" in done.stderr


def test_what_a_plugin_prints_is_no_result(run: Run, tmp_path: Path) -> None:
    """Neither while it is loaded nor while it runs, nor what it runs."""
    about = tmp_path / "plugins" / "noisy-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: noisy\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[dspy_tui.tools]\nnoisy = noisy:Tool\n")
    (about.parent / "noisy.py").write_text(
        "import os\nimport msgspec\nfrom agent_core.tools.base import ToolResult\n\n"
        "print('while loaded')\n\n\n"
        "class Args(msgspec.Struct):\n    pass\n\n\n"
        "class Tool:\n"
        "    name, aliases, summary, action, args_type = 'noisy', (), 'makes noise', 'read', Args\n"
        "    positional, takes_rest, for_agent = (), False, False\n\n"
        "    async def run(self, args, context):\n"
        "        print('while run')\n        os.system('echo from a child')\n"
        "        return ToolResult(text='found', summary='found')\n"
    )
    env = environment(PYTHONPATH=f"{ROOT}{os.pathsep}{about.parent}", PYTHONUNBUFFERED="")
    done = run("--batch", "-c", "noisy", "--format", "json", env=env)
    assert results(done)[0]["data"]["text"] == "found"
    for noise in (b"while loaded", b"while run", b"from a child"):
        assert noise in done.stderr
    listed = run("plugins", "--format", "json", env=env)
    assert json.loads(listed.stdout)["plugins"][0]["name"] == "noisy" and b"while loaded" in listed.stderr


@pytest.mark.parametrize("fd", [0, 1, 2])
def test_closed_standard_streams(run: Run, fd: int) -> None:
    done = run("--batch", "-c", "ls", preexec_fn=lambda: os.close(fd))
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
