"""What a tool is: typed arguments, a class, a coroutine.

The same object serves the prompt, the palette, the agent, the suggestions and `--batch`. Arguments are a
frozen `msgspec.Struct`; their descriptions and command-line flags are `msgspec.Meta`, from which the JSON
schema for models, the parser of typed commands and the help text are made.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

import msgspec

from agent_core.bus import Publish
from agent_core.config import Settings
from agent_core.errors import ErrorInfo
from agent_core.events import ActionClass, Hit
from agent_core.workspace import Workspace

if TYPE_CHECKING:
    from agent_core.agent.port import TurnPort


class ToolResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a tool found or did.

    `text` is for people and models alike, plain and already bounded; `summary` is one line ("12 matches in
    3 files"); `hits` are the places it is about; `data` holds further plain values for programs; `note`
    says what was left out; `changed` lists files that it changed. `error` says that the tool did its work
    and what it ran failed (a command that ended with exit code 1): text and data are as good as without it.
    """

    text: str
    summary: str
    hits: tuple[Hit, ...] = ()
    data: dict[str, Any] = {}
    note: str = ""
    changed: tuple[str, ...] = ()
    error: ErrorInfo | None = None


def _ignore(_: str) -> None:
    return None


class Speaker(Protocol):
    """A turn, as far as something is said in it."""

    @property
    def turn_id(self) -> str:
        """Names the turn in every event."""
        ...

    @property
    def settings(self) -> Settings:
        """The effective settings."""
        ...

    @property
    def publish(self) -> Publish:
        """Tells everyone who follows the turn; a `TextDelta` is part of its answer."""
        ...


class ToolContext(msgspec.Struct, frozen=True, kw_only=True):
    """What a running tool may use.

    `progress` shows a piece of output (or a line of progress) while it works. `write` takes the whole
    result as it is found, whatever its size, where somebody wants more than the bounded one (a headless run
    writing to a pipe); a tool that has no more than its result leaves it alone. Awaiting it is the
    back-pressure. `turn` is there when a person typed the command: what a model is to say about the result is
    said in it. A call by the agent has none, since the agent itself reads the result.
    """

    workspace: Workspace
    settings: Settings
    progress: Callable[[str], None] = _ignore
    write: Callable[[str], Awaitable[None]] | None = None
    turn: TurnPort | None = None


A_contra = TypeVar("A_contra", bound=msgspec.Struct, contravariant=True)


class Tool(Protocol, Generic[A_contra]):
    """A tool of the registry.

    `positional` names the argument fields that may be typed without a flag, in order; the last of them
    takes the rest of the line when `takes_rest` is set (free text such as a query or a shell command).
    `tools/fields.py` says what the metadata of a field may hold. A tool of a class that changes files may
    have `keeps_state = True`: no snapshot is taken before it runs, because it is none that can be undone, or
    writes through its turn. One that a model is not offered at all times says so as `is_offered`.
    """

    name: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]]
    summary: ClassVar[str]
    action: ClassVar[ActionClass]
    args_type: ClassVar[type[msgspec.Struct]]
    positional: ClassVar[tuple[str, ...]]
    takes_rest: ClassVar[bool]
    for_agent: ClassVar[bool]
    """Whether the agent may call it."""

    async def run(self, args: A_contra, context: ToolContext) -> ToolResult:
        """Do the work; raises `ToolError`, `PathRefused`, `UsageError`. Cancelling leaves nothing behind."""
        ...


AnyTool = Tool[Any]
