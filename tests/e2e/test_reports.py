"""`config show`, `doctor`, `--version` and completion, as processes."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest

from agent_core import __version__
from agent_core.config import Settings
from tests.e2e.conftest import Run, environment


def test_version(run: Run) -> None:
    done = run("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"dspy-tui {__version__}\n".encode(), b"")


def test_config_show_names_every_origin(run: Run, repo: Path, tmp_path: Path) -> None:
    user = tmp_path / "config" / "dspy-tui"
    user.mkdir(parents=True)
    (user / "config.toml").write_text('theme = "nord"\nmax_steps = 3\n')
    (repo / ".dspy_tui").mkdir()
    (repo / ".dspy_tui" / "config.toml").write_text('max_steps = 4\nallow = ["shell"]\n')
    env = environment(
        XDG_CONFIG_HOME=str(tmp_path / "config"),
        OPENAI_API_KEY="sk-very-secret-0123456789",
        USE_OLLAMA="true",
    )
    done = run("config", "show", "--format", "json", "--set", "temperature=0.5", env=env)
    document = json.loads(done.stdout)
    rows = {row["name"]: row for row in document["settings"]}
    assert document["schema"] == "dspy-tui.config/1"
    assert set(rows) == set(Settings.__struct_fields__)
    origins = {name: (row["value"], row["origin"]) for name, row in rows.items()}
    assert origins["temperature"] == (0.5, "flag")
    assert origins["provider"] == ("ollama", "environment") and rows["provider"]["detail"] == "USE_OLLAMA"
    assert origins["max_steps"] == (4, "workspace file")
    assert origins["theme"] == ("nord", "user file")
    assert origins["silence_timeout"] == (30.0, "default")
    assert origins["allow"][0] == [], "a repository grants nothing"
    assert any("allow" in warning for warning in document["warnings"])
    text = run("config", "show", "--set", "temperature=0.5", env=env)
    assert done.returncode == text.returncode == 0
    assert b"secret" not in done.stdout + text.stdout
    assert b"max_steps" in text.stdout and b"workspace file" in text.stdout


def test_a_broken_file_is_named_and_the_rest_works(run: Run, repo: Path) -> None:
    (repo / ".dspy_tui").mkdir()
    (repo / ".dspy_tui" / "config.toml").write_text("max_steps = = 4\n")
    done = run("config", "show")
    assert done.returncode == 0 and b"config.toml" in done.stdout
    batch = run("--batch", "-c", "ls")
    assert batch.returncode == 0 and b"config.toml" in batch.stderr


def test_doctor(run: Run) -> None:
    done = run("doctor", "--format", "json", "--set", "ollama_host=http://127.0.0.1:9")
    document = json.loads(done.stdout)
    checks = {check["name"]: check for check in document["checks"]}
    assert {"python", "terminal", "ripgrep", "git", "compose", "ollama", "openai", "broker"} <= set(checks)
    assert checks["python"]["verdict"] == checks["ripgrep"]["verdict"] == "ok"
    assert checks["ollama"]["verdict"] == "warn" and checks["ollama"]["next_step"]
    assert done.returncode == 0
    failing = run("doctor", "--set", "ollama_host=http://127.0.0.1:9", "--set", "provider=ollama")
    assert failing.returncode == 1 and b"FAIL" in failing.stdout


def test_doctor_packs_a_bundle_without_secrets(run: Run, tmp_path: Path) -> None:
    env = environment(OPENAI_API_KEY="sk-very-secret-0123456789")
    done = run("doctor", "--bundle", str(tmp_path), env=env)
    (bundle,) = tmp_path.glob("*.zip")
    assert str(bundle).encode() in done.stdout
    with zipfile.ZipFile(bundle) as archive:
        assert archive.namelist()
        assert all(b"very-secret" not in archive.read(name) for name in archive.namelist())
    missing = run("doctor", "--bundle", str(tmp_path / "not" / "there"))
    assert missing.returncode == 2 and b"cannot be written" in missing.stderr


@pytest.mark.parametrize("arguments", [("--help",), ("config", "show"), ("completion", "bash")])
def test_a_reader_that_went_away_is_no_error(run: Run, arguments: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = run(*arguments, stdout=writer)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("arguments", [("--version",), ("config", "show"), ("completion", "bash")])
def test_a_full_disk_is_named(run: Run, arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = run(*arguments, stdout=full)
    assert done.returncode == 1
    assert done.stderr == b"dspy-tui: the results could not be written: No space left on device\n"


@pytest.mark.parametrize("fd", [0, 1, 2])
def test_closed_standard_streams(run: Run, fd: int) -> None:
    done = run("config", "show", preexec_fn=lambda: os.close(fd))
    assert (done.returncode, done.stderr) == (0, b"")
    wrong = run("--nope", preexec_fn=lambda: os.close(fd))
    assert wrong.returncode == 2


def test_a_bundle_lies_here_where_no_folder_is_named(run: Run, repo: Path) -> None:
    document = json.loads(run("doctor", "--bundle", "--format", "json").stdout)
    (bundle,) = repo.glob("*.zip")
    assert Path(document["bundle"]).name == bundle.name


def test_a_setting_is_written_shown_and_taken_out_again(run: Run, repo: Path, tmp_path: Path) -> None:
    env = environment(XDG_CONFIG_HOME=str(tmp_path / "config"))

    def config(*words: str) -> tuple[int, str, str]:
        done = run("config", *words, env=env)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    code, out, errors = config("set", "max-steps", "12")
    assert (code, errors) == (0, "") and out.startswith("max_steps = 12 in ")
    told = json.loads(config("set", "think=no", "--in-workspace", "--format", "json")[1])
    assert (told["schema"], told["name"], told["value"]) == ("dspy-tui.config-change/1", "think", False)
    assert told["file"] == str(repo / ".dspy_tui" / "config.toml")
    code, _, errors = config("set", "think", "yes")
    assert code == 0 and "the workspace's file" in errors
    rows = {row["name"]: row for row in json.loads(config("show", "--format", "json")[1])["settings"]}
    assert (rows["max_steps"]["value"], rows["max_steps"]["origin"]) == (12, "user file")
    assert (rows["think"]["value"], rows["think"]["origin"]) == (False, "workspace file")
    code, out, _ = config("unset", "max_steps")
    assert code == 0 and "max_steps taken out of" in out
    for words in (("set", "max_steps"), ("set", "max_step", "1"), ("set", "openai_api_key", "x"), ("unset",)):
        code, out, errors = config(*words)
        assert code == 2 and errors.startswith("dspy-tui: ") and not out
