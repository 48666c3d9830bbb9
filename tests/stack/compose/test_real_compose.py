"""Docker's own compose accepts what is generated: every combination, every profile, hostile paths."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import pytest

from stack.compose.model import Stack
from stack.compose.options import StackOptions
from stack.compose.services import stack_of
from stack.compose.writing import plan
from tests.stack.options import every_combination, options

pytestmark = pytest.mark.engine
PROFILES = ("gpu", "monitoring", "cluster")
Write = Callable[[StackOptions], Path]


@pytest.fixture
def compose(compose_env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The command, which needs no engine for this."""
    for name in ("DOCKER_HOST", "DOCKER_CONFIG"):
        monkeypatch.setenv(name, compose_env[name])
    return [str(Path(compose_env["DOCKER_CONFIG"], "cli-plugins", "docker-compose"))]


@pytest.fixture
def written(tmp_path: Path) -> Write:
    """Writes the files without their copies."""

    def write(opts: StackOptions) -> Path:
        for file in plan(opts).files:
            path = tmp_path / file.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file.content)
        return tmp_path

    return write


def config(compose: list[str], folder: Path, *words: str, profiles: tuple[str, ...] = ()) -> str:
    env = {key: value for key, value in os.environ.items() if not key.startswith("COMPOSE_")}
    env["COMPOSE_PROFILES"] = ",".join(profiles)
    done = subprocess.run([*compose, "config", *words], cwd=folder, capture_output=True, text=True, env=env)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("wheels")


@pytest.mark.parametrize("number", range(len(every_combination(Path("/x")))))
def test_every_combination(compose: list[str], tmp_path: Path, wheels: Path, number: int) -> None:
    import msgspec

    opts = every_combination(tmp_path)[number]
    if opts.wheelhouse is not None:
        opts = msgspec.structs.replace(opts, wheelhouse=wheels)
    for file in plan(opts).files:
        path = tmp_path / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.content)
    for profiles in chain.from_iterable(combinations(PROFILES, size) for size in range(len(PROFILES) + 1)):
        config(compose, tmp_path, "-q", profiles=profiles)


def test_profiles_choose_the_services(compose: list[str], written: Write, tmp_path: Path) -> None:
    folder = written(options(tmp_path))
    stack: Stack = stack_of(options(tmp_path))
    for profiles in ((), ("cpu",), ("gpu", "monitoring"), ("cluster",)):
        found = set(config(compose, folder, "--services", profiles=profiles).split())
        wanted = {
            each.name for each in stack.services if not each.profiles or set(each.profiles) & set(profiles)
        }
        assert found == wanted


NASTY = "a b'c\"d $HOME ${X} $$ #e: {f} [g] & * ! % @ ` \\ \\n é 日 🙂 ~"


def test_gpus_are_reserved_for_the_one_service_of_that_profile(
    compose: list[str], written: Write, tmp_path: Path
) -> None:
    folder = written(options(tmp_path, gpu=True))
    found: dict[str, Any] = json.loads(config(compose, folder, "--format", "json", profiles=("gpu",)))
    reserved = {
        name: service["deploy"]["resources"]["reservations"]
        for name, service in found["services"].items()
        if "reservations" in service["deploy"]["resources"]
    }
    assert reserved == {
        "ollama-gpu": {"devices": [{"driver": "nvidia", "count": -1, "capabilities": ["gpu"]}]}
    }
    assert "ollama" not in found["services"]  # which would want the same port
    assert found["services"]["ollama-gpu"]["networks"]["stack"]["aliases"] == ["ollama"]


def test_hostile_paths_arrive_as_they_are(compose: list[str], written: Write, tmp_path: Path) -> None:
    workspace = Path("/srv") / NASTY
    folder = written(options(tmp_path, workspace=workspace))
    model: dict[str, Any] = json.loads(config(compose, folder, "--format", "json", "--no-interpolate"))
    assert model["services"]
    found: dict[str, Any] = json.loads(config(compose, folder, "--format", "json"))
    for name in ("dspy-agent", "dspy-worker"):
        mounts = {mount["target"]: mount["source"] for mount in found["services"][name]["volumes"]}
        assert mounts["/workspace"].replace("$$", "$") == str(workspace)  # config doubles it again
    assert mounts["/logs"].replace("$$", "$") == str(workspace / "logs")


def test_secrets_come_from_the_env_file_alone(compose: list[str], written: Write, tmp_path: Path) -> None:
    uri = "s3://me:pa$$wo{}rd@bucket/shop?x=${HOME}"
    folder = written(options(tmp_path, db=uri))
    assert "wo{}rd" not in (folder / "docker-compose.yml").read_text()
    found: dict[str, Any] = json.loads(config(compose, folder, "--format", "json"))
    value = found["services"]["dspy-agent"]["environment"]["DSPY_TUI_DB_URI"]
    assert value in (uri, uri.replace("$", "$$"))


def test_the_override_file_is_laid_over(compose: list[str], written: Write, tmp_path: Path) -> None:
    folder = written(options(tmp_path))
    (folder / "docker-compose.override.yml").write_text("services: {dspy-worker: {deploy: {replicas: 3}}}\n")
    found: dict[str, Any] = json.loads(config(compose, folder, "--format", "json"))
    assert found["services"]["dspy-worker"]["deploy"]["replicas"] == 3


@pytest.mark.parametrize("gpu", [False, True])
def test_a_linter_finds_nothing_of_high_severity(written: Write, tmp_path: Path, gpu: bool) -> None:
    folder = written(options(tmp_path, gpu=gpu))
    linter = Path(sys.executable).with_name("compose-lint")
    done = subprocess.run(
        [linter, "--fail-on", "high", "docker-compose.yml"], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
