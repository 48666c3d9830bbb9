"""One running language server: texts are shown to it, and it is asked about them."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from agent_core.errors import ServerFault
from agent_core.lsp.api import Abilities, Said, ServerSpec, Where
from agent_core.lsp.connection import Connection, Refused
from agent_core.lsp.hearing import Hearing
from agent_core.lsp.launching import Launched, launch
from agent_core.lsp.options import configuration_of, options_of
from agent_core.lsp.positions import Spot, uri_of
from agent_core.workspace import Workspace

if TYPE_CHECKING:
    from types import ModuleType

_START_S, _ASK_S, _END_S = 30.0, 15.0, 1.0
_STEP_S, _AGAIN_S = 0.1, 0.2
_MOST_FILES_TOLD = 2_000


class StillReading(ServerFault):
    """It has not read the project yet, by its own word."""

    code = "language-server-reading"


class Server:
    """A server that has answered. Made by `started`; `aclose` leaves nothing of it.

    `ended` is done once it will not answer any more, with the reason.
    """

    def __init__(
        self,
        spec: ServerSpec,
        workspace: Workspace,
        launched: Launched,
        hearing: Hearing,
        protocol: ModuleType,
    ) -> None:
        self.spec = spec
        self._root = workspace.root
        self._launched, self._hearing, self._protocol = launched, hearing, protocol
        self._connection = Connection(
            launched.reader, launched.writer, notified=hearing.notified, asked=hearing.asked
        )
        self.ended = asyncio.create_task(self._connection.run())
        self.able = Abilities()
        self._open: dict[str, tuple[int, str]] = {}
        self._version = 0

    @property
    def pid(self) -> int:
        """Of its process, or of the sandbox around it."""
        return self._launched.pid

    @property
    def sandboxed(self) -> bool:
        """Whether it runs without network and may not write."""
        return self._launched.sandboxed

    @property
    def complaint(self) -> str:
        """The last thing that it said on standard error."""
        return self._launched.complaint

    @property
    def busy(self) -> bool:
        """Whether it is reading the project."""
        return self._hearing.busy

    async def begin(self, options: Mapping[str, Any]) -> None:
        """Greet it; raises `ServerFault`."""
        root = self._root
        first = self._protocol.initialize(
            uri_of(root), str(root), pid=None if self.sandboxed else os.getpid(), options=options
        )
        answer = await self._connection.ask("initialize", first, within=_START_S)
        self.able = self._protocol.abilities_of(answer)
        await self._connection.tell("initialized", {})

    async def said_of(self, texts: Mapping[str, str], *, within: float) -> dict[str, tuple[Said, ...]]:
        """The diagnostics of these texts, by path, and of other files where it tells of them, by address.

        Args:
            texts: What the files are to have, by path relative to the root; whatever the disk says.
            within: Seconds that it may take.

        Raises:
            StillReading: It is reading the project.
            ServerFault: It ended, or did not answer.
        """
        deadline = time.monotonic() + within
        sent = await self._show(texts)
        if self.able.asks_tsserver:
            found = {uri: await self._by_tsserver(uri, deadline) for uri in sent}
        elif self.able.pulls or not await self._settled(sent, deadline):
            found = {uri: await self._pulled(uri, deadline) for uri in sent}
        else:
            found = {}
        told = self._hearing.said | found
        by_path = {uri_of(self._root / path): path for path in texts}
        return {by_path.get(uri, uri): said for uri, said in told.items()}

    async def places(
        self, path: str, text: str, spot: Spot, *, references: bool, within: float
    ) -> tuple[Where, ...]:
        """Where what stands there is defined, or used.

        Raises:
            StillReading: It did not find out within so many seconds.
            ServerFault: It ended.
        """
        if not (self.able.refers if references else self.able.defines):
            return ()
        await self._show({path: text})
        method = "textDocument/references" if references else "textDocument/definition"
        params = self._protocol.at(uri_of(self._root / path), spot, references=references)
        try:
            async with asyncio.timeout(within):
                return self._protocol.places_of(await self._ask(method, params, time.monotonic() + _ASK_S))
        except TimeoutError:
            raise StillReading("It has not found out yet") from None

    async def files_changed(self, changes: Iterable[tuple[str, int]]) -> None:
        """Tell that files on the disk are new (1), others (2) or gone (3), by path."""
        told = [(uri_of(self._root / path), kind) for path, kind in changes][:_MOST_FILES_TOLD]
        if told:
            await self._connection.tell("workspace/didChangeWatchedFiles", self._protocol.files_changed(told))

    async def hide(self) -> None:
        """The texts that were shown do not count any more: the disk does again."""
        shown, self._open = list(self._open), {}
        self._hearing.forget(shown)
        for uri in shown:
            await self._connection.tell("textDocument/didClose", self._protocol.of_document(uri))

    async def aclose(self) -> None:
        """Ask it to end, and end it."""
        asked = False
        try:
            if not self.ended.done():
                await self._connection.ask("shutdown", None, within=_END_S)
                await self._connection.tell("exit", None)
                asked = True
        except ServerFault:
            asked = False
        finally:
            self.ended.cancel()
            await asyncio.gather(self.ended, return_exceptions=True)
            await self._launched.end(asked=asked)

    async def _show(self, texts: Mapping[str, str]) -> dict[str, tuple[int, float]]:
        """Have it look at these texts; returns their versions, and when they were sent."""
        sent: dict[str, tuple[int, float]] = {}
        for path, text in texts.items():
            uri = uri_of(self._root / path)
            known = self._open.get(uri)
            if known is None or known[1] != text:
                self._version += 1
                self._open[uri] = (self._version, text)
                if known is None:
                    params = self._protocol.opened(uri, path, self._version, text)
                    await self._connection.tell("textDocument/didOpen", params)
                else:
                    params = self._protocol.changed(uri, self._version, text)
                    await self._connection.tell("textDocument/didChange", params)
            sent[uri] = (self._open[uri][0], time.monotonic() if known is None or known[1] != text else 0.0)
        return sent

    async def _settled(self, sent: Mapping[str, tuple[int, float]], deadline: float) -> bool:
        """Wait until it has told of these texts; a question shows that it is alive meanwhile.

        Returns False for a server that is to be asked instead, which some say late.
        """
        uri = next(iter(sent), None)
        if uri is not None:
            with suppress(Refused):
                await self._ask("textDocument/documentSymbol", self._protocol.of_document(uri), deadline)
        asked = time.monotonic()
        while not self._hearing.pulls and not self._hearing.settled(sent, asked):
            await self._wait(deadline)
        return not self._hearing.pulls

    async def _pulled(self, uri: str, deadline: float) -> tuple[Said, ...]:
        while self._hearing.reading:
            await self._wait(deadline)
        while True:
            try:
                answer = await self._ask("textDocument/diagnostic", self._protocol.of_document(uri), deadline)
            except Refused:  # it was overtaken by what it read meanwhile
                await asyncio.sleep(_AGAIN_S)
                await self._wait(deadline)
                continue
            return self._protocol.said_in(answer)

    async def _by_tsserver(self, uri: str, deadline: float) -> tuple[Said, ...]:
        """TypeScript's own answers, which are complete when they come, unlike what it tells by itself."""
        said: list[Said] = []
        for command in ("syntacticDiagnosticsSync", "semanticDiagnosticsSync"):
            file = self._protocol.file_of(uri)
            call = {"command": "typescript.tsserverRequest", "arguments": [command, {"file": file}]}
            answer = await self._ask("workspace/executeCommand", call, deadline)
            said += self._protocol.said_by_tsserver(answer)
        return tuple(said)

    async def _ask(self, method: str, params: Any, deadline: float) -> Any:
        left = deadline - time.monotonic()
        try:
            return await self._connection.ask(method, params, within=max(left, _STEP_S))
        except Refused:
            raise
        except ServerFault:
            if self._hearing.busy and not self.ended.done():
                raise StillReading("It is still reading the project") from None
            raise

    async def _wait(self, deadline: float) -> None:
        """A moment, or until there is news."""
        if self.ended.done():
            raise self.ended.result()
        if time.monotonic() > deadline:
            if self._hearing.busy:
                raise StillReading("It is still reading the project")
            raise ServerFault("It told nothing of the texts in time")
        self._hearing.news.clear()
        try:
            async with asyncio.timeout(_STEP_S):
                await self._hearing.news.wait()
        except TimeoutError:
            return


async def started(spec: ServerSpec, workspace: Workspace) -> Server:
    """A server that has answered; raises `ServerFault`, and then nothing of it is left."""
    protocol = await asyncio.to_thread(_protocol)
    options = await asyncio.to_thread(options_of, spec, workspace)
    hearing = Hearing(
        read=protocol.said_of,
        configuration=await asyncio.to_thread(configuration_of, spec, workspace),
        waits_for_quiet=spec.name == "rust-analyzer",
    )
    launched = await launch(spec, workspace)
    server = Server(spec, workspace, launched, hearing, protocol)
    try:
        await server.begin(options)
    except BaseException as error:
        await asyncio.shield(server.aclose())
        if isinstance(error, ServerFault) and server.complaint:
            raise ServerFault(f"{error.message} ({server.complaint})") from None
        raise
    return server


def _protocol() -> Any:
    """The types of the protocol: large, so that they are imported for the first server, and in a thread."""
    from agent_core.lsp import protocol

    return cast("Any", protocol)
