"""What is in the wheel and the sdist, and that both come out the same wherever they are built."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

from agent_core import __version__
from tests.conftest import ROOT
from tests.install.conftest import NEWEST, OLDEST, Dist, build

pytestmark = pytest.mark.install
PACKAGES = ("agent_core", "stack", "tui")


def files(root: Path, *places: str) -> set[str]:
    """All files below some folders, or below the root."""
    found = (path for place in places or ("",) for path in (root / place).rglob("*"))
    return {path.relative_to(root).as_posix() for path in found if path.is_file()}


def test_the_wheel_has_every_file_of_the_packages_and_no_other(dist: Dist, source: Path) -> None:
    names = set(zipfile.ZipFile(dist.wheel).namelist())
    about = f"dspy_code-{__version__}"
    ours = {name for name in names if not name.startswith(about)}
    assert ours == files(source, *PACKAGES)
    beside = {name.partition(".data/")[2] for name in names if ".data/" in name}
    pages = {"data/share/man/man1/dspy-tui.1", "data/share/man/man1/dspy-agent.1"}
    assert beside == {"scripts/fix_workspace_perms.sh", *pages}
    assert {"agent_core/index/embed/data/tokenizer.json", "tui/screens/work.tcss", "stack/py.typed"} <= ours


def test_the_sdist_has_what_it_takes_to_check_and_test_it(dist: Dist, source: Path) -> None:
    with tarfile.open(dist.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names - {"PKG-INFO", ".gitignore"} == files(source) - {".gitignore"}
    assert "PKG-INFO" in names


def test_what_is_said_of_it(dist: Dist) -> None:
    with zipfile.ZipFile(dist.wheel) as archive:
        about = message_from_bytes(archive.read(f"dspy_code-{__version__}.dist-info/METADATA"))
    assert (about["Version"], about["License-Expression"]) == (__version__, "Apache-2.0")
    assert about["Description-Content-Type"] == "text/markdown"
    assert about["Requires-Python"] == f">={OLDEST}"
    versions = [kind.rpartition(" ")[2] for kind in about.get_all("Classifier", []) if " :: 3." in kind]
    assert (versions[0], versions[-1]) == (OLDEST, NEWEST)
    assert {"rl", "spark", "embedded"} <= set(about.get_all("Provides-Extra", []))


def test_both_are_the_same_again_from_the_unpacked_sdist(dist: Dist, tmp_path: Path) -> None:
    with tarfile.open(dist.sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    unpacked = tmp_path / dist.sdist.name.removesuffix(".tar.gz")
    again = build(unpacked, tmp_path / "again")
    assert again.wheel.read_bytes() == dist.wheel.read_bytes()
    assert again.sdist.read_bytes() == dist.sdist.read_bytes()
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", "tests/test_ports.py",
         "tests/agent_core/test_bus.py"],
        cwd=unpacked, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]


def test_the_checkers_of_registries_find_nothing(dist: Dist, source: Path) -> None:
    for words in (("twine", "check", "--strict", *map(str, dist)), ("check-wheel-contents", str(dist.wheel))):
        program = Path(sys.executable).with_name(words[0])
        done = subprocess.run([program, *words[1:]], cwd=source, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_the_version_stands_in_one_place_alone() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "version" not in project and project["dynamic"] == ["version"]
