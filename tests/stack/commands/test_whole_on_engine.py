"""Doctor, batches, cleaning and the generated stack on a real engine."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.stack.commands.program import PROGRAM, ROOT, Say, error, standings

pytestmark = pytest.mark.engine
SCHEMA = json.loads((ROOT / "docs" / "batch.schema.json").read_text())


def test_the_doctor(say: Say, folder: Path) -> None:
    at = folder / "docker" / "lightweight"
    (at / ".env").write_text("PORT=7417\n")
    (at / ".env").chmod(0o644)
    said = say("doctor", "--format", "json")
    checks = {each["name"]: each for each in json.loads(said.stdout)["checks"]}
    assert said.returncode == 1 and "trouble with .env" in error(said)["message"]
    assert checks[".env"]["verdict"] == "fail" and "chmod 600" in checks[".env"]["next_step"]
    for name in ("compose", "engine", "files", "ports", "workspace", "images", "memory", "disk"):
        assert checks[name]["verdict"] == "ok", checks[name]
    (at / ".env").chmod(0o600)
    said = say("doctor", IMAGE="nosuch/image:9")
    assert said.returncode == 0
    assert "to be fetched: nosuch/image:9" in said.stdout and "-> `stack pull`" in said.stdout
    (at / "docker-compose.override.yml").write_text("services: {bus: {nonsense: true}}\n")
    said = say("doctor")
    assert said.returncode == 1 and "docker-compose.override.yml: The compose file is wrong" in said.stdout
    assert "without it the stack is well" in said.stdout


def test_in_a_batch(folder: Path, env: dict[str, str], say: Say) -> None:
    def batch(*words: str) -> tuple[int, list[dict[str, Any]], str]:
        done = subprocess.run(
            [*PROGRAM, "--batch", "--format", "json", "--keep-going", *words],
            cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            timeout=120,
        )  # fmt: skip
        document = json.loads(done.stdout)
        jsonschema.validate(document, SCHEMA)
        return done.returncode, document["results"], done.stderr

    code, (refused,), _ = batch("-c", "stack up")
    assert code == 3 and refused["error"]["code"] == "permission"
    assert "docker compose up" in refused["error"]["message"]
    code, results, err = batch(
        "--allow", "run:docker compose *", "-c", "stack up", "-c", "stack ps", "-c", "stack logs bus -n 1",
        "-c", "stack clean", "-c", "stack down",
    )  # fmt: skip
    up, ps, logs, clean, down = results
    assert code == 3 and clean["error"]["code"] == "permission", err
    assert [each["exit"] for each in (up, ps, logs, down)] == [0, 0, 0, 0], results
    assert {each["standing"] for each in up["data"]["services"]} == {"healthy", "running", "done"}
    assert "bus-1 | the bus is here api_key=••••••" in logs["data"]["text"]


def test_cleaning_leaves_what_is_not_ours(say: Say, tmp_path: Path, env: dict[str, str]) -> None:
    def docker(*words: str, given: str = "") -> str:
        own = {**env, "DOCKER_BUILDKIT": "0"}
        return subprocess.run(
            ["docker", *words], env=own, input=given, check=True, capture_output=True, text=True
        ).stdout.strip()

    def left(label: str) -> list[str]:
        """What an image is once another has its name."""
        ids: list[str] = []
        for number in "12":
            text = f"FROM bb:1\nLABEL {label}=x\nRUN echo {number} > /made\n"
            ids.append(docker("build", "--quiet", "--tag", f"{label.replace('.', '-')}:t", "-", given=text))
        return ids

    ours, theirs = left("dev.dspy-tui.image"), left("somebody.else")
    try:
        said = say("clean", "--allow", "run")
        assert said.returncode == 0, said.stderr
        assert "of images of ours that newer ones replaced" in said.stdout and "volumes stay" in said.stdout
        there = docker("images", "--all", "--quiet", "--no-trunc").split()
        assert ours[0] not in there and {ours[1], *theirs} <= set(there)
    finally:
        docker("rmi", ours[1], *theirs)


def test_the_generated_stack(tmp_path: Path, env: dict[str, str]) -> None:
    """All of its services, with a small program in place of each."""

    def say(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*PROGRAM, "stack", *words], cwd=tmp_path, env=env, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=180, check=False,
        )  # fmt: skip

    assert say("init", "--install-source", "pip", "--db", "none").returncode == 0
    at = tmp_path / "docker" / "lightweight"
    ports = (at / ".env").read_text().replace("PORT=9092", "PORT=7418").replace("PORT=11434", "PORT=7419")
    (at / ".env").write_text(ports)
    every = ["docker", "compose", "--profile", "*", "config", "--format", "json"]
    config = json.loads(subprocess.run(every, cwd=at, env=env, check=True, capture_output=True).stdout)
    small = {"command": ["sleep", "1000"], "image": "bb:1", "entrypoint": [], "stop_grace_period": "1s"}
    well = {"healthcheck": {"test": ["CMD", "true"], "interval": "1s"}, "init": True}
    over = {
        name: {**small, "command": ["true"]} if name == "volumes" else {**small, **well}
        for name in config["services"]
    }
    (at / "docker-compose.override.yml").write_text(json.dumps({"services": over}))
    try:
        missing = say("doctor")
        assert missing.returncode == 0 and "docker-compose.override.yml laid over it" in missing.stdout
        up = say("up")
        assert up.returncode == 0, up.stderr
        found = standings(say("ps", "--format", "json"))
        assert len(found) >= 10 and set(found.values()) == {"healthy", "done"} and found["volumes"] == "done"
        checked = {
            each["name"]: each for each in json.loads(say("doctor", "--format", "json").stdout)["checks"]
        }
        assert checked["ports"]["verdict"] == "ok" and checked["broker"]["verdict"] == "fail", checked
        more = say("up", "spark-master", "--profile", "cluster", "--format", "json")
        assert standings(more)["spark-master"] == "healthy"
    finally:
        said = say("down", "--volumes", "--allow", "run", "--format", "json")
    assert said.returncode == 0 and set(standings(said).values()) == {"absent"}
