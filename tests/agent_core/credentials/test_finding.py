"""Which key an endpoint gets, and that nothing shows it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from agent_core.config import Settings, default_user_file, load
from agent_core.credentials.finding import endpoint_of, key_for, origin_of
from agent_core.credentials.known import forget_endpoint, known_endpoints, note_endpoint
from agent_core.credentials.vault import store_key
from agent_core.errors import ConfigError
from agent_core.llm.errors import KeyFault
from agent_core.masking import mask_secrets

HOST, URL = "models.example", "https://models.example/v1"


@pytest.fixture(autouse=True)
def in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyrings.alt.file.PlaintextKeyring")


def program(tmp_path: Path, text: str) -> str:
    path = tmp_path / "says it"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return f"'{path}' show"


async def test_a_setting_beats_a_command_beats_the_keyring(tmp_path: Path) -> None:
    await store_key(HOST, "from-the-keyring-1")
    note_endpoint(HOST, URL)
    said = program(tmp_path, 'echo "from-$1-$DSPY_TUI_ENDPOINT"; echo second line')
    both = Settings(openai_api_key="from-a-setting-1", api_key_command=said)
    assert (await key_for(both, URL)).value == "from-a-setting-1"
    assert (await key_for(Settings(api_key_command=said), URL)).value == "from-show-models.example"
    key = await key_for(Settings(), URL)
    assert (key.value, key.origin) == ("from-the-keyring-1", "keyring")
    assert "from-the" not in repr(key) and "from-the" not in mask_secrets("it is from-the-keyring-1.")


async def test_a_key_is_for_its_host_alone() -> None:
    await store_key(HOST, "from-the-keyring-1")
    note_endpoint(HOST, URL)
    assert (await key_for(Settings(), "https://evil.example/v1")).value == ""
    assert (await key_for(Settings(), "https://models.example:8443/v1")).value == ""


async def test_a_keyring_is_not_asked_where_nothing_was_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    assert (await key_for(Settings(), URL)).origin == "none"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("echo secret-output-123; echo 'no such entry: secret-output-123' >&2; exit 3", "exit code 3"),
        ("true", "gave no key"),
        ("echo two words", "is no key"),
        ("printf 'a\\033[31mb'", "is no key"),
        ("yes", "gave no key|is no key|failed"),
    ],
)
async def test_a_command_that_fails_is_told_without_what_it_said(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(KeyFault, match=said) as caught:
        await key_for(Settings(api_key_command=program(tmp_path, text)), URL)
    assert "secret-output" not in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize("line", ["/no/such/program", "'open", " ", "sh -c 'exit 1' | cat"])
async def test_a_command_that_cannot_be_run(line: str) -> None:
    with pytest.raises(KeyFault):
        await key_for(Settings(api_key_command=line), URL)


async def test_a_command_is_given_no_shell(tmp_path: Path) -> None:
    with pytest.raises(KeyFault):
        await key_for(Settings(api_key_command=f"true; touch {tmp_path}/made"), URL)
    assert not (tmp_path / "made").exists()


async def test_a_command_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent_core.credentials.command._PATIENCE_S", 0.3)
    with pytest.raises(KeyFault, match="took longer"):
        await key_for(Settings(api_key_command=program(tmp_path, "sleep 60")), URL)


def test_endpoints_as_people_write_them() -> None:
    settings = Settings(openai_base_url="http://localhost:8080/v1")
    assert endpoint_of(settings) == ("http://localhost:8080/v1", "localhost:8080")
    assert endpoint_of(settings, "localhost:8080") == ("http://localhost:8080/v1", "localhost:8080")
    assert endpoint_of(settings, HOST) == (URL, HOST)
    assert endpoint_of(settings, "https://a.example/api/v1/") == ("https://a.example/api/v1", "a.example")
    for key in ("sk-hidden0123456789abcdef", "hidden-word"):
        with pytest.raises(ConfigError, match="never an argument") as caught:
            endpoint_of(settings, key)
        assert "hidden" not in f"{caught.value.message} {caught.value.hint}"


def test_what_is_noted_are_names_alone() -> None:
    note_endpoint(HOST, URL)
    note_endpoint("other.example", "https://other.example/v1")
    forget_endpoint(HOST)
    assert known_endpoints() == {"other.example": "https://other.example/v1"}
    (default_user_file().parent / "keyring.json").write_text("{broken")
    assert known_endpoints() == {}


def test_where_it_would_come_from(tmp_path: Path) -> None:
    config = load(root=tmp_path, env={"OPENAI_API_KEY": "k"})
    assert origin_of(config, HOST) == "environment OPENAI_API_KEY"
    config = load(root=tmp_path, env={}, flags={"api_key_command": "pass show it"})
    assert origin_of(config, HOST) == "api_key_command (pass)"
    assert origin_of(load(root=tmp_path, env={}), HOST) == ""
    note_endpoint(HOST, URL)
    assert origin_of(load(root=tmp_path, env={}), HOST) == "the keyring"
