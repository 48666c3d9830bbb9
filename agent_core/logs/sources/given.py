"""Standard input as a source."""

from __future__ import annotations

import asyncio
import os
import stat

from agent_core.errors import LogFault
from agent_core.logs.sources.kinds import HEAD, NoTextError, kind_of_text
from agent_core.logs.sources.port import BLOCK, STDIN, Begin, Block


class InputSource:
    """Reads a descriptor to its end, waiting for whoever writes to it; it stays open, and as it is.

    Raises:
        LogFault: It is a terminal, or closed.
    """

    name = STDIN
    note = ""
    unreadable = no_log = False

    def __init__(self, fd: int, begin: Begin) -> None:
        del begin  # what is given is read as a whole: it cannot be gone back in
        try:
            mode = os.fstat(fd).st_mode
        except OSError:
            raise LogFault("Standard input is closed", hint="Pipe a log into it: `cat x.log | …`.") from None
        if os.isatty(fd):
            raise LogFault("Standard input is a terminal", hint="Pipe a log into it: `cat x.log | …`.")
        self._fd = fd
        self._waits = not stat.S_ISREG(mode)
        self.size = os.fstat(fd).st_size if stat.S_ISREG(mode) else 0
        self.done = 0

    def name_of(self, part: str) -> str:
        """Always the same."""
        return part

    async def read(self) -> Block | None:
        """The next block, once there is one; None at the end. Raises `LogFault` where it is no text."""
        if self._waits:
            await self._readable()
        data = os.read(self._fd, BLOCK)
        if self.done == 0:
            _check(data[:HEAD])
        begins, self.done = self.done == 0, self.done + len(data)
        return Block(data=data, part=STDIN, begins=begins) if data else None

    async def look(self) -> bool:
        """There is nothing behind the end."""
        return False

    async def more(self) -> bool:
        """There is nothing behind the end."""
        return False

    async def aclose(self) -> None:
        """It is not ours to close."""

    async def _readable(self) -> None:
        """Wait until reading does not; the descriptor is shared with others, so it stays a blocking one."""
        loop = asyncio.get_running_loop()
        ready = loop.create_future()
        try:
            loop.add_reader(self._fd, lambda: ready.done() or ready.set_result(None))
        except PermissionError:  # such as /dev/null, which never lets anybody wait
            self._waits = False
            return
        try:
            await ready
        finally:
            loop.remove_reader(self._fd)


def _check(head: bytes) -> None:
    try:
        packed = kind_of_text(head) == "gzip"
    except NoTextError as error:
        raise LogFault(f"Standard input is not read: {error}", hint="Pipe text into it.") from None
    if packed:
        raise LogFault("Standard input is packed", hint="Unpack it: `zcat x.log.gz | …`.")
