"""`help`, `model` and `permissions`: the commands that need more than a workspace."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from agent_core.commandline import CommandLine, parse
from agent_core.config import Settings
from agent_core.errors import AgentError, UsageError
from agent_core.events import Event, ModelChanged, PullProgress
from agent_core.llm.errors import ModelUnreachable
from agent_core.llm.port import ModelInfo
from agent_core.llm.select import Models
from agent_core.permissions import Permissions
from agent_core.tools.base import AnyTool, ToolContext, ToolResult
from agent_core.tools.help import HelpTool
from agent_core.tools.model import ModelTool
from agent_core.tools.permissions import PermissionsTool
from agent_core.tools.registry import Registry, builtin_tools
from agent_core.workspace import Workspace
from tests.fakes.model_server import ModelServer


async def run(tool: AnyTool, line: str, root: Path, *others: AnyTool, **context: Any) -> ToolResult:
    """Run what the line says, as the prompt would."""
    registry = Registry([tool, *others])
    command = parse(line, registry)
    assert isinstance(command, CommandLine)
    settings = context.pop("settings", Settings())
    made = ToolContext(workspace=Workspace.open(root), settings=settings, **context)
    return await tool.run(command.args, made)


async def test_help_lists_every_command(tmp_path: Path) -> None:
    registry = Registry(builtin_tools())
    tool = HelpTool(registry=registry)
    registry.add(tool)
    result = await run(tool, "help", tmp_path)
    names = {row["name"] for row in result.data["commands"]}
    assert {"grep", "cat", "help", "shell"} <= names
    assert all(name in result.text for name in names)


@pytest.mark.parametrize("line", ["help grep", "help /grep", "? grep"])
async def test_help_explains_one(tmp_path: Path, line: str) -> None:
    tool = HelpTool(registry=Registry(builtin_tools()))
    result = await run(tool, line, tmp_path)
    assert result.text.startswith("grep <pattern>")
    assert "--ignore-case" in result.text


async def test_help_knows_the_nearest(tmp_path: Path) -> None:
    tool = HelpTool(registry=Registry(builtin_tools()))
    with pytest.raises(UsageError) as caught:
        await run(tool, "help gerp", tmp_path)
    assert "grep" in caught.value.hint


def models(settings: Settings) -> tuple[ModelTool, Models, list[Event]]:
    events: list[Event] = []
    chosen = Models(settings=settings, publish=events.append)
    return ModelTool(models=chosen, publish=events.append), chosen, events


async def test_without_a_model(tmp_path: Path) -> None:
    tool, chosen, _ = models(Settings(provider="none"))
    result = await run(tool, "model", tmp_path)
    assert result.data == {"model": None}
    assert "ollama serve" in result.text
    await chosen.aclose()


async def test_show_list_and_use(tmp_path: Path) -> None:
    async with ModelServer(models=("big", "small")) as server:
        settings = Settings(openai_base_url=f"{server.url}/v1", openai_model="big")
        tool, chosen, events = models(settings)
        shown = await run(tool, "model", tmp_path)
        assert shown.data["model"]["name"] == "big" and "big" in shown.text
        listed = await run(tool, "model list", tmp_path)
        assert listed.data == {"models": ["big", "small"], "used": "big"}
        assert listed.text.splitlines() == ["* big", "  small"]
        used = await run(tool, "model use small", tmp_path)
        assert used.data["model"]["name"] == "small"
        assert [event.model for event in events if isinstance(event, ModelChanged)][-1] == "small"
        await chosen.aclose()


@pytest.mark.parametrize("line", ["model use", "model pull"])
async def test_a_name_is_needed(tmp_path: Path, line: str) -> None:
    tool, _, _ = models(Settings(provider="none"))
    with pytest.raises(UsageError, match="needs a name"):
        await run(tool, line, tmp_path)


async def test_a_pull_shows_its_progress(tmp_path: Path) -> None:
    async with ModelServer() as server:
        server.pull_lines = [
            {"status": "pulling manifest"},
            {"status": "pulling a", "digest": "sha256:a", "total": 4096, "completed": 1024},
            {"status": "pulling a", "digest": "sha256:a", "total": 4096, "completed": 4096},
            {"status": "success"},
        ]
        tool, chosen, events = models(Settings(provider="ollama", ollama_host=server.url))
        lines: list[str] = []
        result = await run(tool, "model pull tiny:1b --insecure", tmp_path, progress=lines.append)
        pulls = [event for event in events if isinstance(event, PullProgress)]
        assert pulls[-1].done and pulls[-1].error is None
        assert [pull.done for pull in pulls].count(True) == 1
        assert result.data == {"model": "tiny:1b", "bytes": 4096}
        assert lines[0].startswith("pulling manifest") and lines[-1].startswith("success")
        assert server.requests[-1].body["insecure"] is True
        await chosen.aclose()


async def test_a_pull_that_fails_ends_its_progress(tmp_path: Path) -> None:
    tool, chosen, events = models(Settings(provider="ollama", ollama_host="http://127.0.0.1:9"))
    with pytest.raises(ModelUnreachable):
        await run(tool, "model pull tiny:1b", tmp_path)
    (last,) = [event for event in events if isinstance(event, PullProgress) and event.done]
    assert last.error is not None and last.error.code == "model-unreachable"
    await chosen.aclose()


class Endless:
    """Models whose pull never ends by itself."""

    info: ModelInfo | None = None

    def __init__(self) -> None:
        self.closed = False

    async def pull(self, name: str, *, insecure: bool = False) -> AsyncGenerator[PullProgress]:
        try:
            while True:
                yield PullProgress(model=name, status="pulling", completed=1, total=2)
                raise Cancelled("stop here")
        finally:
            self.closed = True


class Cancelled(AgentError):
    pass


async def test_a_pull_that_is_left_is_closed(tmp_path: Path) -> None:
    endless = Endless()
    events: list[Event] = []
    tool = ModelTool(models=endless, publish=events.append)  # type: ignore[arg-type]
    with pytest.raises(Cancelled):
        await run(tool, "model pull tiny:1b", tmp_path)
    assert endless.closed
    assert isinstance(events[-1], PullProgress) and events[-1].done


async def test_rules_are_listed_and_revoked(tmp_path: Path) -> None:
    permissions = Permissions(
        workspace=tmp_path, allow=("shell:git *",), deny=("write",), store=tmp_path / "permissions.json"
    )
    tool = PermissionsTool(permissions=permissions)
    permissions.remember("shell:make all")
    listed = await run(tool, "permissions", tmp_path)
    assert [(row["rule"], row["verdict"], row["source"]) for row in listed.data["rules"]] == [
        ("write", "deny", "setting"),
        ("shell:git *", "allow", "setting"),
        ("shell:make all", "allow", "remembered"),
    ]
    revoked = await run(tool, "permissions revoke shell:make all", tmp_path)
    assert "shell:make all" in revoked.text
    assert permissions.decide("shell", "make all") == "ask"
    for line in ("permissions revoke shell:make all", "permissions revoke write", "permissions revoke"):
        with pytest.raises(UsageError):
            await run(tool, line, tmp_path)
