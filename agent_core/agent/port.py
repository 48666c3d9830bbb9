"""What answering a task needs from the turn that it runs in, and what it gives back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from agent_core.agent.history import Exchange
from agent_core.bus import Publish
from agent_core.config import Settings
from agent_core.events import Hit, Usage
from agent_core.index.api import Index
from agent_core.tools.base import ToolResult
from agent_core.workspace import Workspace

if TYPE_CHECKING:
    from agent_core.commandline import Mention
    from agent_core.tools.registry import Registry


class TaskInput(msgspec.Struct, frozen=True, kw_only=True):
    """A question or task: its text, the files it mentions, and what was said before, oldest first."""

    text: str
    mentions: tuple[Mention, ...] = ()
    history: tuple[Exchange, ...] = ()


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """How a task was answered.

    `text` is everything that was streamed; `citations` are the places it names that exist; `changed` lists
    files that tools changed. `stop_reason`: stop, length (cut by the model's limit), steps (the limit of
    steps), repeat (the same call again and again), empty (the model said nothing), no-model, or unchanged (a
    change was asked for and nothing was changed).
    """

    text: str
    citations: tuple[Hit, ...] = ()
    usage: Usage = Usage()
    changed: tuple[str, ...] = ()
    stop_reason: str = "stop"


class TurnPort(Protocol):
    """The running turn, as the agent sees it."""

    @property
    def turn_id(self) -> str:
        """Names the turn in every event."""
        ...

    @property
    def settings(self) -> Settings:
        """The effective settings."""
        ...

    @property
    def workspace(self) -> Workspace:
        """The workspace that the task is about."""
        ...

    @property
    def registry(self) -> Registry:
        """The tools."""
        ...

    @property
    def index(self) -> Index:
        """The index of the workspace."""
        ...

    @property
    def publish(self) -> Publish:
        """Tells everyone who follows the turn."""
        ...

    async def check_call(self, name: str, args: msgspec.Struct) -> None:
        """Ask for the permission that the call would need; raises `PermissionRefused`. Nothing is run."""
        ...

    async def call_tool(self, name: str, args: msgspec.Struct) -> ToolResult:
        """Run a tool: publishes its start and end, asks for permission; raises the `AgentError` tree."""
        ...
