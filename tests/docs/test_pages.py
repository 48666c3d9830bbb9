"""Pages that are made from the program, those that tell of it, and the site as a whole."""

from __future__ import annotations

import importlib
import pkgutil
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import agent_core
from agent_core.errors import AgentError
from scripts import reference
from tests.docs.blocks import ROOT


def test_pages_are_as_the_program_is() -> None:
    assert not reference.outdated(), "`make reference` writes them anew"


def test_every_error_has_its_section_with_its_exit_code() -> None:
    told = _sections((ROOT / "docs" / "troubleshooting.md").read_text())
    kinds = {kind.code: kind for kind in _errors(AgentError)}
    assert sorted(told) == sorted({*kinds, *_made_without_a_class()})
    for code, kind in kinds.items():
        said = re.match(r"Exit code (\d+)\.", told[code])
        assert int(said[1] if said else 1) == kind.exit_code, code


@pytest.mark.parametrize("breaks", [False, True], ids=["as-it-is", "with-a-broken-link"])
def test_the_site_is_built(tmp_path: Path, breaks: bool) -> None:
    for name in ("docs", "scripts", "snapshots"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in ("mkdocs.yml", "CHANGELOG.md", "CONTRIBUTING.md"):
        shutil.copy(ROOT / name, tmp_path)
    if breaks:
        (tmp_path / "docs" / "mcp.md").open("a").write("\n[gone](gone.md), [nowhere](ci.md#nowhere)\n")
    build = (sys.executable, "-m", "mkdocs", "build", "--strict")
    done = subprocess.run(build, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode != 0) is breaks, done.stderr
    if breaks:
        assert "gone.md" in done.stderr and "#nowhere" in done.stderr
        return
    work = (tmp_path / "site" / "screens.html").read_text()
    pictures = re.findall(r'<img [^>]*src="(pictures/[^"]+)"', work)
    assert pictures and all((tmp_path / "site" / path).stat().st_size > 1000 for path in pictures)
    assert "agent_core/errors.py" in (tmp_path / "site" / "contributing.html").read_text()


def _sections(text: str) -> dict[str, str]:
    parts = re.split(r"^### (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], (part.strip() for part in parts[2::2]), strict=True))


def _made_without_a_class() -> Iterator[str]:
    """Codes of errors that are plain data from the start."""
    for package in ("agent_core", "stack", "tui"):
        for path in (ROOT / package).rglob("*.py"):
            yield from re.findall(r'\bErrorInfo\(\s*(?:code=)?"([^"]+)"', path.read_text())


def _errors(root: type[AgentError]) -> Iterator[type[AgentError]]:
    """The tree, of all modules of the package."""
    for module in pkgutil.walk_packages(agent_core.__path__, "agent_core."):
        source = importlib.util.find_spec(module.name)
        text = Path(source.origin).read_text() if source and source.origin else ""
        if re.search(r"^class \w+\((?:\w+Fault|\w+Error|\w+Refused|AgentError)\)", text, re.MULTILINE):
            importlib.import_module(module.name)
    return _below(root)


def _below(kind: type[AgentError]) -> Iterator[type[AgentError]]:
    if kind.__module__.startswith("agent_core"):
        yield kind
    for child in kind.__subclasses__():
        yield from _below(child)
