"""Calling what others wrote, for a limited time.

It runs in a thread of its own that nobody waits for any longer once its time is over: a thread cannot be
ended, but it cannot hold up the program either, nor its end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")


class TookTooLong(Exception):
    """The time is over; what was called goes on unheard."""


class Plain(Exception):
    """Says all there is to say by its text."""


class WantsEnd(Plain):
    """What was called wanted to end the program, or its thread, as the text says."""


class _Call:
    """One call: what came of it, once `done`."""

    def __init__(self, work: Callable[[], object], name: str) -> None:
        self._work = work
        self.done = Event()
        self.told: Callable[[], None] = self.done.set
        self.result: object = None
        self.error: BaseException | None = None
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        try:
            self.result = self._work()
        except BaseException as error:  # noqa: BLE001 - the edge: it may do anything, end the program too
            self.error = error
        self.done.set()
        with suppress(RuntimeError):  # whoever waited may be gone, with the loop
            self.told()


def within(seconds: float, work: Callable[[], T], *, name: str = "plugin") -> T:
    """What the call gives back or raises; raises `TookTooLong` when it takes longer than that. Blocks."""
    call = _Call(work, name)
    call.start()
    if not call.done.wait(seconds):
        raise TookTooLong
    return _came(call)


async def awaited(seconds: float, work: Callable[[], T], *, name: str = "plugin") -> T:
    """The same without holding up the loop; cancelling leaves the call to itself."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    call = _Call(work, name)
    call.told = lambda: loop.call_soon_threadsafe(ended.set) and None
    call.start()
    try:
        async with asyncio.timeout(seconds):
            await ended.wait()
    except TimeoutError:
        raise TookTooLong from None
    return _came(call)


def _came(call: _Call) -> T:  # pyright: ignore[reportInvalidTypeVarUse] - as `work` gave it
    if isinstance(call.error, Exception):
        raise call.error
    if call.error is not None:
        said = f": {call.error}" if str(call.error) else ""
        raise WantsEnd(f"it wants to end the program ({type(call.error).__name__}{said})")
    return call.result  # pyright: ignore[reportReturnType]


def reason(error: BaseException, seconds: float) -> str:
    """Why a call failed, in one line."""
    from agent_core.text import one_line, shorten

    if isinstance(error, TookTooLong):
        return f"it took longer than {seconds:g} s"
    if isinstance(error, Plain):
        said = str(error)
    else:
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return shorten(one_line(said), 300)
