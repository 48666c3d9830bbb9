"""The index process as the program holds it: started, written to, read from, ended."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from agent_core.config import Settings
from agent_core.errors import ErrorInfo, IndexFault
from agent_core.index import protocol as p
from agent_core.text import one_line, shorten

_END_S = 8.0
_LAST_WORDS_S = 1.0
"""How long one whose pipe is at its end may take to say why."""
_ERRORS = 4000
_ENVIRONMENT = {"MALLOC_ARENA_MAX": "2", "OPENBLAS_NUM_THREADS": "1"}
"""Else building keeps a third more memory; and a search waits for the slower of two cores, of which the
screen needs one."""
_log = logging.getLogger(__name__)


class Child:
    """A running index process; see `start`.

    Args:
        process: The process.
        on_message: Told what it says.
        on_end: Told once, and why, when it is over, however that came.
    """

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        *,
        on_message: Callable[[p.Reply | p.StatusChanged], None],
        on_end: Callable[[Child, IndexFault], None],
    ) -> None:
        self._process, self._on_message, self._on_end = process, on_message, on_end
        self._errors = b""
        self._reason: ErrorInfo | None = None
        self._readers = [asyncio.create_task(self._read()), asyncio.create_task(self._read_errors())]

    @classmethod
    async def start(
        cls,
        *,
        root: Path,
        settings: Settings,
        on_message: Callable[[p.Reply | p.StatusChanged], None],
        on_end: Callable[[Child, IndexFault], None],
    ) -> Child:
        """Start it for a workspace; raises `IndexFault` when that cannot be done."""
        # -P keeps the working folder off the module path: nothing of the workspace may be imported.
        command = (sys.executable, "-P", "-m", "agent_core.index.worker")
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE, cwd=root, start_new_session=True,
                env={**_ENVIRONMENT, **os.environ},
            )  # fmt: skip
        except OSError as error:
            raise IndexFault(f"The index process cannot be started ({error.strerror or error})") from None
        child = cls(process, on_message=on_message, on_end=on_end)
        child.write(p.Start(str(root), settings, settings.index_uri))
        return child

    @property
    def pid(self) -> int:
        """The number of the process, and of its group."""
        return self._process.pid

    def write(self, value: p.Start | p.Request) -> None:
        """Tell it something; when it is over, `on_end` says why."""
        assert self._process.stdin is not None
        with suppress(ConnectionError):
            self._process.stdin.write(p.frame(value))

    async def ask(self, request: p.Request) -> None:
        """As `write`, and wait while it takes its time to read."""
        self.write(request)
        assert self._process.stdin is not None
        with suppress(ConnectionError):
            await self._process.stdin.drain()

    async def aclose(self) -> None:
        """Let it write what is to be kept and end by itself, or kill it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), _END_S)
        except TimeoutError:
            _log.warning("the index process did not end by itself")
        finally:
            self._kill()
            await self._process.wait()
            for reader in self._readers:
                reader.cancel()
            await asyncio.gather(*self._readers, return_exceptions=True)

    async def _read(self) -> None:
        try:
            await self._take_messages()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), _LAST_WORDS_S)
        finally:  # also when what came was no message: nobody may wait for more
            self._kill()
            await self._process.wait()
            self._on_end(self, self._why())

    async def _take_messages(self) -> None:
        assert self._process.stdout is not None
        decoder: msgspec.msgpack.Decoder[p.Message] = msgspec.msgpack.Decoder(p.Message)
        while (body := await p.read_frame(self._process.stdout)) is not None:
            message = decoder.decode(body)
            if isinstance(message, p.Failed):
                self._reason = message.error
            else:
                self._on_message(message)

    async def _read_errors(self) -> None:
        assert self._process.stderr is not None
        while chunk := await self._process.stderr.read(4096):
            self._errors = (self._errors + chunk)[-_ERRORS:]

    def _why(self) -> IndexFault:
        """Why it ended: what it said itself, the signal that killed it, or the last line that it printed."""
        if self._reason is not None:
            return IndexFault(self._reason.message, hint=self._reason.hint)
        code = self._process.returncode or 0
        if code < 0:
            said = f"signal {-code}: {signal.strsignal(-code) or 'unknown'}"
        else:
            said = one_line(self._errors.decode("utf-8", "replace").strip().rpartition("\n")[2])
        return IndexFault(
            f"The index process ended ({shorten(said, 200) or f'exit code {code}'})",
            hint="Ask again: it is started anew. `dspy-tui doctor --bundle` packs its log.",
        )

    def _kill(self) -> None:
        """Kill what is left of the process and of what it started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
