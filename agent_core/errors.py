"""The one tree of errors. Each error is a value: a code, a message, and a hint that names the next step.

    AgentError
    ├── UsageError              the words of a command are off
    ├── ConfigError             a setting or a configuration file is broken
    ├── WorkspaceError          the folder is missing, not a folder, unreadable
    │   └── PathRefused         a path leaves the workspace
    ├── PermissionRefused       a rule or the user said no
    ├── ToolError               a tool could not do its work
    ├── Interrupted             the user cancelled
    ├── NothingDone             it ended, and what was asked for was not done
    ├── PluginFault             what another distribution adds cannot be used
    ├── ServerFault             a language server does not answer, or not as it should
    ├── HookRefused             a hook said no, or one that has to say yes did not
    ├── EditRefused             an edit that a model wrote cannot be made
    ├── ChangeRefused           a change cannot be written to the disk
    ├── UndoRefused             files are not as the turn left them
    ├── IndexFault              the index cannot be read or written
    ├── LearningFault           what was learnt cannot be read, or estimated
    ├── TrainingFault           an offline training cannot begin, or came to no end
    ├── LogFault                a log source is unknown or cannot be read
    ├── StackFault              the stack's services, or the engine that runs them
    │   └── NoEngine            there is none, or it may not be used
    ├── BusFault                something about the message bus
    │   ├── BusUnreachable      no broker answers, or what does is none
    │   ├── BusAuth             credentials, certificates or rights are refused
    │   ├── NoTopic             there is no such topic
    │   └── NoResult            what was handed over did not come back in time
    ├── ServeFault              the screen cannot be served to a browser
    ├── McpFault                a server of the Model Context Protocol did not do what it was asked
    └── ModelError              anything between us and a language model: `llm/errors.py`

They are caught at the edges of a turn or a worker, nowhere else.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec


class ErrorInfo(msgspec.Struct, frozen=True):
    """An error as plain data, as events, `--batch` and session files carry it."""

    code: str
    message: str
    hint: str = ""


class AgentError(Exception):
    """Root of the tree.

    Args:
        message: What happened, in one sentence, with the names and numbers the reader needs.
        hint: The next step, or "" when there is none.
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1
    """Exit code of a headless run that ends with this error (product's table of exit codes)."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def info(self) -> ErrorInfo:
        """The error as plain data."""
        return ErrorInfo(self.code, self.message, self.hint)


class UsageError(AgentError):
    """The words of a command are off."""

    code = "usage"
    exit_code = 2


class ConfigError(AgentError):
    """A setting or a configuration file is broken."""

    code = "config"
    exit_code = 2


class WorkspaceError(AgentError):
    """The workspace is missing, not a folder, or unreadable."""

    code = "workspace"
    exit_code = 7


class PathRefused(WorkspaceError):
    """A path leaves the workspace, directly or through a symbolic link."""

    code = "path-outside"
    exit_code = 3


class PermissionRefused(AgentError):
    """A rule or the user said no."""

    code = "permission"
    exit_code = 3


class ToolError(AgentError):
    """A tool could not do its work."""

    code = "tool"


class Interrupted(AgentError):
    """The user cancelled."""

    code = "interrupted"
    exit_code = 130


class NothingDone(AgentError):
    """It ended without an error, and what was asked for was not done."""

    code = "nothing-done"
    exit_code = 6


class PluginFault(AgentError):
    """What another distribution adds cannot be loaded, or broke."""

    code = "plugin"


class ServerFault(AgentError):
    """A language server ended, does not answer, or says what is no answer."""

    code = "language-server"


class HookRefused(AgentError):
    """A program that the user or the workspace set before or after a tool said no, or could not say yes."""

    code = "hook-refused"
    exit_code = 3


class UndoRefused(AgentError):
    """A turn cannot be undone, or done again: files are not as it left them, or are not kept."""

    code = "undo-refused"


class McpFault(AgentError):
    """A server of the Model Context Protocol cannot be started, ended, or did not do what it was asked."""

    code = "mcp"


class ServeFault(AgentError):
    """The screen cannot be served to a browser."""

    code = "serve"


class EditRefused(AgentError):
    """An edit that a model wrote cannot be made: it is not clear where it belongs, or does not fit what is
    there.
    """

    code = "edit-refused"


class ChangeRefused(AgentError):
    """A change cannot be written: a file changed since, may not be written, or there is no space."""

    code = "change-refused"


class LogFault(AgentError):
    """A log source is unknown, or cannot be read."""

    code = "log"


class LearningFault(AgentError):
    """What was learnt about suggestions cannot be read, written or estimated."""

    code = "learning"


class TrainingFault(AgentError):
    """An offline training cannot begin or go on, or it ended before it was done."""

    code = "training"

    def __init__(self, message: str, *, hint: str = "", goes_on: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.goes_on = goes_on
        """It was interrupted, and the same training can go on."""


class IndexFault(AgentError):
    """The index cannot be read or written."""

    code = "index"

    def __init__(self, message: str, *, hint: str = "", broken: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.broken = broken
        """What is stored is damaged: building it anew helps, trying again does not."""


class StackFault(AgentError):
    """Something about the services of the stack, or the container engine that runs them."""

    code = "stack"


class NoEngine(StackFault):
    """There is no container engine, it does not answer, or it may not be used."""

    code = "no-engine"


class BusFault(AgentError):
    """Something about the message bus (Kafka)."""

    code = "bus"


class BusUnreachable(BusFault):
    """No broker answers, or what answers is none."""

    code = "bus-unreachable"


class BusAuth(BusFault):
    """The bus refuses the credentials, we its certificate, or it does not allow what was asked."""

    code = "bus-auth"


class NoTopic(BusFault):
    """There is no such topic."""

    code = "no-topic"


class NoResult(BusFault):
    """What was handed over to workers did not come back in time."""

    code = "no-result"
    exit_code = 5
