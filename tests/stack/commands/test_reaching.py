"""What services get of the machine is said before they are started, wherever that is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent_core.events import ApprovalNeeded, TurnFinished
from agent_core.runtime import open_runtime
from stack.tool import StackTool
from tests.fakes.docker import put_docker
from tui.cli import main

ALL, ROOT = "kafka may do anything on this machine (privileged)", "kafka may write /"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace whose stack wants the whole machine."""
    at = tmp_path / "docker" / "lightweight"
    at.mkdir(parents=True)
    (at / "docker-compose.yml").write_text("services: {kafka: {image: x}}\n")
    (at / ".env").touch(mode=0o600)
    put_docker(tmp_path, monkeypatch)
    config = json.loads((tmp_path / "config.json").read_text())
    config["services"]["kafka"] |= {"privileged": True, "volumes": [{"type": "bind", "source": "/"}]}
    (tmp_path / "config.json").write_text(json.dumps(config))
    return tmp_path


def test_at_the_shell_it_is_said_first(workspace: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["stack", "up", "--workspace", str(workspace)]) == 0
    assert capfd.readouterr().err.startswith(f"! {ALL}\n! {ROOT}\n$ docker compose up --detach --wait\n")
    assert main(["stack", "down", "--workspace", str(workspace)]) == 0
    assert "!" not in capfd.readouterr().err


async def test_the_question_says_it(workspace: Path) -> None:
    runtime = open_runtime(workspace, interactive=True, tools=(StackTool(),))
    try:
        with runtime.bus.subscribe() as subscription:
            runtime.session.submit("stack up")
            async for event in subscription:
                if isinstance(event, ApprovalNeeded):
                    assert f"\n{ALL}.\n{ROOT}." in event.reason
                    runtime.session.answer(event.call_id, "no")
                if isinstance(event, TurnFinished):
                    assert event.outcome == "stopped"
                    break
    finally:
        await runtime.aclose()
