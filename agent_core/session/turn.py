"""The running turn: one prompt from its start to its one end; also the port that the agent works through."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from agent_core.agent.history import Exchange
from agent_core.agent.port import Question
from agent_core.bus import Publish
from agent_core.changes.model import Chosen, FileChange
from agent_core.changes.writing import write_changes
from agent_core.config import Settings
from agent_core.errors import AgentError, ErrorInfo, Interrupted
from agent_core.events import (
    ActionClass,
    ChecksFinished,
    Event,
    TextDelta,
    ToolFinished,
    ToolSuggested,
    TurnFinished,
    TurnKind,
    TurnStarted,
    Usage,
    UsageReported,
)
from agent_core.index.api import Index
from agent_core.session.calls import Write, call_tool, check_call
from agent_core.session.ends import End, add_usage, guess_kind, stopped
from agent_core.session.gate import Gate, Request
from agent_core.session.hooking import HookedCall, at_end, change_told, hooks_of
from agent_core.session.taking_stock import Stock
from agent_core.session.work import work
from agent_core.tools.base import ToolResult
from agent_core.workspace import Workspace

if TYPE_CHECKING:
    from agent_core.agent.history import History
    from agent_core.checkpoints.checkpoints import Checkpoints
    from agent_core.cooldowns import Cooldowns
    from agent_core.hooks.hooks import Hooks
    from agent_core.llm.select import Models
    from agent_core.lsp.servers import LanguageServers
    from agent_core.mcp.client import Servers
    from agent_core.tools.registry import Registry

Suggest = Callable[[str, str], Awaitable[ToolSuggested | None]]
SeenInLogs = Callable[[], Awaitable[dict[str, float] | None]]
_log = logging.getLogger(__name__)


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """What all turns of a session share.

    `log_path` is where unexpected errors are written; `write`, where it is given, takes the whole result of a
    typed command as it is found; `cooldowns` bind what the agent calls; `checkpoints` keep what turns change;
    `suggest` is asked, with the turn's id and its question, what could be done before the agent acts;
    `seen_in_logs` what the logs say now, by feature.
    """

    workspace: Workspace
    settings: Settings
    registry: Registry
    models: Models
    index: Index
    gate: Gate
    history: History
    publish: Publish
    log_path: Path | None = None
    write: Write | None = None
    cooldowns: Cooldowns | None = None
    checkpoints: Checkpoints | None = None
    suggest: Suggest | None = None
    servers: Servers | None = None
    """Bring tools of other programs; none are started without."""
    seen_in_logs: SeenInLogs | None = None
    language_servers: LanguageServers | None = None
    """Are asked what is wrong with an edit."""
    hooks: Hooks | None = None
    """Programs that are asked before and after tools, and told of a turn's end."""


class Turn:
    """One prompt. `run` never raises but for its cancellation, and ends with exactly one `TurnFinished`."""

    def __init__(self, *, turn_id: str, text: str, desk: Desk) -> None:
        self._id = turn_id
        self._text = text
        self._desk = desk
        self._received: list[str] = []
        self._usage = Usage()
        self._proposed: dict[str, Any] = {}
        self._changed: dict[str, None] = {}
        self._stock = Stock(checkpoints=desk.checkpoints, turn_id=turn_id, title=text, publish=self.publish)
        self._calls = 0
        self._began: float | None = None
        self.kind: TurnKind | None = None
        """What the prompt is, once that is known."""
        self.hook_notes: tuple[str, ...] = ()
        """What hooks noted of written changes, for the agent to know of later."""
        self._started = False
        self._finished = False

    @property
    def turn_id(self) -> str:
        """Names the turn in every event."""
        return self._id

    @property
    def text(self) -> str:
        """What the user typed."""
        return self._text

    @property
    def settings(self) -> Settings:
        """The effective settings."""
        return self._desk.settings

    @property
    def workspace(self) -> Workspace:
        """The workspace that the turn is about."""
        return self._desk.workspace

    @property
    def registry(self) -> Registry:
        """The tools."""
        return self._desk.registry

    @property
    def index(self) -> Index:
        """The index of the workspace."""
        return self._desk.index

    @property
    def language_servers(self) -> LanguageServers | None:
        """What is asked of types and names, where there is any."""
        return self._desk.language_servers

    @property
    def history(self) -> tuple[Exchange, ...]:
        """What was said before in the conversation, oldest first."""
        return self._desk.history.exchanges

    @property
    def desk(self) -> Desk:
        """What the session's turns share."""
        return self._desk

    @property
    def changed(self) -> tuple[str, ...]:
        """The files that the turn's tools changed so far."""
        return tuple(self._changed)

    @property
    def received(self) -> str:
        """The answer as far as it came."""
        return "".join(self._received)

    def publish(self, event: Event) -> None:
        """Tell everyone, and keep what was received for the case that the turn breaks off."""
        if isinstance(event, TextDelta):
            self._received.append(event.text)
        elif isinstance(event, UsageReported):
            self._usage = add_usage(self._usage, event.usage)
        elif isinstance(event, ToolFinished) and event.name == "edit" and event.error is None:
            self._proposed = {"diff": event.text, "checks": []}
        elif isinstance(event, ChecksFinished) and self._proposed:
            self._proposed["checks"] = [msgspec.to_builtins(report) for report in event.reports]
        self._desk.publish(event)

    async def seen_in_logs(self) -> dict[str, float] | None:
        """What the logs say now, by feature; None where nobody knows soon."""
        return None if self._desk.seen_in_logs is None else await self._desk.seen_in_logs()

    def next_call_id(self) -> str:
        """An id for a call or a question, unique in the session."""
        self._calls += 1
        return f"{self._id}.{self._calls}"

    def check_possible(self, action: ActionClass, subjects: Sequence[str] = ()) -> None:
        """Raises `PermissionRefused` where it, or one of the subjects, could not be allowed in the end."""
        self._desk.gate.check_possible(action, subjects)

    async def ask(self, question: Question) -> Chosen:
        """Return when it may be done, with what of it is wanted; raises `PermissionRefused`."""
        request = Request(
            turn_id=self._id,
            call_id=self.next_call_id(),
            action=question.action,
            subjects=tuple(file.path for file in question.files) or question.subjects,
            command=question.command,
            reason=question.reason,
            files=question.files,
            reports=question.reports,
            doubt=question.doubt,
        )
        return await self._desk.gate.check(request, self.publish)

    async def write(self, changes: Sequence[FileChange]) -> tuple[str, ...]:
        """Make the changes; returns the paths.

        Raises `ChangeRefused`, and then nothing was written; and `HookRefused`.
        """
        began = time.monotonic()
        call = HookedCall(self, self.next_call_id(), partial(change_told, changes), hooks=hooks_of(self))
        await call.before()
        await self.keep_state()
        try:
            paths = await write_changes(self.workspace, changes)
        finally:
            self.index.stirred()
        self._changed.update(dict.fromkeys(paths))
        said = f"{', '.join(paths)} written"
        await call.after(ToolResult(text=said, summary=said, changed=paths), time.monotonic() - began)
        self.hook_notes += call.notes
        return paths

    async def keep_state(self, progress: Callable[[str], None] | None = None) -> None:
        """Call before anything that may change files: the turn can then be undone; again is free."""
        await self._stock.before(progress)

    async def check_call(self, name: str, args: msgspec.Struct) -> None:
        """Ask for the permission that the call would need; raises `PermissionRefused`. Nothing is run."""
        await check_call(self, name, args)

    async def call_tool(self, name: str, args: msgspec.Struct) -> ToolResult:
        """Run a tool: publishes its start and end, asks for permission; raises the `AgentError` tree."""
        return self._noted(await call_tool(self, name, args, typed=False))

    async def run_command(self, name: str, args: msgspec.Struct) -> ToolResult:
        """As `call_tool`, for what the user typed: the whole result goes where the session writes to."""
        return self._noted(await call_tool(self, name, args, typed=True, write=self._desk.write))

    def _noted(self, result: ToolResult) -> ToolResult:
        self._changed.update(dict.fromkeys(result.changed))
        return result

    def start(self, kind: TurnKind) -> None:
        """Publish the turn's start, the first time that it is called."""
        if not self._started:
            self._started = True
            self.kind = kind
            self._desk.publish(TurnStarted(turn_id=self._id, text=self._text, kind=kind))

    async def run(self) -> None:
        """Do the work."""
        self._began = time.monotonic()
        end = End(outcome="stopped", reason="failed", exit=1, error=self._internal())
        try:
            with self._desk.gate.asking_for(self):
                end = await at_end(self, await self._worked(), time.monotonic() - self._began)
        except asyncio.CancelledError:
            end = _cancelled()
            raise
        except AgentError as error:
            end = stopped(error)
        except Exception:  # noqa: BLE001 - the edge of the turn
            _log.exception("turn %s failed", self._id)
        finally:
            try:
                end = await self._stock.after(end)
            finally:
                self.finish(end)

    async def _worked(self) -> End:
        try:
            return await work(self)
        except AgentError as error:
            return stopped(error)

    def finish(self, end: End | None = None) -> None:
        """Publish the turn's end, the first time that it is called; without one, it was cancelled."""
        if self._finished:
            return
        self._finished = True
        end = end or _cancelled()
        self.start(guess_kind(self._text))
        text = self.received if end.text is None else end.text
        data = end.data
        if end.outcome == "stopped" and self._proposed:
            data = {**data, "proposed": self._proposed}
        self._desk.publish(
            TurnFinished(
                turn_id=self._id,
                outcome=end.outcome,
                reason=end.reason,
                text=text,
                exit=end.exit,
                seconds=0.0 if self._began is None else time.monotonic() - self._began,
                usage=end.usage or self._usage,
                data=data,
                error=end.error,
            )
        )

    def _internal(self) -> ErrorInfo:
        path = self._desk.log_path
        return ErrorInfo(
            "internal", "Something went wrong inside dspy-tui", f"The traceback is in {path}." if path else ""
        )


def _cancelled() -> End:
    return stopped(Interrupted("It was cancelled"))
