"""A process that answers questions, as the program uses it: started by the first one."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from agent_core.errors import AgentError, ErrorInfo
from agent_core.marks import kill_marked, marked_environment
from agent_core.text import one_line, shorten
from agent_core.workers import wire

Told = Callable[[msgspec.Raw], None]
_END_S, _EXIT_S = 8.0, 1.0
_ERRORS = 4000
_NOTHING: Mapping[str, str] = {}
_log = logging.getLogger(__name__)


def _ignore(_: Any) -> None:
    return None


def _nothing() -> None:
    return None


class WorkerProcess:
    """Asks a process of ours; one that died is started anew by the next question.

    Args:
        module: What runs in it, as for `python -m`.
        name: What it is called in messages ("index").
        fault: The error that stands for whatever goes wrong with it.
        cwd: Its working folder.
        first: Makes the first frame that it gets, whenever it is started.
        on_told: Takes what it tells about no single question.
        on_start: Told whenever it is started.
        on_end: Told why it ended, when that was not asked of it.
        environment: Variables that are set unless this process has them.
        fds: Descriptors that it inherits under the same numbers.
    """

    def __init__(
        self,
        *,
        module: str,
        name: str,
        fault: type[AgentError],
        cwd: Path,
        first: Callable[[], Awaitable[msgspec.Struct]],
        on_told: Told = _ignore,
        on_start: Callable[[], None] = _nothing,
        on_end: Callable[[AgentError], None] = _ignore,
        environment: Mapping[str, str] = _NOTHING,
        fds: tuple[int, ...] = (),
    ) -> None:
        self._module, self._name, self._fault, self._cwd = module, name, fault, cwd
        self._first, self._on_told, self._on_start, self._on_end = first, on_told, on_start, on_end
        self._environment, self._fds = environment, fds
        self.starting = asyncio.Lock()
        """Held while the process is started or ended."""
        self.process: asyncio.subprocess.Process | None = None
        """The process that runs."""
        self._mark = ""
        self._readers: list[asyncio.Task[None]] = []
        self._waiting: dict[int, asyncio.Future[msgspec.Raw]] = {}
        self._listening: dict[int, Told] = {}
        self._number = 0
        self.closed = False
        """Whether it was ended for good."""
        self._errors = b""
        self._reason: ErrorInfo | None = None

    async def ask(self, call: msgspec.Struct, kind: Any, *, on_told: Told | None = None) -> Any:
        """The answer; cancelling cancels the question there too. Raises the fault.

        Args:
            call: The question.
            kind: The type of the answer.
            on_told: Takes what is told about this question until it is answered.
        """
        process = await self._running()
        assert process.stdin is not None
        self._number += 1
        number = self._number
        future = self._waiting[number] = asyncio.get_running_loop().create_future()
        if on_told is not None:
            self._listening[number] = on_told
        try:
            with suppress(ConnectionError):  # whoever reads its output says why it ended
                process.stdin.write(wire.frame(wire.Request(number, wire.packed(call))))
                await process.stdin.drain()
            return msgspec.msgpack.decode(await future, type=kind)
        except asyncio.CancelledError:
            with suppress(ConnectionError):
                process.stdin.write(wire.frame(wire.Request(number)))
            raise
        finally:
            self._waiting.pop(number, None)
            self._listening.pop(number, None)

    async def aclose(self) -> None:
        """End it for good: it keeps what is to be kept, then ends by itself, or is killed."""
        self.closed = True
        async with self.starting:
            await self.end()

    async def rest(self) -> None:
        """End it, unless somebody waits for an answer; the next question starts another."""
        async with self.starting:
            if not self._waiting:
                await self.end()

    async def end(self) -> None:
        """End it; the next question starts another. `starting` is held by the caller."""
        process, self.process = self.process, None
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _END_S)
        except TimeoutError:
            _log.warning("the %s process did not end by itself", self._name)
        finally:
            self._kill(process)
            await process.wait()
            for reader in self._readers:
                reader.cancel()
            await asyncio.gather(*self._readers, return_exceptions=True)

    async def start(self) -> None:
        """Start it, unless it runs; raises the fault."""
        await self._running()

    async def _running(self) -> asyncio.subprocess.Process:
        async with self.starting:
            if self.closed:
                raise self._fault(f"The {self._name} is closed")
            return self.process or await self._start()

    async def _start(self) -> asyncio.subprocess.Process:
        first = await self._first()
        self._mark, environment = marked_environment({**self._environment, **os.environ})
        # -P keeps the working folder off the module path: nothing of the workspace may be imported.
        command = (sys.executable, "-P", "-m", self._module)
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE, cwd=self._cwd, start_new_session=True,
                env=environment, pass_fds=self._fds,
            )  # fmt: skip
        except OSError as error:
            raise self._fault(
                f"The {self._name} process cannot be started ({error.strerror or error})"
            ) from None
        assert process.stdin is not None
        process.stdin.write(wire.frame(first))
        self.process = process
        self._errors, self._reason = b"", None
        self._readers = [
            asyncio.create_task(self._read(process)),
            asyncio.create_task(self._read_errors(process)),
        ]
        self._on_start()
        return process

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        try:
            if await self._take_messages(process):
                with suppress(TimeoutError):  # its exit follows the end of its output
                    await asyncio.wait_for(process.wait(), _EXIT_S)
        finally:  # also when what came was no message: nobody may wait for more
            self._kill(process)
            await process.wait()
            self._ended(process)

    async def _take_messages(self, process: asyncio.subprocess.Process) -> bool:
        """Take them until there are no more; whether its output is at its end."""
        assert process.stdout is not None
        decoder: msgspec.msgpack.Decoder[wire.Message] = msgspec.msgpack.Decoder(wire.Message)
        while (body := await wire.read_frame(process.stdout)) is not None:
            match decoder.decode(body):
                case wire.Told(value=value, number=number):
                    self._listening.get(number, _ignore if number else self._on_told)(value)
                case wire.Failed(error=error):
                    self._reason = error
                case wire.Reply() as reply:
                    self._answered(reply)
        return process.stdout.at_eof()

    async def _read_errors(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        while chunk := await process.stderr.read(4096):
            self._errors = (self._errors + chunk)[-_ERRORS:]

    def _answered(self, reply: wire.Reply) -> None:
        future = self._waiting.get(reply.number)
        if future is None or future.done():
            return
        if reply.error is None:
            future.set_result(reply.result)
        else:
            future.set_exception(self._fault(reply.error.message, hint=reply.error.hint))

    def _ended(self, process: asyncio.subprocess.Process) -> None:
        """The process is over: nobody may wait for it any longer; the next question starts another."""
        error = self._why(process)
        if self.process is process:
            self.process = None
            _log.warning("the %s process ended with %s: %s", self._name, process.returncode, error.message)
            self._on_end(error)
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(error)

    def _why(self, process: asyncio.subprocess.Process) -> AgentError:
        """Why it ended: what it said itself, the signal that killed it, or the last line that it printed."""
        if self._reason is not None:
            return self._fault(self._reason.message, hint=self._reason.hint)
        code = process.returncode or 0
        if code < 0:
            said = f"signal {-code}: {signal.strsignal(-code) or 'unknown'}"
        else:
            said = one_line(self._errors.decode("utf-8", "replace").strip().rpartition("\n")[2])
        return self._fault(
            f"The {self._name} process ended ({shorten(said, 200) or f'exit code {code}'})",
            hint="Ask again: it is started anew. `dspy-tui doctor --bundle` packs its log.",
        )

    def _kill(self, process: asyncio.subprocess.Process) -> None:
        """Kill what is left of the process and of what it started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        if process.returncode != 0:  # one that ended by itself has left nothing in other groups
            kill_marked(self._mark)
