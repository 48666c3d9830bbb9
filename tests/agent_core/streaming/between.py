"""What lies between a client and a broker, and delays what the broker says."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self


class Between:
    """A port that leads to another one, in a thread of its own: what blocks a test does not hold it up.

    Args:
        port: Where it listens.
        to: Where it leads.
    """

    def __init__(self, port: int, to: int) -> None:
        self.port, self.to = port, to
        self.delay_s = 0.0
        """How long each answer is held back."""
        self.piece = 65536
        """How many bytes go at once."""
        self.pause_s = 0.0
        """Between two pieces."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="between", daemon=True)
        self._ready = threading.Event()
        self._done = asyncio.Event()

    def fast(self) -> None:
        """Delay nothing any more."""
        self.delay_s, self.pause_s, self.piece = 0.0, 0.0, 65536

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(30)

    # In the thread

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._lead, "127.0.0.1", self.port)
        self._ready.set()
        await self._done.wait()
        server.close()

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.CancelledError):
            there, back = await asyncio.open_connection("127.0.0.1", self.to)
            try:
                asked = asyncio.create_task(self._ask(reader, back))
                told = asyncio.create_task(self._tell(there, writer))
                await asyncio.wait((asked, told), return_when=asyncio.FIRST_COMPLETED)
                asked.cancel()
                told.cancel()
                await asyncio.gather(asked, told, return_exceptions=True)
            finally:
                back.close()
        writer.close()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()

    async def _tell(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        letting = asyncio.create_task(self._let(held, writer))
        try:
            while data := await reader.read(65536):
                held.put_nowait((self._loop.time() + self.delay_s, data))
            held.put_nowait((0.0, b""))
            await letting
        finally:
            letting.cancel()

    async def _let(self, held: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        """Let go what is due."""
        while (due := await held.get())[1]:
            await asyncio.sleep(due[0] - self._loop.time())
            for begin in range(0, len(due[1]), self.piece):
                writer.write(due[1][begin : begin + self.piece])
                await writer.drain()
                await asyncio.sleep(self.pause_s)
