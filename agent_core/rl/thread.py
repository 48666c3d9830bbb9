"""The thread in which learning reads, computes and writes, one thing after another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from agent_core.errors import AgentError, LearningFault
from agent_core.migrations import NewerState
from agent_core.workspace import Workspace

if TYPE_CHECKING:
    from agent_core.rl.deciding import Decider

T = TypeVar("T")
_log = logging.getLogger(__name__)


class LearningThread:
    """Does work with what was learnt in a workspace, which is opened by the first use.

    Args:
        workspace: Whose.
        seed: Names this run, see `Decider`.
        warn: Told on the loop what was wrong with the files.
        hand_over: Given on the loop the line of every record of this program's own, once it is written.
    """

    def __init__(
        self,
        *,
        workspace: Workspace,
        seed: str,
        warn: Callable[[str], None],
        hand_over: Callable[[bytes], None],
    ) -> None:
        self._workspace, self._seed, self._warn = workspace, seed, warn
        self._hand_over = hand_over
        self._executor: ThreadPoolExecutor | None = None
        self._decider: Decider | None = None

    def submit(self, work: Callable[[Decider], T]) -> asyncio.Future[T]:
        """Have it done after what was submitted before; the future raises `AgentError` where it fails."""
        loop = asyncio.get_running_loop()
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="learning")
        return loop.run_in_executor(self._executor, self._do, work, loop)

    async def aclose(self) -> None:
        """Save, behind what is being done, and end the thread; nothing where it never began."""
        if self._executor is not None:
            loop = asyncio.get_running_loop()
            try:
                await loop.run_in_executor(self._executor, self._close, loop)
            finally:
                self._executor.shutdown(wait=False)

    def _close(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._decider is not None:
            self._do(lambda decider: decider.close(), loop)

    def _do(self, work: Callable[[Decider], T], loop: asyncio.AbstractEventLoop) -> T:
        try:
            decider = self._decider or self._open(loop)
            done = work(decider)
            for warning in decider.news():
                loop.call_soon_threadsafe(self._warn, warning)
            return done
        except AgentError:
            raise
        except Exception as error:  # the edge of the thread
            raise _fault_of(error) from error

    def _open(self, loop: asyncio.AbstractEventLoop) -> Decider:
        from agent_core.rl.deciding import Decider
        from agent_core.rl.records import Record, to_line

        def hand_over(record: Record) -> None:
            loop.call_soon_threadsafe(self._hand_over, to_line(record))

        decider = Decider(self._workspace, seed=self._seed, hand_over=hand_over)
        for warning in decider.open():
            loop.call_soon_threadsafe(self._warn, warning)
        self._decider = decider
        return decider


def _fault_of(error: Exception) -> AgentError:
    from agent_core.rl.store.log import EVENTS, NewerLog

    if isinstance(error, NewerLog):
        return NewerState(EVENTS, error.schema)
    _log.error("learning failed", exc_info=error)
    return LearningFault(
        f"Suggestions cannot be learnt ({type(error).__name__}: {error})",
        hint="The program's log has the traceback; everything else works without.",
    )
