"""A session with servers of other programs, good and bad ones."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from agent_core.bus import Bus
from agent_core.config import Settings
from agent_core.events import ApprovalNeeded, Decision, ToolFinished
from agent_core.forms import Filled
from agent_core.llm.scripted import DEFAULT_INFO, ScriptedModel
from agent_core.mcp.client import Servers
from agent_core.mcp.client_consent import Consent
from agent_core.session.gate import Gate
from agent_core.session.session import Session
from agent_core.tools.mcp import McpTool
from agent_core.tools.registry import Registry
from agent_core.workspace import Workspace
from tests.fakes.session import Recorder, make_session
from tests.fixtures_models import llamacpp

__all__ = ["llamacpp"]

FAKE = Path(__file__).parents[2] / "fakes" / "mcp_server.py"
LARGE = msgspec.structs.replace(DEFAULT_INFO, window=65_536)


def odd(*how: str, log: Path | None = None, **more: Any) -> dict[str, Any]:
    """The server of the fakes, as it is written in a file."""
    args = [str(FAKE), *how, *([f"--log={log}"] if log else [])]
    return {"command": sys.executable, "args": args, **more}


class Desk:
    """A session, its events, its servers."""

    def __init__(
        self,
        root: Path,
        *,
        user: dict[str, Any] | None = None,
        workspace: dict[str, Any] | None = None,
        model: ScriptedModel | None = None,
        interactive: bool = True,
        allow: tuple[str, ...] = (),
        deny: tuple[str, ...] = (),
        env: dict[str, str] | None = None,
        **settings: Any,
    ) -> None:
        self.root = root
        self.folder = root / "workspace"
        self.folder.mkdir(exist_ok=True)
        if user is not None:
            (root / "config.toml").write_text(toml(user))
        if workspace is not None:
            self.write(workspace)
        found: list[Servers] = []

        def servers(workspace: Workspace, registry: Registry, gate: Gate, bus: Bus) -> Servers:
            consent = Consent(workspace=workspace.root, permissions=gate.permissions, store=root / "mcp.json")
            made = Servers(
                workspace=workspace,
                settings=Settings(**settings),
                registry=registry,
                consent=consent,
                put=gate.put,
                fill=gate.fill,
                publish=lambda event: bus.publish(event),
                user_file=root / "config.toml",
                env={**os.environ, **(env or {})},
                unseen=not interactive,
            )
            registry.add(McpTool(servers=made))  # type: ignore[arg-type]
            found.append(made)
            return made

        self.session, self.seen = make_session(
            root,
            model=model,
            interactive=interactive,
            allow=allow,
            deny=deny,
            settings=Settings(**settings),
            servers=servers,
        )
        self.servers = found[0]

    session: Session
    seen: Recorder

    def write(self, servers: dict[str, Any]) -> None:
        """The workspace's own file."""
        (self.folder / ".mcp.json").write_text(json.dumps({"mcpServers": servers}))

    async def do(self, line: str, *answers: Decision | Filled) -> ToolFinished | None:
        """Type a line, answer what is asked, and wait for its end."""
        before = len(self.seen.of(ToolFinished))
        asked = len(self.seen.of(ApprovalNeeded))
        self.session.submit(line)
        for answer in answers:
            while len(self.seen.of(ApprovalNeeded)) == asked:
                assert self.session.running, "it ended and did not ask"
                await asyncio.sleep(0.01)
            asked += 1
            call_id = self.seen.of(ApprovalNeeded)[-1].call_id
            if isinstance(answer, Filled):
                assert self.session.fill(call_id, answer)
            else:
                assert self.session.answer(call_id, answer)
        await self.session.idle()
        finished = self.seen.of(ToolFinished)
        return finished[-1] if len(finished) > before else None


def toml(servers: dict[str, Any]) -> str:
    """As it is written in a config.toml."""
    lines: list[str] = []
    for name, entry in servers.items():
        lines.append(f"[mcp_servers.{name}]")
        for key, value in entry.items():
            lines.append(f"{key} = {_toml(value)}")
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if not isinstance(value, dict):
        return json.dumps(value)
    table = cast("dict[str, Any]", value)
    return "{" + ", ".join(f"{name} = {json.dumps(each)}" for name, each in table.items()) + "}"


MakeDesk = Callable[..., Desk]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[MakeDesk]:
    """Makes a session; its servers are ended."""
    made: list[Desk] = []

    def make(**how: Any) -> Desk:
        made.append(Desk(tmp_path, **how))
        return made[-1]

    yield make
    for one in made:
        await one.session.aclose()
        await one.servers.aclose()
