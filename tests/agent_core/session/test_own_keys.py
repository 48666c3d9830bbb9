"""Which programs get the keys that this program is given in its environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from agent_core.config import Settings
from agent_core.lsp import launching
from agent_core.lsp.api import ServerSpec
from agent_core.tools.base import ToolContext
from agent_core.tools.shell import ShellArgs, ShellTool
from agent_core.workspace import Workspace
from tests.agent_core.hooks.test_hooks import make, opened, ran

OURS = ("OPENAI_API_KEY", "KAFKA_SASL_PLAIN_PASSWORD", "KAFKA_SSL_PASSWORD")


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OURS:
        monkeypatch.setenv(name, "set-in-the-terminal")
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))


async def test_a_typed_line_gets_them_and_checks_do_not(tmp_path: Path) -> None:
    root = make(tmp_path / "w")
    (root / "chk.py").write_text("import os; open('seen', 'w').write(' '.join(sorted(os.environ)))")
    settings = {
        "test_cmd": f"OPENAI_API_KEY=dummy {sys.executable} chk.py",
        "lint_cmd": f"{sys.executable} chk.py",
    }

    async def seen(line: str) -> set[str]:
        (root / "seen").unlink(missing_ok=True)
        await ran(opened(root, allow=("run", "shell"), flags=settings), line)
        return set((root / "seen").read_text().split())

    assert set(OURS) <= await seen(f"!{sys.executable} chk.py")
    assert "PATH" in await seen("lint") and not set(OURS) & await seen("lint")
    assert set(OURS) & await seen("run_tests") == {"OPENAI_API_KEY"}, "what the command sets itself"


async def test_a_line_that_an_agent_wants_gets_none(tmp_path: Path) -> None:
    context = ToolContext(workspace=Workspace.open(tmp_path), settings=Settings(), progress=lambda _: None)
    done = await ShellTool().run(ShellArgs(command="env"), context)
    assert "PATH=" in done.text and not any(f"{name}=" in done.text for name in OURS)
    assert all(name in os.environ for name in OURS)


async def test_a_language_server_gets_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def none() -> tuple[None, str]:
        return None, "it is not installed"

    monkeypatch.setattr(launching, "find_sandbox", none)
    spec = ServerSpec(language="go", name="own", argv=("sh", "-c", "env; echo that is all; cat"))
    launched = await launching.launch(spec, Workspace.open(tmp_path))
    try:
        said = (await launched.reader.readuntil(b"that is all")).decode()
    finally:
        await launched.end(asked=False)
    assert "PATH=" in said and not any(f"{name}=" in said for name in OURS)
