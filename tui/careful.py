"""What becomes of an error that nobody expected."""

from __future__ import annotations

import logging
from pathlib import Path

from rich.text import Text
from textual.app import App
from textual.worker import WorkerFailed

_WRONG = "Something went wrong inside dspy-tui"
_log = logging.getLogger(__name__)


class Careful(App[None], inherit_bindings=False):
    """Names the log that has the traceback. Textual would show it, with the values of all variables."""

    @property
    def traceback_at(self) -> Path:
        """For subclasses: where tracebacks are written."""
        raise NotImplementedError

    def tell_failure(self, message: str, hint: str) -> None:
        """For subclasses: say what failed while the program goes on."""
        raise NotImplementedError

    def _handle_exception(self, error: Exception) -> None:
        """Background work that failed ends alone, and says so; anything else ends the program."""
        if not isinstance(error, WorkerFailed) or self._exit:
            super()._handle_exception(error)
            return
        _log.error("background work failed", exc_info=error.error)
        if self._exception is None:  # for tests: they fail with it
            self._exception = error
        self.tell_failure(_WRONG, self._where())

    def _fatal_error(self) -> None:
        """End, and name the log in which the traceback is."""
        _log.error("the screen failed", exc_info=self._exception)
        self._exit_renderables.append(Text(f"dspy-tui: {_WRONG}\n  {self._where()}"))
        self._close_messages_no_wait()

    def _where(self) -> str:
        return f"The traceback is in {self.traceback_at}."
