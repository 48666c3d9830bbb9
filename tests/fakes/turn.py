"""A turn that records what is published, and three small real tools over a real folder."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from agent_core.agent.port import Question
from agent_core.changes.model import Chosen, FileChange
from agent_core.changes.writing import write_changes
from agent_core.config import Settings
from agent_core.errors import AgentError, PermissionRefused, ToolError
from agent_core.events import ActionClass, Event, Hit, TextDelta, ToolFinished, ToolStarted
from agent_core.lsp.servers import LanguageServers
from agent_core.tools.base import AnyTool, ToolContext, ToolResult
from agent_core.workspace import Workspace
from tests.fakes.image_index import ImageIndex


class FindArgs(msgspec.Struct, frozen=True):
    pattern: str
    path: str = "."
    literal: bool = False
    ignore_case: bool = False


class Find:
    name: ClassVar[str] = "grep"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "find lines that match a regular expression"
    action: ClassVar[ActionClass] = "read"
    args_type: ClassVar[type[msgspec.Struct]] = FindArgs
    positional: ClassVar[tuple[str, ...]] = ("pattern", "path")
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = True

    async def run(self, args: FindArgs, context: ToolContext) -> ToolResult:
        try:
            pattern = re.escape(args.pattern) if args.literal else args.pattern
            wanted = re.compile(pattern, re.IGNORECASE if args.ignore_case else 0)
        except re.error as error:
            raise ToolError(f"not a regular expression: {error}") from None
        hits = [
            Hit(path, number, number, text=line)
            for path in context.workspace.walk(args.path)
            for number, line in enumerate(context.workspace.read_text(path).lines, 1)
            if wanted.search(line)
        ]
        text = "\n".join(f"{hit.path}:{hit.start}:{hit.text}" for hit in hits)
        return ToolResult(text=text, summary=f"{len(hits)} matches", hits=tuple(hits))


class ReadArgs(msgspec.Struct, frozen=True):
    path: str
    start: int | None = None
    end: int | None = None


class Read:
    name: ClassVar[str] = "cat"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "read lines of a file"
    action: ClassVar[ActionClass] = "read"
    args_type: ClassVar[type[msgspec.Struct]] = ReadArgs
    positional: ClassVar[tuple[str, ...]] = ("path",)
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = True

    async def run(self, args: ReadArgs, context: ToolContext) -> ToolResult:
        part = context.workspace.read_text(args.path, start=args.start or 1, end=args.end)
        text = "\n".join(f"{number} {line}" for number, line in enumerate(part.lines, part.start))
        return ToolResult(text=text, summary=f"{len(part.lines)} lines")


class WriteArgs(msgspec.Struct, frozen=True):
    path: str
    text: str


class Write(Read):
    name: ClassVar[str] = "put"
    summary: ClassVar[str] = "write a file"
    action: ClassVar[ActionClass] = "write"
    args_type: ClassVar[type[msgspec.Struct]] = WriteArgs

    async def run(self, args: WriteArgs, context: ToolContext) -> ToolResult:  # type: ignore[override]
        context.workspace.resolve(args.path).write_text(args.text)
        return ToolResult(text="written", summary="written", changed=(args.path,))


class Tools:
    def __init__(self, *tools: Any) -> None:
        self._tools: dict[str, AnyTool] = {tool.name: tool for tool in tools}

    def get(self, name: str) -> AnyTool | None:
        return self._tools.get(name)

    def all(self) -> list[AnyTool]:
        return list(self._tools.values())

    async def ready(self, name: str = "") -> None:
        return None


class RecordedTurn:
    """Implements `TurnPort`. `hold` makes every tool wait until it is set; `fail` is raised by every tool."""

    turn_id = "t1"

    def __init__(self, root: Path, *, settings: Settings | None = None, tools: tuple[Any, ...] = ()) -> None:
        self.workspace = Workspace.open(root)
        self.settings = settings or Settings()
        self.registry: Any = Tools(*(tools or (Find(), Read())))
        self.index: Any = ImageIndex(self.workspace)
        self.events: list[Event] = []
        self.publish = self.events.append
        self.hold: asyncio.Event | None = None
        self.in_tool = asyncio.Event()
        self.fail: AgentError | None = None
        self.questions: list[Question] = []
        self.chosen: list[Chosen] = []
        """What is chosen of the next changes that are asked about; all of them when it is empty."""
        self.language_servers: LanguageServers | None = None
        self.refuse = False
        self.denied: set[str] = set()
        self.logs_now: Callable[[], Awaitable[dict[str, float] | None]] | None = None

    history = ()

    async def seen_in_logs(self) -> dict[str, float] | None:
        return None if self.logs_now is None else await self.logs_now()

    def next_call_id(self) -> str:
        return f"n{len(self.events)}"

    def check_possible(self, action: ActionClass, subjects: Sequence[str] = ()) -> None:
        if self.refuse or self.denied.intersection(subjects):
            raise PermissionRefused("not here")

    async def ask(self, question: Question) -> Chosen:
        self.questions.append(question)
        if self.refuse:
            raise PermissionRefused("You refused")
        return self.chosen.pop(0) if self.chosen else Chosen()

    async def write(self, changes: Sequence[FileChange]) -> tuple[str, ...]:
        return await write_changes(self.workspace, changes)

    async def keep_state(self, progress: Callable[[str], None] | None = None) -> None:
        return None

    async def check_call(self, name: str, args: msgspec.Struct) -> None:
        if self.fail is not None:
            raise self.fail

    async def call_tool(self, name: str, args: msgspec.Struct) -> ToolResult:
        tool = self.registry.get(name)
        call_id = f"c{len(self.events)}"
        self.publish(ToolStarted(turn_id="t1", call_id=call_id, name=name, command=name, action=tool.action))
        self.in_tool.set()
        if self.hold is not None:
            await self.hold.wait()
        if self.fail is not None:
            raise self.fail
        result = await tool.run(args, ToolContext(workspace=self.workspace, settings=self.settings))
        self.publish(
            ToolFinished(
                turn_id="t1",
                call_id=call_id,
                name=name,
                summary=result.summary,
                text=result.text,
                data={},
                seconds=0,
            )
        )
        return result

    @property
    def said(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, TextDelta))

    def kinds(self) -> list[str]:
        """The events' names in order, runs of deltas as one."""
        names: list[str] = []
        for event in self.events:
            name = type(event).__name__
            if not (names and names[-1] == name and name.endswith("Delta")):
                names.append(name)
        return names
