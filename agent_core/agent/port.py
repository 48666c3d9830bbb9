"""What answering a task needs from the turn that it runs in, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from agent_core.agent.history import Exchange
from agent_core.bus import Publish
from agent_core.changes.model import Chosen, FileChange
from agent_core.config import Settings
from agent_core.events import ActionClass, Hit, ProposedFile, Usage
from agent_core.index.api import Index
from agent_core.tools.base import ToolResult
from agent_core.verify.api import Report
from agent_core.workspace import Workspace

if TYPE_CHECKING:
    from agent_core.commandline import Mention
    from agent_core.lsp.servers import LanguageServers
    from agent_core.tools.registry import Registry


class TaskInput(msgspec.Struct, frozen=True, kw_only=True):
    """A question or task: its text, the files it mentions, and what was said before, oldest first."""

    text: str
    mentions: tuple[Mention, ...] = ()
    history: tuple[Exchange, ...] = ()

    def masked(self, mask: Callable[[str], str]) -> TaskInput:
        """The same as a model may see it: without the secrets that were typed or said."""
        history = tuple(Exchange(mask(one.question), mask(one.answer)) for one in self.history)
        return msgspec.structs.replace(self, text=mask(self.text), history=history)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """How a task was answered.

    `text` is everything that was streamed; `citations` are the places it names that exist; `changed` lists
    files that tools changed. `stop_reason`: stop, length (cut by the model's limit), steps (the limit of
    steps), repeat (the same call again and again), empty (the model said nothing), no-model, or unchanged (a
    change was asked for and nothing was changed). Of a change, `verified` names the checks that passed with
    it, `remark` says what else there is to know of it in one line, `diff` is it in full, `reports` are what
    the checks said, and `attempts` counts what was proposed and checked before it was written.
    """

    text: str
    citations: tuple[Hit, ...] = ()
    usage: Usage = Usage()
    changed: tuple[str, ...] = ()
    stop_reason: str = "stop"
    verified: tuple[str, ...] = ()
    remark: str = ""
    diff: str = ""
    reports: tuple[Report, ...] = ()
    attempts: int = 0


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What needs permission.

    `subjects` is what the rules look at, `command` the line that is shown, `reason` why it asks. Of a change,
    `files` are what would be written (then the rules look at their paths) and `reports` what the checks said.
    `doubt` is why no rule may answer for the person.
    """

    action: ActionClass
    command: str
    reason: str
    subjects: tuple[str, ...] = ()
    files: tuple[ProposedFile, ...] = ()
    reports: tuple[Report, ...] = ()
    doubt: str = ""


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
    def language_servers(self) -> LanguageServers | None:
        """What is asked of types and names, where there is any."""
        ...

    @property
    def history(self) -> tuple[Exchange, ...]:
        """What was said before in the conversation, oldest first."""
        ...

    @property
    def publish(self) -> Publish:
        """Tells everyone who follows the turn."""
        ...

    async def seen_in_logs(self) -> dict[str, float] | None:
        """What the logs say now, by feature; None where nobody knows soon."""
        ...

    def next_call_id(self) -> str:
        """An id for a call or a question, unique in the session."""
        ...

    def check_possible(self, action: ActionClass, subjects: Sequence[str] = ()) -> None:
        """Raises `PermissionRefused` where it could not be allowed in the end: nothing of the class, or one
        of the subjects, where they are known."""
        ...

    async def ask(self, question: Question) -> Chosen:
        """Return when it may be done, with what of it is wanted; raises `PermissionRefused`."""
        ...

    async def write(self, changes: Sequence[FileChange]) -> tuple[str, ...]:
        """Make the changes, so that the turn can be undone; returns the paths, as changed by the turn.

        Raises:
            ChangeRefused: A file is not as it was, or cannot be written; then nothing was.
        """
        ...

    async def keep_state(self, progress: Callable[[str], None] | None = None) -> None:
        """Call before changing files in another way: the turn can then be undone; again is free."""
        ...

    async def check_call(self, name: str, args: msgspec.Struct) -> None:
        """Ask for the permission that the call would need; raises `PermissionRefused`. Nothing is run."""
        ...

    async def call_tool(self, name: str, args: msgspec.Struct) -> ToolResult:
        """Run a tool: publishes its start and end, asks for permission; raises the `AgentError` tree."""
        ...
