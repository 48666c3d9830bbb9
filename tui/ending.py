"""How a headless run ends before it is done: by a signal, or because nobody reads its results any more."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable

from agent_core.errors import Interrupted
from agent_core.output import Writer

_PATIENCE_S = 1.0
"""How long an interrupted run waits for a reader that takes nothing."""
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def end_like_an_interruption() -> None:
    """Let SIGTERM and SIGHUP end what runs before the loop does as Ctrl-C would; nohup keeps its meaning."""
    for number in _ENDING:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


def closed(writer: Writer, code: int) -> int:
    """Bring out what is still to be written; the exit code of a run that came to `code`.

    A reader that had enough is no failure; results that could not be written are one.
    """
    writer.close(patience=_PATIENCE_S if code == Interrupted.exit_code else None)
    if writer.error is not None:
        sys.stderr.write(f"dspy-tui: the results could not be written: {writer.error.strerror}\n")
        return 1
    return 0 if writer.lost and code == Interrupted.exit_code else code


class Ending:
    """What ends a run from outside the event loop."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._interrupt_it: Callable[[], object] | None = None
        self._numbers = [number for number in _ENDING if signal.getsignal(number) is not signal.SIG_IGN]
        self.is_told = False
        """Whether SIGTERM ended it, as it ends services: no failure of what goes on until then."""

    def begin(self, interrupt: Callable[[], object]) -> None:
        """It can be interrupted from now on, in the running loop."""
        self._loop, self._interrupt_it = asyncio.get_running_loop(), interrupt
        for number in self._numbers:
            self._loop.add_signal_handler(number, self._interrupt, number)

    def lose(self) -> None:
        """Nobody reads the results any more. May be called from another thread."""
        if self._loop is not None and self._interrupt_it is not None:
            try:
                self._loop.call_soon_threadsafe(self._interrupt_it)
            except RuntimeError:
                return  # the loop has ended by itself

    def _interrupt(self, by: int) -> None:
        """The second time, the signal does what it does to any program."""
        self.is_told = by == signal.SIGTERM
        assert self._loop is not None
        assert self._interrupt_it is not None
        for number in self._numbers:
            self._loop.remove_signal_handler(number)
        self._interrupt_it()
