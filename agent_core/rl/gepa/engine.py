"""DSPy's calls of the model, from GEPA's thread to the program."""

# dspy comes without types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as Late
from typing import TYPE_CHECKING, Any

from agent_core.errors import AgentError, ErrorInfo
from agent_core.llm.dspy_engine import chat_request, response_of
from agent_core.llm.errors import ModelError
from agent_core.llm.port import ChatRequest
from agent_core.llm.said import Said
from agent_core.rl.gepa.protocol import Answered
from agent_core.rl.gepa.purse import BudgetSpent, Purse

if TYPE_CHECKING:
    from dspy import lm15

Send = Callable[[int, ChatRequest, int], None]
_TRIES = 2
"""Requests that a call may take: an endpoint that fails is asked once more."""
_OF_ONE_PROMPT = ("context-too-small",)
"""Errors that only say that this prompt was too long: it is worth nothing, the next may be shorter."""


class CallFailed(AgentError):
    """A call of the model failed; `info` says how."""

    code = "model-call"

    def __init__(self, error: ErrorInfo) -> None:
        super().__init__(error.message, hint=error.hint)
        self.error = error


class AskingEngine:
    """The engine of a `dspy.LM` in a process without a model.

    DSPy takes an error for a bad answer and goes on. So the first one that is about the endpoint, or the
    budget, ends all: each later call fails at once, and `failure` says why.

    Args:
        send: Asks the program, in at most so many tries; what it answers comes back by `answered`.
        purse: The budget.
    """

    supports_function_calling = True
    supports_response_schema = True
    supports_reasoning = False

    def __init__(self, *, send: Send, purse: Purse) -> None:
        self._send, self._purse = send, purse
        self._waiting: dict[int, Future[Answered]] = {}
        self._lock = threading.Lock()
        self._number = 0
        self._closed = False
        self.failure: AgentError | None = None
        """Why there can be no more calls."""
        self.misfit = False
        """Whether the last prompt was too long for the model."""

    def complete(self, request: lm15.Request) -> lm15.Response:
        """One call, in GEPA's thread."""
        if self.failure is not None:
            raise self.failure
        self.misfit = False
        try:
            said = self._asked(chat_request(request))
        except AgentError as error:
            self.misfit = isinstance(error, CallFailed) and error.error.code in _OF_ONE_PROMPT
            self.failure = None if self.misfit else error
            raise
        usage = said.finished.usage
        self._purse.used(usage.prompt_tokens + usage.completion_tokens)
        return response_of(request.model, said)

    def _asked(self, request: ChatRequest) -> Said:
        """What the model said, once the conversation left room for it; each request is paid for."""
        while True:
            self._purse.take()
            said = self._ask(request)
            if said is not None:
                return said

    def answered(self, answer: Answered) -> None:
        """Take what came of a call, from any thread."""
        with self._lock:
            future = self._waiting.pop(answer.number, None)
        if future is not None and not future.done():
            future.set_result(answer)

    def close(self) -> None:
        """Let nobody wait any longer."""
        with self._lock:
            self._closed = True
            waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            future.cancel()

    def _ask(self, request: ChatRequest) -> Said | None:
        """What the model said; None where the call gave way."""
        future: Future[Answered] = Future()
        with self._lock:
            if self._closed:
                raise ModelError("The run is over")
            self._number += 1
            number = self._number
            self._waiting[number] = future
        self._send(number, request, min(_TRIES, 1 + self._purse.calls_left))
        try:
            answer = future.result(timeout=self._purse.seconds_left)
        except Late:
            raise BudgetSpent("The time was up while the model answered") from None
        except CancelledError:
            raise ModelError("The run is over") from None
        finally:
            with self._lock:
                self._waiting.pop(number, None)
        self._purse.repeated(answer.tries - 1)
        if answer.gave_way:
            return None
        if answer.said is None:
            raise CallFailed(answer.error or ErrorInfo("model", "The model said nothing"))
        return answer.said


def asking_model(name: str, engine: AskingEngine) -> Any:
    """A `dspy.LM` over the engine."""
    import dspy

    return dspy.LM(f"port/{name}", engine=engine, cache=False, num_retries=0)
