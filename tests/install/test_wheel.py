"""The wheel in a clean environment, of the oldest and of the newest Python, does what people do first."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pexpect
import pytest

from agent_core import __version__
from tests.e2e.test_edit import of_our_own
from tests.fakes.model_server import ModelServer
from tests.install.conftest import Installed

pytestmark = pytest.mark.install


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A small project in a home of its own."""
    root = tmp_path / "home" / "shop"
    root.mkdir(parents=True)
    (root / "orders.py").write_text(
        'def load_order(path):\n    """Read an order from a file."""\n    return path\n'
    )
    yield root


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer(models=("big",)) as running:
        yield running


def test_both_names_say_the_version(installed: Installed, project: Path) -> None:
    assert installed.run("--version", cwd=project) == f"dspy-tui {__version__}\n"
    assert (installed.bin / "dspy-agent").is_file()
    script = installed.bin / "fix_workspace_perms.sh"
    assert os.access(script, os.X_OK)


def test_the_doctor_finds_what_the_wheel_brought(installed: Installed, project: Path) -> None:
    said = json.loads(installed.run("doctor", "--format", "json", cwd=project))
    checks = {check["name"]: check for check in said["checks"]}
    assert checks["python"]["detail"].startswith(f"{installed.python}.")
    for name in ("settings", "python", "ripgrep", "state", "prompts"):
        assert checks[name]["verdict"] == "ok", checks[name]


def test_it_looks_and_searches(installed: Installed, project: Path) -> None:
    words = ("-c", "tree", "-c", "grep load_order", "-c", "esearch 'read an order'")
    said = json.loads(installed.run("--batch", *words, "--format", "json", cwd=project))
    tree, grep, found = said["results"]
    assert "orders.py" in json.dumps(tree["data"])
    assert (grep["data"]["hits"][0]["path"], grep["data"]["hits"][0]["start"]) == ("orders.py", 1)
    assert found["data"]["hits"][0]["path"] == "orders.py"


async def test_it_edits_with_a_model_and_proves_it(
    installed: Installed, server: ModelServer, tmp_path: Path
) -> None:
    shown = of_our_own(tmp_path)
    server.script(shown.reply(shown.right))
    words = (
        "--batch",
        "--format",
        "json",
        "--set",
        f"test_cmd={shown.settings}",
        "--allow",
        "write",
        "--allow",
        "run",
    )
    task = f"edit @{shown.path} combining characters take a column of their own: mend it"
    out = await asyncio.to_thread(
        lambda: installed.run(
            *words, "-c", task, cwd=shown.root,
            OPENAI_BASE_URL=f"{server.url}/v1", OPENAI_API_KEY="k", MODEL_NAME="big",
        )
    )  # fmt: skip
    assert json.loads(out)["results"][0]["outcome"] == "verified"
    assert shown.right in shown.file.read_text()


def test_the_screen_opens(installed: Installed, project: Path) -> None:
    child = pexpect.spawn(
        str(installed.bin / "dspy-tui"), cwd=str(project), dimensions=(36, 120), encoding="utf-8",
        timeout=180, env=installed.env(project, TERM="xterm-256color", LANG="C.UTF-8"),
    )  # fmt: skip
    try:
        child.expect("Ask")
        child.send("grep load_order\r")
        child.expect("1 match in 1 file")
        child.sendcontrol("q")
        child.expect(pexpect.EOF)
    finally:
        child.close(force=True)
    assert child.exitstatus == 0
