"""A server that is a program of ours: messages line by line over its standard input and output.

The SDK's own transport keeps a line of any length, and leaves alone what moved to another session. Here a
line is bounded, what floods ends it, and when the block is left nothing of the program is left running.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent_core.complaints import complaint_of
from agent_core.errors import McpFault
from agent_core.folders import user_state_dir
from agent_core.marks import kill_marked, marked_environment
from agent_core.mcp.client_limits import LONGEST_MESSAGE, NO_MESSAGE, Meter, too_long
from agent_core.mcp.messages import id_of, repaired
from agent_core.verify.stale import OwnFolder

if TYPE_CHECKING:
    from mcp.client._transport import TransportStreams

_MODULE = re.compile(r"-[bBdEiIOqRsSuvx]*[mc]")
_KEPT_ERRORS = 16 * 1024
"""Bytes of standard error that are kept, the last ones."""
_GRACE_S = 1.0
"""Seconds that it has to end once its input is closed, and again after SIGTERM."""
_LAST_WORDS_S = 0.2
_SAID = 200
_INHERITED = ("HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")
"""What of our environment it gets: keys of ours are none of its business."""


class StdioTransport:
    """Runs the program for as long as `streams` is open.

    Args:
        argv: The program and its arguments.
        env: What is added to the few variables that it inherits.
        root: The workspace.
        cwd: Its working folder, inside of it.
        safe: Whether it is none of the workspace's own: no Python of it takes modules from there.
        on_end: Called once it has ended by itself, or was ended for what it did, with the reason.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        root: Path,
        cwd: str,
        safe: bool,
        on_end: Any,
        base: Mapping[str, str],
    ) -> None:
        self._argv = argv
        inherited = {name: base[name] for name in _INHERITED if name in base}
        guard = {"PYTHONSAFEPATH": "1"} if safe and _looks_around(argv) else {}
        self._mark, self._env = marked_environment({**guard, **inherited, **env})
        self._root, self._cwd = root, cwd
        self._on_end = on_end
        self._errors = bytearray()
        self.pid = 0

    @property
    def errors(self) -> str:
        """What it said last on standard error."""
        return self._errors.decode("utf-8", "replace")

    @asynccontextmanager
    async def streams(self) -> AsyncGenerator[TransportStreams]:
        """Start it, and end it when the block is left; raises `McpFault` where it cannot be started."""
        folder = await asyncio.to_thread(_folder, self._root, self._cwd)
        own = await asyncio.to_thread(_own_lock)
        try:
            async with self._running(folder) as streams:
                yield streams
        finally:
            if own is not None:
                own.remove()

    @asynccontextmanager
    async def _running(self, folder: Path) -> AsyncGenerator[TransportStreams]:
        import anyio

        process = await self._started(folder)
        deliver, incoming = anyio.create_memory_object_stream[Any](0)
        outgoing, accepted = anyio.create_memory_object_stream[Any](0)
        errors = asyncio.create_task(self._keep_errors(process))
        tasks = [
            errors,
            asyncio.create_task(self._read(process, deliver, errors)),
            asyncio.create_task(self._write(process, accepted)),
        ]
        try:
            yield incoming, outgoing
        finally:
            try:
                await _end(process, self._mark)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                for stream in (deliver, incoming, outgoing, accepted):
                    stream.close()

    async def _started(self, folder: Path) -> asyncio.subprocess.Process:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._argv,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=LONGEST_MESSAGE,
                cwd=folder,
                env=self._env,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise McpFault(f"It cannot be started: {said}", hint=_advice(self._argv[0])) from None
        self.pid = process.pid
        return process

    async def _read(
        self, process: asyncio.subprocess.Process, deliver: Any, errors: asyncio.Task[None]
    ) -> None:
        """Hand on its messages; tells of its end, and what it said last on standard error."""
        why = "It ended"
        try:
            await self._messages(process, deliver)
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), _GRACE_S)
            code = process.returncode
            why = "It closed its output" if code is None else f"It ended with exit code {code}"
            await asyncio.wait((errors,), timeout=_LAST_WORDS_S)
            if said := complaint_of(self.errors, _SAID):
                why = f"{why}: {said}"
        except McpFault as fault:
            why = fault.message
        except (ConnectionError, OSError) as error:
            why = f"Its output cannot be read: {error}"
        finally:
            deliver.close()  # whoever waits for an answer learns that none comes
            self._on_end(why)

    async def _messages(self, process: asyncio.subprocess.Process, deliver: Any) -> None:
        import anyio
        from mcp.shared.message import SessionMessage
        from mcp_types import jsonrpc_message_adapter

        assert process.stdout is not None
        meter = Meter()
        while line := await _line(process.stdout):
            try:
                message: Any = jsonrpc_message_adapter.validate_json(line, by_name=False)
            except ValueError:
                message = await _mended(line)
            if message is None:
                meter.take(len(line), messages=0, strange=bool(line.strip()))
                continue
            meter.take(len(line))
            try:
                await deliver.send(SessionMessage(message))
            except (anyio.ClosedResourceError, anyio.BrokenResourceError):
                return

    async def _write(self, process: asyncio.subprocess.Process, accepted: Any) -> None:
        assert process.stdin is not None
        with suppress(ConnectionError, OSError):
            async for item in accepted:
                plain = item.message.model_dump(mode="json", by_alias=True, exclude_unset=True)
                # ASCII: half a character in an argument is written as such, and harms nothing else.
                process.stdin.write(json.dumps(plain, separators=(",", ":")).encode() + b"\n")
                await process.stdin.drain()

    async def _keep_errors(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        while chunk := await process.stderr.read(1 << 16):
            self._errors += chunk
            del self._errors[:-_KEPT_ERRORS]


def _looks_around(argv: Sequence[str]) -> bool:
    """Whether a Python among these words would take modules of its working folder for those that it means.

    `python -m server` and `python -c` do. A script does not: its modules lie beside it, and it needs them.
    """
    for word in argv[1:]:
        if word.endswith((".py", ".pyz")):
            return False
        if _MODULE.match(word):
            return True
    return False


def _folder(root: Path, cwd: str) -> Path:
    """Where it works; raises `McpFault` where that is outside of the workspace."""
    root = root.resolve()
    folder = (root / cwd).resolve()
    if not folder.is_relative_to(root):
        raise McpFault(f"Its `cwd` is outside of the workspace: {cwd}")
    if not folder.is_dir():
        raise McpFault(f"Its `cwd` is no folder: {cwd}")
    return folder


def _advice(command: str) -> str:
    program, *words = command.split() or [command]
    if words and not Path(command).exists():
        return (
            f"`command` is the program alone, {program}; what follows goes into `args`: {json.dumps(words)}."
        )
    return f"Is {command} installed?"


def _own_lock() -> OwnFolder | None:
    """Held while it runs. What is left of one whose program was killed is ended when the next one starts."""
    try:
        return OwnFolder(user_state_dir() / "mcp")
    except OSError:
        return None


async def _mended(line: bytes) -> Any:
    """The message that a line was meant to be, or the end of the request that it was to answer; None for
    anything else."""
    from mcp_types import PARSE_ERROR, ErrorData, JSONRPCError

    if not line.lstrip().startswith(b"{"):
        return None
    found = await asyncio.to_thread(repaired, line)
    if found is None or not isinstance(found, dict):
        return found
    number = id_of(found)
    if number is None or "method" in found:
        return None
    return JSONRPCError(jsonrpc="2.0", id=number, error=ErrorData(code=PARSE_ERROR, message=NO_MESSAGE))


async def _line(stream: asyncio.StreamReader) -> bytes:
    try:
        return await stream.readuntil(b"\n")
    except asyncio.IncompleteReadError as end:
        return end.partial
    except asyncio.LimitOverrunError:
        raise too_long() from None


async def _end(process: asyncio.subprocess.Process, mark: str) -> None:
    """Close its input, then ask, then kill; nothing of it is left running, however this is interrupted."""
    try:
        if process.stdin is not None:
            process.stdin.close()
        if not await _gone(process):
            _signal(process, signal.SIGTERM)
            await _gone(process)
    finally:
        _signal(process, signal.SIGKILL)
        if sys.platform.startswith("linux"):
            kill_marked(mark)
        await _gone(process)
        transport = getattr(process, "_transport", None)
        if transport is not None:
            transport.close()


async def _gone(process: asyncio.subprocess.Process) -> bool:
    """Whether it ended in time. Its exit code is looked for: waiting for it also waits for its children."""
    deadline = asyncio.get_running_loop().time() + _GRACE_S
    while process.returncode is None:
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(0.01)
    return True


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
