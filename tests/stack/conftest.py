"""A real container engine and the real compose, from the kit, in a network namespace of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

STARTED_S = 300


def _engine(kit: Path, folder: Path, *words: str, tries: int = 1) -> str:
    env = {**os.environ, "ENG_DIR": str(folder), "ENG_NS": f"t{os.getpid()}"}
    for _ in range(tries):
        said = subprocess.run(
            ["bash", str(kit / "engine" / "engine.sh"), *words],
            env=env,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=STARTED_S,
        )
        if said.returncode == 0:
            return said.stdout
    raise AssertionError(said.stderr[-2000:] + said.stdout[-2000:])


@pytest.fixture(scope="session")
def engine_folder(kit: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where engine and compose are installed; skips where they cannot be."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        pytest.skip("a real engine is installed by root with apt-get only")
    given = os.environ.get("ENG_DIR")
    folder = Path(given) if given else tmp_path_factory.mktemp("engine")
    if not (folder / "dcfg" / "cli-plugins" / "docker-compose").exists() or shutil.which("docker") is None:
        _engine(kit, folder, "install")
    return folder


@pytest.fixture(scope="session")
def compose_env(kit: Path, engine_folder: Path) -> dict[str, str]:
    """The environment in which `docker compose` is found; no engine runs."""
    said = _engine(kit, engine_folder, "env")
    found = dict(re.findall(r"(DOCKER_HOST|DOCKER_CONFIG)=([^\s;]+)", said))
    return {**os.environ, **found}


@pytest.fixture(scope="session")
def engine_env(kit: Path, engine_folder: Path, compose_env: dict[str, str]) -> Iterator[dict[str, str]]:
    """The same with the engine running, and a small image `bb:1` in it."""
    _engine(kit, engine_folder, "start", tries=8)  # a busy machine takes longer than the script waits
    try:
        _engine(kit, engine_folder, "image")
        yield compose_env
    finally:
        _engine(kit, engine_folder, "stop")
