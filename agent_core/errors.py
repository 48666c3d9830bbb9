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
    ├── EditRefused             an edit that a model wrote cannot be made
    ├── ChangeRefused           a change cannot be written to the disk
    ├── UndoRefused             files are not as the turn left them
    ├── IndexFault              the index cannot be read or written
    ├── LogFault                a log source is unknown or cannot be read
    └── ModelError              anything between us and a language model
        ├── NoModel             none is configured, and one was needed
        ├── ModelUnreachable    connection refused, no such host, TLS
        ├── ModelAuth           401, 403
        ├── ModelNotFound       404: the endpoint has no such model
        ├── ModelRateLimited    429
        ├── ModelServerError    5xx
        ├── ModelRefused        any other 4xx
        ├── ModelProtocolError  what came back is not the protocol
        ├── ModelStalled        no progress within the time-out
        ├── ModelCutOff         the stream broke off in the middle
        └── ContextTooSmall     the question does not fit the model's window

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


class UndoRefused(AgentError):
    """A turn cannot be undone, or done again: files are not as it left them, or are not kept."""

    code = "undo-refused"


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


class IndexFault(AgentError):
    """The index cannot be read or written."""

    code = "index"

    def __init__(self, message: str, *, hint: str = "", broken: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.broken = broken
        """What is stored is damaged: building it anew helps, trying again does not."""


class ModelError(AgentError):
    """Anything between us and a language model."""

    code = "model"


class NoModel(ModelError):
    """No model is configured or answers, and one was needed."""

    code = "no-model"
    exit_code = 4


class ModelUnreachable(ModelError):
    """Connection refused, no such host, or TLS failed."""

    code = "model-unreachable"
    exit_code = 4


class ModelAuth(ModelError):
    """The endpoint rejected the credentials (401, 403)."""

    code = "model-auth"


class ModelNotFound(ModelError):
    """The endpoint has no such model (404)."""

    code = "model-not-found"
    exit_code = 4


class ModelRateLimited(ModelError):
    """The endpoint asks us to slow down (429)."""

    code = "model-rate-limited"

    def __init__(self, message: str, *, hint: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after
        """Seconds that the endpoint asked to wait; None when it did not say."""


class ModelServerError(ModelError):
    """The endpoint failed (5xx)."""

    code = "model-server"


class ModelRefused(ModelError):
    """The endpoint refused the request (another 4xx)."""

    code = "model-refused"

    def __init__(self, message: str, *, hint: str = "", parameter: str = "") -> None:
        super().__init__(message, hint=hint)
        self.parameter = parameter
        """The part of the request that was refused, such as "tools"; "" when it is not known."""


class ModelProtocolError(ModelError):
    """What came back does not follow the protocol."""

    code = "model-protocol"


class ModelStalled(ModelError):
    """No progress within the time-out."""

    code = "model-stalled"
    exit_code = 5


class ModelCutOff(ModelError):
    """The stream broke off in the middle of an answer."""

    code = "model-cut-off"


class ContextTooSmall(ModelError):
    """The question does not fit the model's context window."""

    code = "context-too-small"
