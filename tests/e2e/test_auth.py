"""`dspy-tui auth` as people and scripts use it: a key is kept, used for its host, and shown nowhere."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pexpect
import pytest

from tests.e2e.conftest import PROGRAM, Run, environment
from tests.fakes.model_server import ModelServer
from tests.fakes.model_wire import Answer
from tests.fixtures_models import model_server

__all__ = ["model_server"]

KEY = "opaque-words-of-a-key-0123456789"


@pytest.fixture(autouse=True)
def in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyrings.alt.file.PlaintextKeyring")


def written(*folders: Path) -> str:
    """Every file below the folders but the keyring's own."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return "\n".join(path.read_text(errors="replace") for path in files if "keyring_pass" not in path.name)


async def test_a_kept_key_is_used_for_its_endpoint_and_shown_nowhere(
    run: Run, repo: Path, model_server: ModelServer
) -> None:
    model_server.require_key = KEY
    model_server.script(Answer(text=(f"The key is {KEY}, says the model.",)))
    url = f"{model_server.url}/v1"
    env = environment(OPENAI_BASE_URL=url, MODEL_NAME="big", DSPY_TUI_PROVIDER="openai")
    before = await asking(run, "auth", "test", env=env)
    assert before.returncode == 1 and b"wants a key" in before.stderr
    kept = await asking(run, "auth", "login", env=env, input=f"{KEY}\n".encode())
    assert kept.returncode == 0, kept.stderr
    tried = await asking(run, "auth", "test", env=env)
    assert tried.returncode == 0 and b"the keyring" in tried.stdout
    checked = await asking(run, "doctor", env=env)
    assert b"the keyring" in checked.stdout
    asked = await asking(run, "--batch", "--session", "s", "--debug", "-c", "what is it?", env=env)
    assert asked.returncode == 0, asked.stderr
    bundled = await asking(run, "doctor", "--bundle", str(repo), env=env)
    said = b"".join(one.stdout + one.stderr for one in (kept, tried, checked, bundled)).decode()
    assert KEY not in said + written(repo, Path(os.environ["HOME"]))
    gone = await asking(run, "auth", "remove", env=env)
    assert gone.returncode == 0 and b"is gone" in gone.stdout


def test_where_keys_come_from_is_listed_without_them(run: Run) -> None:
    env = environment(
        OPENAI_API_KEY="sk-hidden-0123456789abcdef", OPENAI_BASE_URL="https://models.example/v1"
    )
    done = run("auth", "list", "--format", "json", env=env)
    (one,) = json.loads(done.stdout)["endpoints"]
    assert (one["host"], one["origin"]) == ("models.example", "environment OPENAI_API_KEY")
    assert b"hidden" not in done.stdout + done.stderr


def test_without_a_keyring_it_says_what_to_do(run: Run) -> None:
    env = environment(PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring")
    done = run("auth", "login", "models.example", env=env, input=KEY.encode())
    assert done.returncode == 1 and b"no keyring" in done.stderr and b"OPENAI_API_KEY" in done.stderr
    assert KEY.encode() not in done.stderr


def test_lists_that_cannot_be_read_are_named(run: Run, tmp_path: Path) -> None:
    for name in ("XDG_CONFIG_HOME/dspy-tui/keyring.json", "XDG_STATE_HOME/dspy-tui/mcp.json"):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text("{broken")
    env = environment(**{name: str(tmp_path / name) for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME")})
    for _ in range(2):
        assert b"keyring.json: broken" in run("auth", "list", env=env).stdout
        servers = run("mcp", "servers", env=env)
        assert b"mcp.json: broken" in servers.stdout + servers.stderr
        doctor = run("doctor", env=env).stdout
        assert b"keyring.json: broken" in doctor and b"broken: mcp.json, keyring.json" in doctor


def test_a_key_in_a_file_of_the_workspace_is_refused(run: Run, repo: Path) -> None:
    (repo / ".dspy_tui").mkdir(exist_ok=True)
    (repo / ".dspy_tui" / "config.toml").write_text('openai_api_key = "sk-hidden-0123456789abcdef"\n')
    for words in (("auth", "list"), ("doctor",), ("--batch", "-c", "ls")):
        done = run(*words, env=environment(DSPY_TUI_PROVIDER="none"))
        assert b"is refused" in done.stdout + done.stderr
        assert b"hidden" not in done.stdout + done.stderr


@pytest.mark.terminal
def test_what_is_typed_is_not_shown(repo: Path) -> None:
    child = pexpect.spawn(
        sys.executable,
        [*PROGRAM[1:], "auth", "login", "models.example"],
        cwd=str(repo),
        env=environment(),
        timeout=60,
    )
    child.expect("Key for models.example")
    child.expect(": ")
    child.sendline(KEY)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0 and KEY.encode() not in child.before


async def asking(run: Run, *words: str, **more: Any) -> subprocess.CompletedProcess[bytes]:
    return await asyncio.to_thread(run, *words, **more)
