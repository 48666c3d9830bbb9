"""Reading a token stream in fewer, larger pieces: most of its cost is waking up for each packet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

PAUSE_S = 0.03
"""How long packets are left to gather: two frames of a screen, six tokens of a fast model."""


class _Turned:
    """Whether the event loop came round since."""

    def __init__(self) -> None:
        self.seen = False

    def __call__(self) -> None:
        self.seen = True


async def paced(pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    """The same bytes; after each read that had to wait, the next one waits for `PAUSE_S` more.

    A piece is passed on as soon as it is there, so the first token is not delayed. Pieces that the HTTP
    library already has (it hands out each chunk of a chunked body by itself) are passed on without a pause.
    """
    loop = asyncio.get_running_loop()
    async with aclosing(_generator(pieces)) as source:
        while True:
            turned = _Turned()
            handle = loop.call_soon(turned)
            try:
                data = await anext(source)
            except StopAsyncIteration:
                return
            finally:
                handle.cancel()
            yield data
            if turned.seen:
                await asyncio.sleep(PAUSE_S)


async def _generator(pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    async for piece in pieces:
        yield piece
