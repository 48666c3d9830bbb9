"""What is published, built once; and environments of the oldest and the newest Python that have it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import ROOT

OLDEST, NEWEST = "3.11", "3.13"
"""As `pyproject.toml` has it in `requires-python`, and the last of its classifiers."""
UV = str(Path(sys.executable).with_name("uv"))


class Dist(NamedTuple):
    """The two files."""

    wheel: Path
    sdist: Path


def build(source: Path, out: Path, *words: str) -> Dist:
    """Build wheel and sdist of a source tree as `make dist` does."""
    subprocess.run([UV, "build", "--quiet", "--out-dir", out, *words, source], check=True)
    return Dist(next(out.glob("*.whl")), next(out.glob("*.tar.gz"), out))


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of this checkout that git has, or would have, and nothing that only lies about."""
    words = ("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    copy = tmp_path_factory.mktemp("source")
    for name in filter(None, done.stdout.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="session")
def dist(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Dist:
    """Wheel and sdist of this checkout."""
    return build(source, tmp_path_factory.mktemp("dist"))


@dataclass(frozen=True, slots=True)
class Installed:
    """A clean environment with the wheel and what it requires."""

    python: str
    bin: Path

    def run(self, *words: str | Path, cwd: Path, code: int = 0, **env: str) -> str:
        """What `dspy-tui WORDS` prints; it has to end with this code."""
        done = subprocess.run(
            [self.bin / "dspy-tui", *words], cwd=cwd, env=self.env(cwd, **env), capture_output=True,
            text=True, stdin=subprocess.DEVNULL, timeout=300,
        )  # fmt: skip
        assert done.returncode == code, f"{done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done.stdout

    def env(self, home: Path, **more: str) -> dict[str, str]:
        """Nothing of this checkout or its environment, but where models and brokers may lie."""
        kept = {name: os.environ[name] for name in ("LANG", "TERM", "TMPDIR") if name in os.environ}
        path = f"{self.bin}:/usr/local/bin:/usr/bin:/bin"
        return {**kept, "PATH": path, "HOME": str(home.parent), "OLLAMA_HOST": "http://127.0.0.1:9", **more}


def interpreter(version: str) -> str | None:
    """A Python of this version: the one that runs us, one on the path, or one of pyenv's; None for none."""
    if f"{sys.version_info[0]}.{sys.version_info[1]}" == version:
        return sys.executable
    if (found := shutil.which(f"python{version}")) and not subprocess.run(
        [found, "-V"], capture_output=True
    ).returncode:
        return found
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    return next((str(path) for path in sorted(pyenv.glob(f"{version}.*/bin/python"), reverse=True)), None)


@pytest.fixture(scope="session", params=[OLDEST, NEWEST])
def installed(
    request: pytest.FixtureRequest, dist: Dist, tmp_path_factory: pytest.TempPathFactory
) -> Installed:
    """The wheel in a clean environment of either Python."""
    version: str = request.param
    python = interpreter(version)
    if python is None:
        pytest.skip(f"there is no Python {version}: none on the path, none of pyenv's")
    home = tmp_path_factory.mktemp(f"venv{version}")
    subprocess.run([UV, "venv", "--quiet", "--python", python, home / "venv"], check=True)
    places = home / "venv" / "bin"
    subprocess.run(
        [UV, "pip", "install", "--quiet", "--python", places / "python", dist.wheel], check=True, timeout=600
    )
    return Installed(version, places)
