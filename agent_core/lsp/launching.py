"""A language server's process: in the sandbox where there is one, and gone with all that it started."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import deque
from contextlib import suppress
from pathlib import Path

from agent_core.complaints import complaint_of
from agent_core.errors import ServerFault
from agent_core.folders import user_state_dir
from agent_core.lsp.api import ServerSpec
from agent_core.lsp.connection import MOST_HEAD
from agent_core.marks import kill_marked, marked_environment
from agent_core.verify.environment import check_environment, without_own_secrets
from agent_core.verify.sandbox import find_sandbox
from agent_core.verify.stale import OwnFolder
from agent_core.workspace import Workspace

_GRACE_S = 1.0
_ERROR_LINES, _ERROR_READ, _SHOWN = 32, 4096, 300


class Launched:
    """A running server. `end` leaves nothing of it."""

    def __init__(
        self, process: asyncio.subprocess.Process, mark: str, own: OwnFolder, sandboxed: bool
    ) -> None:
        assert process.stdin is not None and process.stdout is not None
        self.reader, self.writer = process.stdout, process.stdin
        self.pid = process.pid
        self.sandboxed = sandboxed
        self._process, self._mark, self._own = process, mark, own
        self._errors: deque[str] = deque(maxlen=_ERROR_LINES)
        self._listening = asyncio.create_task(self._listen())

    @property
    def complaint(self) -> str:
        """What it complained of last on standard error, in one line; "" for nothing."""
        return complaint_of("\n".join(self._errors), _SHOWN)

    async def _listen(self) -> None:
        """Keep the last lines of standard error, of whatever length."""
        stream = self._process.stderr
        assert stream is not None
        while chunk := await stream.read(_ERROR_READ):
            self._errors.extend(chunk.decode("utf-8", "replace").split("\n"))

    async def end(self, *, asked: bool) -> None:
        """End it: one that was asked to has a second for it."""
        try:
            if asked:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._process.wait(), _GRACE_S)
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            await asyncio.shield(self._clean())

    async def _clean(self) -> None:
        await asyncio.to_thread(kill_marked, self._mark)
        # It counts as ended once its pipes are: what it said at last is taken in, and who has left the group
        # and still holds one is not waited for.
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_S):
                while await self.reader.read(_ERROR_READ):
                    pass
                await self._process.wait()
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        self.writer.close()
        await asyncio.to_thread(self._own.remove)


async def launch(spec: ServerSpec, workspace: Workspace) -> Launched:
    """Start a server.

    In a sandbox it has no network, reads the workspace, and writes nowhere but in a folder that goes with it;
    without one it runs with the user's rights. Raises `ServerFault`.
    """
    sandbox, _ = await find_sandbox()
    root = workspace.root
    ecosystem = "node" if spec.language == "typescript" else spec.language
    given = without_own_secrets(os.environ)
    env = check_environment(given, argv=spec.argv, folder=root, ecosystem=ecosystem, in_copy=False)
    argv = spec.argv
    try:
        own = await asyncio.to_thread(OwnFolder, user_state_dir() / "lsp")
    except OSError as error:
        raise ServerFault(f"There is no room for its files: {error.strerror or error}") from None
    try:
        scratch, home = own.path / "scratch", own.path / "home"
        await asyncio.to_thread(_make, scratch, home)
        env["CARGO_TARGET_DIR"] = str(scratch / "target")
        if sandbox is not None:
            argv, env = sandbox.wrap(
                argv,
                env=env,
                root=root,
                stands_for=root,
                cwd=".",
                scratch=scratch,
                home=home,
                writable=False,
                seen=await asyncio.to_thread(_belongings, argv[0], env.get("PATH", os.defpath)),
            )
        mark, env = marked_environment(env)
        process = await asyncio.create_subprocess_exec(
            *argv,
            cwd=root,
            env=env,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=MOST_HEAD,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        await asyncio.to_thread(own.remove)
        raise ServerFault(f"It cannot be started: {getattr(error, 'strerror', None) or error}") from None
    except BaseException:
        await asyncio.shield(asyncio.to_thread(own.remove))
        raise
    return Launched(process, mark, own, sandbox is not None)


def _make(*folders: Path) -> None:
    for folder in folders:
        folder.mkdir()


def _belongings(program: str, path: str) -> list[Path]:
    """The folders that the files of a program lie in, where a link leads to them from a folder of PATH."""
    from shutil import which

    found = program if os.sep in program else which(program, path=path)
    if not found:
        return []
    real = Path(os.path.realpath(found))
    packages = [parent for parent in real.parents if parent.name == "node_modules"]
    prefixes = [parent for parent in real.parents if (parent / "pyvenv.cfg").is_file()]
    return [real.parent, *packages[-1:], *prefixes[:1]]
