"""What the commands say where something is missing that they need: the engine, rights, room, compose."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.docker import put_docker
from tui.cli import main

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = (sys.executable, "-c", "import sys; from tui.cli import main; sys.exit(main())")
DAEMON = "Error response from daemon: "
FULL = f"{DAEMON}failed to copy: write /var/lib/docker/tmp/x: no space left on device"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with the files of a stack, as far as they are only looked for."""
    at = tmp_path / "docker" / "lightweight"
    at.mkdir(parents=True)
    (at / "docker-compose.yml").write_text("services: {kafka: {image: x}}\n")
    (at / ".env").touch(mode=0o600)
    return tmp_path


def document(capfd: pytest.CaptureFixture[str]) -> dict[str, Any]:
    return json.loads(capfd.readouterr().out)


def say(workspace: Path, *words: str) -> int:
    return main(["stack", *words, "--workspace", str(workspace), "--format", "json"])


def test_a_full_disk(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    put_docker(workspace, monkeypatch, up=f"echo '{FULL}' >&2; exit 1")
    assert say(workspace, "up") == 1
    said = document(capfd)
    assert said["error"] == {
        "code": "stack",
        "message": "The disk of the container engine is full",
        "hint": "`stack clean` frees what nothing uses; volumes stay.",
    }
    assert [each["standing"] for each in said["services"]] == ["absent", "absent"]
    assert say(workspace, "clean", "--allow", "run") == 1
    assert "is full" in document(capfd)["error"]["message"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("down", "kafka"), "stack down takes no names"),
        (("ps", "kafka"), "stack ps takes no names"),
        (("scale",), "stack scale needs SERVICE=N"),
        (("tail",), "stack tail needs TOPIC"),
    ],
)
def test_words_that_are_wrong_are_told_as_every_error_is(
    workspace: Path, capfd: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    assert say(workspace, *words) == 2
    error = document(capfd)["error"]
    assert error["code"] == "usage" and error["message"] == message and error["hint"]


@pytest.mark.parametrize(
    ("compose", "message"),
    [("v2.3.1", "Compose is too old: docker compose 2.3.1"), ("''", "its compose plugin is not")],
)
def test_compose_that_cannot_be_used(
    workspace: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    compose: str,
    message: str,
) -> None:
    put_docker(workspace, monkeypatch, compose=compose)
    monkeypatch.setenv("PATH", str(workspace / "bin") + ":" + str(_only(workspace, "sh", "cat")))
    for words in (("up",), ("ps",), ("logs",), ("down",)):
        assert say(workspace, *words) == 1
        error = document(capfd)["error"]
        assert error["code"] == "no-engine" and message in error["message"] and "Install" in error["hint"]
    assert say(workspace, "doctor") == 1
    (check,) = document(capfd)["checks"]
    assert message in check["detail"] and check["verdict"] == "fail"


def _only(folder: Path, *programs: str) -> Path:
    """A folder with nothing but these programs."""
    made = folder / "programs"
    made.mkdir()
    for name in programs:
        found = shutil.which(name)
        assert found is not None
        (made / name).symlink_to(found)
    return made


def test_no_engine_at_all(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(workspace))
    assert main(["stack", "up", "--workspace", str(workspace)]) == 1
    said = capfd.readouterr()
    assert said.out == "" and said.err.startswith("dspy-tui: There is no container engine")
    assert "https://docs.docker.com" in said.err


@pytest.mark.engine
def test_an_engine_that_does_not_run(workspace: Path, compose_env: dict[str, str]) -> None:
    env = {**compose_env, "DOCKER_HOST": f"unix://{workspace}/none.sock", "PYTHONPATH": str(ROOT)}
    for words, code in (("up", 1), ("ps", 1), ("doctor", 1)):
        done = subprocess.run(
            [*PROGRAM, "stack", words], cwd=workspace, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == code
        assert "The container engine does not answer" in done.stderr + done.stdout
        assert "Start it" in done.stderr + done.stdout and "Traceback" not in done.stderr


@pytest.mark.engine
def test_an_engine_that_is_somebody_elses(workspace: Path, compose_env: dict[str, str]) -> None:
    """Root, too, may not use a socket of somebody else's once it may not override rights of files."""
    if shutil.which("setpriv") is None:
        pytest.skip("no setpriv")
    path = workspace / "docker.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        path.chmod(0o600)
        os.chown(path, 65534, 65534)
        env = {**compose_env, "DOCKER_HOST": f"unix://{path}", "PYTHONPATH": str(ROOT)}
        for words in ("up", "ps", "doctor"):
            done = subprocess.run(
                ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *PROGRAM, "stack", words],
                cwd=workspace, env=env, capture_output=True, text=True, timeout=60, check=False,
            )  # fmt: skip
            told = done.stdout + done.stderr
            assert done.returncode == 1 and "You may not talk to the container engine" in told, told
            assert "group docker" in told


def test_the_doctor_of_a_machine_that_is_not_fit(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as ours:
        ours.bind(("127.0.0.1", 0))
        ours.listen()
        port = ours.getsockname()[1]
        put_docker(workspace, monkeypatch, port=port)
        workspace.chmod(0o700)
        assert say(workspace, "doctor") == 1
        checks = {each["name"]: each for each in document(capfd)["checks"]}
        assert checks["ports"]["verdict"] == "fail"
        assert f"{port} (kafka) is taken by " in checks["ports"]["detail"]
        assert f"(process {os.getpid()})" in checks["ports"]["detail"] or sys.platform != "linux"
        put_docker(workspace, monkeypatch, port=port, theirs=port)
        assert say(workspace, "doctor") == 1
        ports = next(each for each in document(capfd)["checks"] if each["name"] == "ports")
        assert "is taken by the container other-1" in ports["detail"]
    assert checks["images"]["detail"] == "to be built here: dspy-tui:p; to be fetched: apache/kafka:1"
    assert checks["memory"]["detail"] == "the limits allow 6.0 GB, the machine has 4.0 GB"
    assert "kafka first (6.0 GB)" in checks["memory"]["next_step"]
    assert "images 2.8 GB" in checks["disk"]["detail"]
    if sys.platform == "linux":
        assert checks["workspace"]["verdict"] == "warn" and "10001" in checks["workspace"]["detail"]
    assert checks["broker"]["verdict"] == "warn"
