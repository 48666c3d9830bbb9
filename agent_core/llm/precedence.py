"""Who may ask a model now: the conversation goes first; what works behind it waits, and gives way to it.

Many endpoints answer one request after the other. A call from behind that stood in the queue there would be
out of time before it is read, and a question would wait for it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import TypeVar
from weakref import WeakKeyDictionary

from agent_core.llm.errors import ModelStalled
from agent_core.llm.port import LanguageModel

T = TypeVar("T")
_QUIET_S = 1.0
"""A turn makes its next call within so long after the last one, as a rule."""
_ECHO_S = 300.0
"""So long after the conversation an endpoint may still work on what was asked in it, also if that was given
up there."""


class GaveWay(Exception):
    """A call from behind was given up for the conversation; it can be made again."""


class _Turns:
    """The calls of the conversation with one model."""

    def __init__(self) -> None:
        self._open = 0
        self._last: float | None = None
        self._changed = asyncio.Event()

    def begin(self) -> None:
        self._open += 1
        self._wake()

    def end(self) -> None:
        self._open -= 1
        self._last = time.monotonic()
        self._wake()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    @property
    def talks(self) -> bool:
        """Whether a call is on its way."""
        return self._open > 0

    def since(self) -> float:
        """Seconds since the last one ended; none is on its way."""
        return float("inf") if self._last is None else time.monotonic() - self._last

    async def quiet(self) -> None:
        """Wait until nobody talks, nor is about to."""
        while self.talks or self.since() < _QUIET_S:
            changed = self._changed
            if self.talks:
                await changed.wait()
            else:
                await asyncio.sleep(_QUIET_S - self.since())

    async def begun(self) -> None:
        """Wait until somebody talks."""
        while not self.talks:
            await self._changed.wait()


_turns: WeakKeyDictionary[LanguageModel, _Turns] = WeakKeyDictionary()


def _of(model: LanguageModel) -> _Turns:
    return _turns.setdefault(model, _Turns())


@contextmanager
def ahead(model: LanguageModel) -> Generator[None]:
    """Around a call of the conversation: those from behind give way to it."""
    turns = _of(model)
    turns.begin()
    try:
        yield
    finally:
        turns.end()


async def behind(model: LanguageModel, call: Callable[[], Awaitable[T]]) -> T:
    """Make a call from behind once nobody talks with the model; its time-outs begin only then.

    Raises:
        GaveWay: Somebody began to talk meanwhile, or the endpoint was silent although somebody had just
            talked. The call is closed.
    """
    turns = _of(model)
    await turns.quiet()
    calling = asyncio.ensure_future(call())
    talking = asyncio.ensure_future(turns.begun())
    try:
        await asyncio.wait({calling, talking}, return_when=asyncio.FIRST_COMPLETED)
        if not calling.done():
            raise GaveWay
        return calling.result()
    except ModelStalled as stalled:
        if turns.talks or turns.since() < _ECHO_S:
            raise GaveWay from stalled
        raise
    finally:
        for task in (calling, talking):
            task.cancel()
        await asyncio.gather(calling, talking, return_exceptions=True)
