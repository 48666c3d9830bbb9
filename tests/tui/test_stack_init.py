"""`dspy-tui stack init` on the command line."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pexpect
import pytest

from tui.cli import main

OPTIONS = ["--install-source", "pip", "--db", "none"]


def run(root: Path, *words: str, command: tuple[str, ...] = ("stack", "init")) -> int:
    return main([*command, "--workspace", str(root), *OPTIONS, *words])


def test_it_writes_what_is_new_and_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path) == 0
    out = capsys.readouterr().out
    assert (
        "new  docker-compose.yml" in out
        and "none: each container has its own" in out
        and "dspy-tui stack up --build --workspace" in out
    )
    assert run(tmp_path, command=("lightweight_init",)) == 0
    assert "Nothing to change" in capsys.readouterr().out


def test_a_change_needs_permission(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path) == 0
    compose = tmp_path / "docker" / "lightweight" / "docker-compose.yml"
    before = compose.read_text()
    assert run(tmp_path, "--pip-spec", "dspy-code==2") == 3
    err = capsys.readouterr().err
    assert (
        "+        PIP_SPEC: dspy-code==2" in err and "--allow write" in err and compose.read_text() == before
    )
    assert run(tmp_path, "--pip-spec", "dspy-code==2", "--allow", "write") == 0
    assert "dspy-code==2" in compose.read_text()


@pytest.mark.terminal
@pytest.mark.parametrize(("answer", "code"), [("n", 3), ("", 3), ("y", 0)])
def test_on_a_terminal_it_asks_before_a_change_and_not_before(tmp_path: Path, answer: str, code: int) -> None:
    init = ["stack", "init", "--workspace", str(tmp_path), *OPTIONS]
    program = ["-c", "import sys; from tui.cli import main; sys.exit(main())", *init]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    asked = "Change docker-compose.yml? [y/N] "
    for words in ((), ("--pip-spec", "dspy-code==2")):
        child = pexpect.spawn(
            sys.executable, [*program, *words], cwd=str(tmp_path), env=env, timeout=30, encoding="utf8"
        )
        try:
            if words:
                child.expect_exact(asked)
                child.sendline(answer)
            child.expect(pexpect.EOF)
            assert words or asked not in (child.before or "")
        finally:
            child.close()
        assert child.exitstatus == (code if words else 0)
    compose = (tmp_path / "docker" / "lightweight" / "docker-compose.yml").read_text()
    assert ("dspy-code==2" in compose) == (code == 0)


def test_the_folder_is_that_of_the_setting(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "--set", "stack_dir=deploy/here") == 0
    assert (tmp_path / "deploy" / "here" / "docker-compose.yml").is_file()
    assert f"--out-dir {tmp_path}/deploy/here" in capsys.readouterr().out
    assert run(tmp_path, "--set", "stack_dir=../elsewhere") == 3


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "--format", "json", "--gpu") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "dspy-tui.stack-init/1" and document["gpu"] is True
    assert "docker-compose.yml" in document["written"] and document["next"]


def test_json_of_a_refusal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "--format", "json", "--set", "deny=write") == 3
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert document["schema"] == "dspy-tui.stack-init/1" and document["error"]["code"] == "permission"
    assert document["error"]["message"] in said.err


@pytest.mark.parametrize(
    ("words", "code"), [(["--out-dir", "../x"], 3), (["--logs", "missing"], 2), (["--set", "deny=write"], 3)]
)
def test_refusals(words: list[str], code: int, tmp_path: Path) -> None:
    assert run(tmp_path, *words) == code
    assert not (tmp_path / "docker").exists()


def test_a_missing_workspace(tmp_path: Path) -> None:
    assert run(tmp_path / "missing") == 7
