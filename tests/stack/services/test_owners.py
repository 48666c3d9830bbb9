"""A workspace whose owner is another user than the containers': what they keep takes nothing from it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent_core.rl.store.rights import SHARED_GROUP
from agent_core.workspace import STATE_VARIABLE
from stack.compose.ours import WORK_VOLUME
from stack.compose.services import stack_of
from tests.ports import free_ports
from tests.stack.options import options

OWNER, CONTAINER = 1000, 10001
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None, reason="only root may start programs of other users"
)


def as_user(user: int, *command: str) -> list[str]:
    """The command of a user who may write nothing of others, and read everything, this interpreter too."""
    reads = "+dac_read_search"
    rights = ("--clear-groups", f"--inh-caps={reads}", f"--ambient-caps={reads}")
    return ["setpriv", f"--reuid={user}", f"--regid={user}", *rights, *command]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The owner's, after scripts/fix_workspace_perms.sh, and before any session."""
    folder = tmp_path / "shop"
    folder.mkdir()
    code = folder / "shop.py"
    code.write_text("def total(prices):\n    return sum(prices)\n")
    for path in (folder, code):
        os.chown(path, OWNER, SHARED_GROUP)
    code.chmod(0o664)
    folder.chmod(0o2775)
    for name, user in (("home", OWNER), ("state", CONTAINER)):
        (tmp_path / name).mkdir()
        os.chown(tmp_path / name, user, user)
    return folder


def env_of(shop: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "PYTHONPATH")}
    return {**kept, "HOME": str(shop.parent / "home"), "DSPY_TUI_EMBEDDER": "none", **more}


def keeps_fresh(shop: Path, env: dict[str, str]) -> None:
    """The agent, from its start until it has the index."""
    process = subprocess.Popen(
        as_user(CONTAINER, sys.executable, "-m", "stack.services.agent"),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=env | {"DSPY_TUI_PORT": str(free_ports(1)), "DSPY_TUI_WORKSPACE": str(shop)},
    )  # fmt: skip
    try:
        assert process.stdout
        said = ""
        for line in process.stdout:
            said += line
            if "kept fresh" in line or "ended by" in line:
                break
        assert "kept fresh" in said, said
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
    finally:
        process.kill()
        process.communicate()


def run(shop: Path, user: int, code: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Python code of a user."""
    return subprocess.run(
        as_user(user, sys.executable, "-c", code, *words),
        env=env_of(shop), capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def batch(shop: Path, command: str) -> dict[str, Any]:
    """What a session of the owner says."""
    words = ("--batch", "-c", command, "--format", "json", "--workspace", str(shop))
    done = run(shop, OWNER, "import sys, tui.cli; sys.exit(tui.cli.main())", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)["results"][0]["data"]


def owners(folder: Path) -> dict[str, int]:
    """Who owns what lies in it."""
    return {path.relative_to(folder).as_posix(): path.stat().st_uid for path in folder.rglob("*")}


def test_what_the_agent_keeps_is_not_in_the_owners_way(shop: Path) -> None:
    (agent,) = (each for each in stack_of(options(shop)).services if each.name == "dspy-agent")
    place = str(agent.environment[STATE_VARIABLE])
    assert any(place.startswith(f"{mount.target}/") for mount in agent.mounts if mount.source == WORK_VOLUME)
    state = shop.parent / place.removeprefix("/")
    keeps_fresh(shop, env_of(shop, **{STATE_VARIABLE: str(state)}))
    assert owners(shop) == {"shop.py": OWNER}
    assert owners(state)["index/image"] == CONTAINER

    index = batch(shop, "index")["index"]
    assert index["files"] == 1 and index["trouble"] == ""
    kept = owners(shop)
    assert ".dspy_tui/index/image" in kept and set(kept.values()) == {OWNER}


def test_the_trainer_reads_what_the_owner_began(shop: Path) -> None:
    begin = f"from pathlib import Path; from stack.beginning import begin; begin(Path({str(shop)!r}))"
    open_it = (
        "from agent_core.workspace import Workspace; from stack.services.training import opened;"
        f"name, store = opened(Workspace.open({str(shop)!r})); store.close(); print(name)"
    )
    refused = run(shop, CONTAINER, open_it)
    assert refused.returncode == 1 and "NotBegun" in refused.stderr and owners(shop) == {"shop.py": OWNER}
    for user in (CONTAINER, 0):  # root makes nothing in somebody's workspace, either
        assert run(shop, user, begin).returncode == 0
        assert owners(shop) == {"shop.py": OWNER}
    assert run(shop, OWNER, begin).returncode == 0
    name = (shop / ".dspy_tui" / "id").read_text()
    opened = run(shop, CONTAINER, open_it)
    assert opened.stdout == name and len(name) == 33, opened.stderr
    assert set(owners(shop).values()) == {OWNER}
    assert run(shop, OWNER, begin).returncode == 0
    assert (shop / ".dspy_tui" / "id").read_text() == name
