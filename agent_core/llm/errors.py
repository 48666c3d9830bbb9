"""What fails between us and a language model: a branch of the one tree of errors (`agent_core/errors.py`).

ModelError              anything of it
├── NoModel             none is configured, and one was needed
├── ModelUnreachable    connection refused, no such host, TLS
├── ModelAuth           401, 403
│   └── KeyFault        the key cannot be had from where it should come, or cannot be kept
│       └── NoKeyring   this machine has no keyring
├── ModelNotFound       404: the endpoint has no such model
├── ModelRateLimited    429
├── ModelServerError    5xx
├── ModelRefused        any other 4xx
├── ModelProtocolError  what came back is not the protocol
├── ModelStalled        no progress within the time-out
├── ModelCutOff         the stream broke off in the middle
└── ContextTooSmall     the question does not fit the model's window
"""

from __future__ import annotations

from agent_core.errors import AgentError


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


class KeyFault(ModelAuth):
    """The key of an endpoint cannot be had from where it should come, or cannot be kept."""

    code = "api-key"


class NoKeyring(KeyFault):
    """The machine has no keyring, or one that keeps nothing."""

    code = "no-keyring"


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
