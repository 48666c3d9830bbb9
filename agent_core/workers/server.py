"""The inside of a process that answers questions: one task for each, until its standard input ends."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import msgspec

from agent_core.errors import AgentError, ErrorInfo, Interrupted
from agent_core.workers import wire

Tell = Callable[[Any], None]
_log = logging.getLogger(__name__)


class Server:
    """Answers requests.

    Args:
        name: What broke when something did ("index"), and the code of that error.
        calls: The union of the questions.
        do: Answers a question; what it tells meanwhile reaches whoever asked it.
        out: Where to.
    """

    def __init__(
        self, *, name: str, calls: Any, do: Callable[[Any, Tell], Awaitable[Any]], out: asyncio.StreamWriter
    ) -> None:
        self._name, self._do, self._out = name, do, out
        self._calls: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(calls)
        self._running: dict[int, asyncio.Task[None]] = {}

    def tell(self, value: Any) -> None:
        """Tell something that concerns no single question."""
        self._out.write(wire.frame(wire.Told(wire.packed(value))))

    async def serve(self, reader: asyncio.StreamReader) -> None:
        """Answer until the pipe is at its end."""
        decoder = msgspec.msgpack.Decoder(wire.Request)
        while (body := await wire.read_frame(reader)) is not None:
            request = decoder.decode(body)
            if request.call == wire.NIL:
                task = self._running.get(request.number)
                if task is not None:
                    task.cancel()
                continue
            task = asyncio.create_task(self._answer(request))
            self._running[request.number] = task
            task.add_done_callback(lambda _, number=request.number: self._running.pop(number, None))
        for task in list(self._running.values()):
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _answer(self, request: wire.Request) -> None:
        number = request.number

        def tell(value: Any) -> None:
            self._out.write(wire.frame(wire.Told(wire.packed(value), number)))

        try:
            reply = wire.Reply(number, wire.packed(await self._do(self._calls.decode(request.call), tell)))
        except asyncio.CancelledError:
            reply = wire.Reply(number, error=Interrupted("It was cancelled").info)
        except AgentError as error:
            reply = wire.Reply(number, error=error.info)
        except Exception as error:  # noqa: BLE001 - the edge of the worker
            _log.exception("the %s could not answer", self._name)
            broke = f"The {self._name} broke: {type(error).__name__}: {error}"
            reply = wire.Reply(number, error=ErrorInfo(self._name, broke))
        self._out.write(wire.frame(reply))
        with suppress(ConnectionError):
            await self._out.drain()


def serve_process(
    main: Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> None:
    """Run `main` with the first frame and the pipes, and end the process; it never returns.

    Ctrl-C is for the program, whose end is ours. An `AgentError` of `main` is told before the end.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    code = asyncio.run(_run(main))
    # What was to be kept is kept; a thread that still imports a library must not hold up the end.
    os._exit(code)


async def _run(main: Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> int:
    reader, out = await _streams()
    first = await wire.read_frame(reader)
    if first is None:
        return 0
    try:
        await main(first, reader, out)
    except AgentError as error:
        out.write(wire.frame(wire.Failed(error.info)))
        await out.drain()
        return 1
    return 0


async def _streams() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Standard input and output; whatever else prints goes to standard error."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(os.dup(0), "rb"))
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, out)
    return reader, asyncio.StreamWriter(transport, protocol, None, loop)
