"""A session over a real folder with small tools of its own, and a model that is given to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, ClassVar

import msgspec

from agent_core.bus import Bus
from agent_core.config import Settings
from agent_core.errors import AgentError, ToolError
from agent_core.events import ActionClass, Event, Hit
from agent_core.llm.port import LanguageModel, ModelInfo
from agent_core.masking import mask_secrets
from agent_core.mcp.client import Servers
from agent_core.permissions import Permissions
from agent_core.session.gate import Gate
from agent_core.session.saved.conversation import Conversation
from agent_core.session.saved.saving import Saving
from agent_core.session.saved.store import SavedSessions
from agent_core.session.session import Session
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.tools.registry import Registry
from agent_core.workspace import Workspace
from tests.fakes.image_index import ImageIndex


class Args(msgspec.Struct, frozen=True):
    text: Annotated[str, msgspec.Meta(extra={"free": True})] = ""


class Echo:
    """Says what it is given."""

    name: ClassVar[str] = "echo"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "say it"
    action: ClassVar[ActionClass] = "read"
    args_type: ClassVar[type[msgspec.Struct]] = Args
    positional: ClassVar[tuple[str, ...]] = ("text",)
    takes_rest: ClassVar[bool] = True
    for_agent: ClassVar[bool] = False

    async def run(self, args: Args, context: ToolContext) -> ToolResult:
        context.progress("working\n")
        if context.write is not None:
            await context.write(f"all of {args.text}\n")
        return ToolResult(
            text=args.text, summary="said", hits=(Hit("a.py", 1, 2, 0.5, "here", "x"),), data={"n": 1}
        )


class Wait(Echo):
    """Runs until it is cancelled, or until `go` is set."""

    name: ClassVar[str] = "wait"

    def __init__(self, *, stubborn: bool = False) -> None:
        self.running = asyncio.Event()
        self.go = asyncio.Event()
        self.cleaned = False
        self._stubborn = stubborn

    async def run(self, args: Args, context: ToolContext) -> ToolResult:
        self.running.set()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            if not self._stubborn:
                raise
        finally:
            self.cleaned = True
            self.running.clear()
        return ToolResult(text="waited", summary="waited")


class Fail(Echo):
    """Fails as it was told to."""

    name: ClassVar[str] = "fail"

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error or ToolError("it broke", hint="mend it")

    async def run(self, args: Args, context: ToolContext) -> ToolResult:
        raise self.error


class Half(Echo):
    """Did its work; what it ran failed."""

    name: ClassVar[str] = "half"

    async def run(self, args: Args, context: ToolContext) -> ToolResult:
        return ToolResult(text="output", summary="exit 3", error=ToolError("it ended with 3").info)


class Put(Echo):
    """Writes a file."""

    name: ClassVar[str] = "put"
    action: ClassVar[ActionClass] = "write"

    async def run(self, args: Args, context: ToolContext) -> ToolResult:
        context.workspace.resolve("put.txt").write_text(args.text)
        return ToolResult(text="written", summary="written", changed=("put.txt",))


class Shell(Echo):
    """Counts its runs, and runs nothing."""

    name: ClassVar[str] = "shell"
    action: ClassVar[ActionClass] = "shell"

    class ShellArgs(msgspec.Struct, frozen=True):
        command: str

    args_type: ClassVar[type[msgspec.Struct]] = ShellArgs
    positional: ClassVar[tuple[str, ...]] = ("command",)

    def __init__(self) -> None:
        self.ran: list[str] = []

    async def run(self, args: Any, context: ToolContext) -> ToolResult:
        self.ran.append(args.command)
        return ToolResult(text="ran", summary="ran")


class GivenModels:
    """Stands where `Models` does: one model, none, or an error."""

    detail = ""

    def __init__(self, model: LanguageModel | AgentError | Exception | None = None) -> None:
        self._model = model
        self.closed = False

    @property
    def info(self) -> ModelInfo | None:
        return None if self._model is None or isinstance(self._model, Exception) else self._model.info

    async def current(self) -> LanguageModel | None:
        if isinstance(self._model, Exception):
            raise self._model
        return self._model

    async def aclose(self) -> None:
        self.closed = True


class Recorder:
    """Everything that a session published, and waiting for it."""

    def __init__(self, bus: Bus) -> None:
        self.events: list[Event] = []
        self._new = asyncio.Condition()
        publish = bus.publish

        def record(event: Event) -> None:
            self.events.append(event)
            publish(event)

        bus.publish = record  # type: ignore[method-assign]

    def names(self) -> list[str]:
        """The events' names in order, runs of deltas as one, without those about the model's state."""
        names: list[str] = []
        for event in self.events:
            name = type(event).__name__
            if name != "ModelChanged" and not (names and names[-1] == name and name.endswith("Delta")):
                names.append(name)
        return names

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def one(self, kind: type[Any]) -> Any:
        (found,) = self.of(kind)
        return found


def make_session(
    root: Path,
    *tools: Any,
    model: LanguageModel | Exception | None = None,
    interactive: bool = True,
    allow: tuple[str, ...] = (),
    deny: tuple[str, ...] = (),
    settings: Settings | None = None,
    models: Any = None,
    saved: bool = False,
    servers: Callable[[Workspace, Registry, Gate, Bus], Servers] | None = None,
    **more: Any,
) -> tuple[Session, Recorder]:
    """A session and the recorder of its events; permissions are kept below `root`, beside the workspace."""
    folder = root / "workspace"
    folder.mkdir(exist_ok=True)
    workspace = Workspace.open(folder)
    bus = Bus()
    recorder = Recorder(bus)
    permissions = Permissions(
        workspace=workspace.root, allow=allow, deny=deny, store=root / "permissions.json"
    )
    gate = Gate(permissions=permissions, interactive=interactive)
    registry = Registry(tools)
    if servers is not None:
        more["servers"] = servers(workspace, registry, gate, bus)
    store = SavedSessions(workspace)
    saving = Saving(store=store, mask=mask_secrets, enabled=saved)
    session = Session(
        conversation=Conversation(store=store, saving=saving),
        workspace=workspace,
        settings=settings or Settings(),
        registry=registry,
        models=models or GivenModels(model),  # type: ignore[arg-type]
        index=ImageIndex(workspace),  # type: ignore[arg-type]
        gate=gate,
        bus=bus,
        **more,
    )
    return session, recorder
