"""The system's keyring: a real one over D-Bus, one in a file, one that keeps nothing, and none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agent_core.credentials.vault import read_key, remove_key, store_key
from agent_core.llm.errors import KeyFault, NoKeyring

KEY = "correct-horse-battery-0123456789"
_SESSION = """
import asyncio, sys
from agent_core.credentials.vault import read_key, remove_key, store_key

async def main():
    print(await store_key("models.example", sys.stdin.read()))
    print((await read_key("models.example"))[0] == "correct-horse-battery-0123456789")
    print(await remove_key("models.example"), await remove_key("models.example"))
    print(repr((await read_key("models.example"))[0]))

asyncio.run(main())
"""


@pytest.fixture
def in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyrings.alt.file.PlaintextKeyring")


@pytest.mark.usefixtures("in_a_file")
async def test_a_key_is_kept_read_and_removed() -> None:
    await store_key("models.example", KEY)
    assert (await read_key("models.example"))[0] == KEY
    assert (await read_key("other.example"))[0] == ""
    assert await remove_key("models.example")
    assert not await remove_key("models.example")
    assert (await read_key("models.example"))[0] == ""


async def test_a_keyring_that_keeps_nothing_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    with pytest.raises(NoKeyring, match="keeps nothing") as caught:
        await store_key("models.example", KEY)
    assert "OPENAI_API_KEY" in caught.value.hint and KEY not in str(caught.value)


async def test_a_machine_without_a_keyring_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    for asked in (store_key("models.example", KEY), read_key("models.example"), remove_key("models.example")):
        with pytest.raises(NoKeyring, match="no keyring") as caught:
            await asked
        assert "gnome-keyring" in caught.value.hint and "api_key_command" in caught.value.hint


async def test_a_keyring_that_encrypts_nothing_is_taken_only_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    with pytest.raises(NoKeyring):
        await store_key("models.example", KEY)


async def test_a_backend_that_is_not_there_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "no.such.Backend")
    with pytest.raises(KeyFault):
        await store_key("models.example", KEY)


async def test_what_lies_in_the_folder_is_not_taken_for_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_a_file: None
) -> None:
    (tmp_path / "keyring.py").write_text("raise SystemExit('taken over')\n")
    monkeypatch.chdir(tmp_path)
    await store_key("models.example", KEY)
    assert (await read_key("models.example"))[0] == KEY


def test_the_secret_service_of_a_desktop(tmp_path: Path) -> None:
    if not (shutil.which("gnome-keyring-daemon") and shutil.which("dbus-run-session")):
        pytest.skip("no gnome-keyring-daemon, or no dbus-run-session")
    env = {
        **os.environ,
        "PYTHONPATH": os.getcwd(),
        "XDG_RUNTIME_DIR": str(tmp_path),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.SecretService.Keyring",
    }
    script = (
        'printf pass | gnome-keyring-daemon --unlock --components=secrets --control-directory="$1" >&2\n'
        f'printf {KEY} | "$2" -c "$3"'
    )
    done = subprocess.run(
        ["dbus-run-session", "--", "sh", "-c", script, "sh", str(tmp_path), sys.executable, _SESSION],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    name, *said = done.stdout.splitlines()
    assert "SecretService" in name and said == ["True", "True False", "''"]
