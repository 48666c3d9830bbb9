"""The built wheel, installed outside the checkout, runs screen and batch."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pexpect
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent

pytestmark = pytest.mark.install


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(out), str(ROOT)],
        check=True,
        capture_output=True,
    )
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def scripts(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of a fresh environment with the wheel; what it requires is borrowed."""
    home = tmp_path_factory.mktemp("venv")
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    subprocess.run(
        [python, "-m", "pip", "install", "-q", "--no-deps", "--no-index", wheel],
        check=True,
        capture_output=True,
    )
    site = next((home / "lib").glob("python*/site-packages"))
    borrowed = [entry for entry in sys.path if entry.endswith("site-packages")]
    (site / "borrowed.pth").write_text("\n".join(borrowed) + "\n")
    (home / "bin" / "rg").symlink_to(Path(sysconfig.get_path("scripts")) / "rg")
    return home / "bin"


def test_wheel_holds_the_packages_and_their_data(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names if name.endswith(".py")} == {
        "tui",
        "agent_core",
        "stack",
    }
    sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tui").rglob("*.tcss")}
    assert sources <= set(names)


@pytest.mark.parametrize("command", ["dspy-tui", "dspy-agent"])
def test_batch_runs_from_the_wheel(scripts: Path, tmp_path: Path, command: str) -> None:
    (tmp_path / "main.py").write_text("def main():\n    return 1\n")
    done = subprocess.run(
        [scripts / command, "--batch", "-c", "grep 'def main'", "--format", "json"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    result = json.loads(done.stdout)["results"][0]
    assert (result["data"]["hits"][0]["path"], result["data"]["hits"][0]["start"]) == ("main.py", 1)


def test_screen_opens_from_the_wheel(scripts: Path, tmp_path: Path) -> None:
    child = pexpect.spawn(
        str(scripts / "dspy-tui"), cwd=str(tmp_path), dimensions=(36, 120), encoding="utf-8", timeout=180
    )
    try:
        child.expect("Ask")
        child.sendcontrol("q")
        child.expect(pexpect.EOF)
    finally:
        child.close(force=True)
    assert child.exitstatus == 0
