"""`ctx` as people run it: a process of its own over real logs."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent_core.events import ToolFinished, TurnFinished, from_json
from tests.e2e.conftest import PROGRAM, Run, environment
from tests.e2e.test_batch import document
from tests.fakes.model_server import ModelServer
from tests.fakes.model_wire import Answer
from tests.fakes.processes import gone, started

BEGAN = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
CRASH = (
    "ERROR web request failed\nTraceback (most recent call last):\n"
    '  File "/srv/app/src/parser.py", line 2, in parse_header\n'
    "    return line.split(':')\n"
    "AttributeError: 'NoneType' object has no attribute 'split'\n"
)


def stamp(second: int) -> str:
    return (BEGAN + timedelta(seconds=second)).strftime("%Y-%m-%d %H:%M:%S")


def log_lines(count: int = 400) -> str:
    """A quiet log with a crash in its middle."""
    quiet = [f"{stamp(n)} INFO web served /page/{n} in {n % 17} ms\n" for n in range(count)]
    quiet.insert(count // 2, f"{stamp(count // 2)} {CRASH}")
    return "".join(quiet)


@pytest.fixture
def project(repo: Path) -> Path:
    (repo / "logs").mkdir()
    (repo / "logs" / "app.log").write_text(log_lines())
    return repo


def result_of(run: Run, command: str, **more: Any) -> Any:
    done = run("--batch", "-c", command, "--format", "json", **more)
    assert done.returncode == 0, done.stderr.decode()
    (result,) = document(done)["results"]
    return result["data"]


def test_the_crash_leads_into_the_code(run: Run, project: Path) -> None:
    data = result_of(run, "ctx --limit 3")
    event = data["events"][0]
    assert (event["kind"], event["source"], event["first"], event["last"]) == (
        "trace",
        "logs/app.log",
        201,
        205,
    )
    assert event["places"][0] == {"path": "src/parser.py", "line": 2, "function": "parse_header"}
    assert [(hit["path"], hit["start"]) for hit in data["hits"][:2]] == [
        ("src/parser.py", 2),
        ("logs/app.log", 201),
    ]
    assert "AttributeError" in event["text"] and data["sources"][0]["lines"] == 405
    assert data["answer"] == "", "there is no model"


def test_text_for_people(run: Run, project: Path) -> None:
    done = run("--batch", "-c", "context")
    text = done.stdout.decode()
    said = [line for line in done.stderr.splitlines() if not line.startswith(b"reading ")]
    assert done.returncode == 0 and said == []
    assert text.startswith("1 key event in logs/app.log, 405 lines, 2026-11-24 ")
    assert "· logs/app.log:201 ·" in text and "→ src/parser.py:2 parse_header" in text


def test_events_as_lines(run: Run, project: Path) -> None:
    done = run("--batch", "-c", "ctx", "--format", "jsonl")
    events = [from_json(line) for line in done.stdout.splitlines()]
    (found,) = [event for event in events if isinstance(event, ToolFinished)]
    assert found.data["events"][0]["source"] == "logs/app.log"
    assert isinstance(events[-1], TurnFinished) and events[-1].exit == 0


def test_standard_input(run: Run, repo: Path) -> None:
    data = result_of(run, "ctx --source -", input=log_lines().encode())
    assert (data["events"][0]["source"], data["sources"][0]["lines"]) == ("-", 405)
    assert data["events"][0]["places"][0]["path"] == "src/parser.py"
    done = run("--batch", input=b"ctx --source -\n")
    assert done.returncode == 1 and b"no standard input" in done.stderr
    closed = ["sh", "-c", 'exec "$@" <&-', "sh", *PROGRAM, "--batch", "-c", "ctx --source -"]
    done = subprocess.run(closed, cwd=repo, env=environment(), capture_output=True, timeout=60, check=False)
    assert done.returncode == 1 and b"no standard input" in done.stderr


def test_exit_codes(run: Run, project: Path) -> None:
    for command, code in (
        ("ctx --source nothing.log", 1), ("ctx --source /etc/passwd", 3), ("ctx --since soon", 2),
        ("/ctx --limit", 2), ("ctx --source compose", 1),
    ):  # fmt: skip
        done = run("--batch", "-c", command)
        assert (done.returncode, done.stdout) == (code, b""), command
        assert done.stderr.startswith(b"dspy-tui: "), command


def test_no_logs(run: Run, repo: Path) -> None:
    done = run("--batch", "-c", "ctx")
    assert done.returncode == 0 and done.stdout.startswith(b"No logs were found.")
    assert b"log_files" in done.stdout


def test_configured_logs(run: Run, project: Path) -> None:
    (project / "build").mkdir()
    (project / "build" / "out.txt").write_text("FATAL link failed\n")
    settings = ("--set", "log_files=build/*.txt", "--set", "log_paths=/srv/app=.")
    done = run("--batch", *settings, "-c", "ctx", "--format", "json")
    (result,) = document(done)["results"]
    assert {source["name"] for source in result["data"]["sources"]} == {"logs/app.log", "build/out.txt"}


def test_a_question_about_a_failure_is_answered_from_the_logs(run: Run, project: Path) -> None:
    done = run("--batch", "-c", "why does parsing crash?", "--format", "json")
    (result,) = document(done)["results"]
    assert result["data"]["tools"][0].startswith("ctx")
    cited = [(hit["path"], hit["start"]) for hit in result["data"]["hits"]]
    assert ("src/parser.py", 2) in cited and ("logs/app.log", 201) in cited


async def test_interrupted_while_it_reads(repo: Path) -> None:
    """Whatever writes to standard input goes on for ever."""
    command = [*PROGRAM, "--batch", "-c", "ctx --source -", "--format", "json"]
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, cwd=repo, env=environment(), **streams) as process:
        assert process.stdin is not None
        while not (reading := started("agent_core.logs.worker", by=process.pid)):
            process.stdin.write(log_lines().encode())
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    (result,) = json.loads(out)["results"]
    assert (process.returncode, result["error"]["code"]) == (130, "interrupted")
    assert b"Traceback" not in err
    for pid in reading:
        await gone(pid)


async def test_the_events_come_before_what_a_model_says_of_them(project: Path) -> None:
    command = [*PROGRAM, "--batch", "-c", "ctx"]
    async with ModelServer() as server:
        server.script(Answer(text=("The header ", "is none [1]."), hang="middle"))
        variables = environment(OPENAI_BASE_URL=f"{server.url}/v1", MODEL_NAME="big")
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=project,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        text = b""
        while b"The header" not in text and (line := await process.stdout.read(1000)):
            text += line
        process.send_signal(signal.SIGINT)
        rest, err = await asyncio.wait_for(process.communicate(), 180)
    text += rest
    assert process.returncode == 130 and b"cancelled" in err
    assert text.startswith(b"1 key event in logs/app.log") and text.count(b"1 key event") == 1
    assert b"parse_header\n\nThe header" in text


def test_where_nothing_is_as_late(run: Run, project: Path) -> None:
    done = run("--batch", "-c", "ctx --since 2030-01-01")
    said = done.stdout.decode()
    assert "nothing was logged since 2030-01-01 00:00:00: logs/app.log covers 2026-11-24 08:00:00 to" in said
    data = json.loads(run("--batch", "-c", "what crashed this morning?", "--format", "json").stdout)
    assert "covers 2026-11-24" in data["results"][0]["data"]["text"]
    assert ("src/parser.py", 2) in [(hit["path"], hit["start"]) for hit in data["results"][0]["data"]["hits"]]


def test_doctor_counts_the_logs(run: Run, project: Path) -> None:
    done = run("doctor", "--format", "json")
    (check,) = [check for check in json.loads(done.stdout)["checks"] if check["name"] == "logs"]
    assert check["verdict"] == "ok" and "logs/app.log" in check["detail"]


def test_a_filter_leaves_nothing_where_nothing_was_kept(run: Run, project: Path) -> None:
    assert run("ctx", "-s", "-", input=log_lines().encode()).returncode == 0
    assert not (project / ".dspy_tui").exists()
    assert run("ctx").returncode == 0 and (project / ".dspy_tui/logs/seen").is_dir(), "a log of the project"
    before = (project / ".dspy_tui/logs/seen/wordings").stat().st_mtime_ns
    assert run("ctx", "-s", "-", input=b"the till is open\n" * 9).returncode == 0
    assert (project / ".dspy_tui/logs/seen/wordings").stat().st_mtime_ns > before, "then it goes on learning"


def test_how_far_it_is_is_told_on_a_terminal_alone(repo: Path) -> None:
    command = [*PROGRAM, "ctx", "--source", "-"]
    streams = {"cwd": repo, "env": environment(), "stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL}
    master, slave = os.openpty()
    began = time.monotonic()
    with subprocess.Popen(command, stderr=slave, **streams) as process:
        assert process.stdin is not None
        while not select.select([master], [], [], 0.05)[0] and time.monotonic() < began + 120:
            process.stdin.write(log_lines().encode())
        assert b"reading standard input" in os.read(master, 4096)
    took = time.monotonic() - began
    with subprocess.Popen(command, stderr=subprocess.PIPE, **streams) as process:
        assert process.stdin is not None and process.stderr is not None
        until = time.monotonic() + took
        while time.monotonic() < until:
            process.stdin.write(log_lines().encode())
            time.sleep(0.05)
        process.stdin.close()
        assert process.stderr.read() == b""
    os.close(master)
    os.close(slave)


def test_it_is_a_filter_in_a_pipe(run: Run) -> None:
    done = run("ctx", "--source", "-", "--limit", "3", input=log_lines().encode())
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"1 key event in standard input, 405 lines")
    (result,) = document(run("ctx", "-s", "-", "--format", "json", input=log_lines().encode()))["results"]
    assert result["outcome"] == "answered" and result["data"]["events"][0]["kind"] == "trace"
    assert run("ctx", "-s", "-", input=b"").returncode == 0
    assert run("ctx", "-s", "-", input=b"\0\1\2" * 999).returncode == 1
    assert run("ctx", "--since", "never", "-s", "-", input=b"x\n").returncode == 2
    assert run("ctx", "-s", "no-such-log").returncode == 1


@pytest.mark.parametrize("reader", ["head -1", "true"])
def test_a_reader_that_goes_away_ends_it_though_its_input_never_does(repo: Path, reader: str) -> None:
    feed = 'cat "$0"; ' if reader == "head -1" else 'yes "2026-11-24 08:00:00 ERROR boom" '
    (repo / "app.log").write_text(log_lines())
    source = f"{{ {feed}}}" if reader == "head -1" else feed
    line = f'{source} | "$@" ctx -s - | {reader}; echo "${{PIPESTATUS[1]}}"'
    done = subprocess.run(
        ["bash", "-c", line, str(repo / "app.log"), *PROGRAM],
        cwd=repo, env=environment(), capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == b"0" and b"Traceback" not in done.stderr
