"""`dspy-tui stack …` in a terminal: it asks before a loss, shows steps in place, and draws nothing else."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pexpect
import pytest

from tests.fakes.docker import put_docker
from tui.cli import main

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ["-c", "import sys; from tui.cli import main; sys.exit(main())", "stack"]
STEPS = r"""printf '%s\n' '{"id":"Container a","status":"Creating"}' \
'{"id":"Container b","status":"Creating"}' \
'{"id":"Container a","status":"Created"}' \
'{"id":"Container \u001b[2Jb","status":"\u001b]0;x\u0007Started password=sesame99"}' >&2; exit 0"""


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with a stack, and an engine that says how it goes on."""
    at = tmp_path / "docker" / "lightweight"
    at.mkdir(parents=True)
    (at / "docker-compose.yml").write_text("services: {kafka: {image: x}}\n")
    put_docker(tmp_path, monkeypatch, up=STEPS)
    return tmp_path


LINES = 1234
TOLD = rf"""i=0; while [ $i -lt {LINES} ]; do
printf 'a-1  | 2026-11-28T16:26:%02d.5Z line %d token=abcdef0123456789\033[2J\n' $((i % 60)) $i
i=$((i+1)); done"""


def logs(workspace: Path, *words: str) -> int:
    return main(["stack", "logs", "--workspace", str(workspace), *words])


def test_lines_in_both_forms(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    put_docker(workspace, monkeypatch, logs=TOLD)
    assert logs(workspace) == 0
    text = capfd.readouterr().out
    lines = text.splitlines()
    assert len(lines) == LINES and lines == sorted(lines, key=lambda line: line[:24])
    assert lines[0] == "2026-11-28T16:26:00.500Z a-1 | line 0 token=••••••"
    assert logs(workspace, "--format", "json") == 0
    document = json.loads(capfd.readouterr().out)
    assert [f"{each['time']} {each['container']} | {each['text']}" for each in document["lines"]] == lines
    assert logs(workspace, "--format", "json", "-f") == 0
    objects = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert len(objects) == LINES and objects[1]["text"] == "line 1 token=••••••"
    assert logs(workspace, "--grep", r"line \d0 ") == 0
    assert len(capfd.readouterr().out.splitlines()) == 9


@pytest.mark.parametrize("follow", [(), ("--follow",)])
def test_what_breaks_off_is_in_the_document(
    workspace: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    follow: tuple[str, ...],
) -> None:
    broken = "echo 'a-1  | 2026-11-28T16:26:00Z one'; echo 'Cannot connect to the Docker daemon' >&2; exit 1"
    put_docker(workspace, monkeypatch, logs=broken)
    assert logs(workspace, "--format", "json", *follow) == 1
    said = capfd.readouterr()
    error: dict[str, str]
    if follow:
        first, last = (json.loads(line) for line in said.out.splitlines())
        error = last["error"]
    else:
        document = json.loads(said.out)
        (first,) = document["lines"]
        error = document["error"]
    assert first["text"] == "one" and error["code"] == "no-engine"
    assert error["message"] in said.err


def run(workspace: Path, *words: str) -> pexpect.spawn[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color"}
    return pexpect.spawn(
        sys.executable, [*PROGRAM, *words], cwd=str(workspace), env=env, timeout=30, encoding="utf8"
    )  # fmt: skip


@pytest.mark.terminal
@pytest.mark.parametrize(("answer", "code"), [("n", 3), ("", 3), ("y", 0)])
def test_it_asks_before_a_loss(workspace: Path, answer: str, code: int) -> None:
    child = run(workspace, "down", "--volumes")
    try:
        child.expect_exact("$ docker compose --profile '*' down --remove-orphans --volumes")
        child.expect_exact("the volumes with all their data. Go on? [y/N] ")
        child.sendline(answer)
        if code:
            child.expect_exact("Nothing was done.")
        child.expect(pexpect.EOF)
    finally:
        child.close()
    assert child.exitstatus == code


@pytest.mark.terminal
def test_steps_change_in_place(workspace: Path) -> None:
    child = run(workspace, "up")
    try:
        child.expect(pexpect.EOF)
        told = child.before or ""
    finally:
        child.close()
    assert child.exitstatus == 0
    assert "\x1b[2A\r\x1b[JContainer a  Created\r\nContainer b  Creating\r\n" in told
    assert "Container b  Started password=••••••" in told and "sesame99" not in told
    assert set(re.findall(r"\x1b[^A-Za-z]*[A-Za-z]", told)) <= {"\x1b[J", "\x1b[2A", "\x1b[1A"}
    assert "service  state\r\nkafka    absent" in told
