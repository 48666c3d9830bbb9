"""The protocol itself, by the SDK: a connection that was greeted, its requests, what the server asks back.

`tools/list` and `tools/call` are sent by the SDK's dispatcher and read here: of a list with one tool that is
no tool the others are still good.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from agent_core.config import Settings
from agent_core.errors import McpFault
from agent_core.forms import Filled, Form
from agent_core.mcp.client_asking import Mask, NoForm, address_in, addresses_in, answer, asked_for, asked_of
from agent_core.mcp.client_clock import MOST_QUESTIONS, CallClock
from agent_core.mcp.client_limits import NO_MESSAGE, NOT_OURS
from agent_core.mcp.client_state import SessionOver
from agent_core.text import one_line, shorten

if TYPE_CHECKING:
    from mcp.client._transport import TransportStreams
    from mcp.shared.jsonrpc_dispatcher import JSONRPCDispatcher

_PROGRESS_S = 0.1
_SAID = 300
_NO_SESSION = "Session terminated"
"""What the SDK says where an address answers that it has no such session."""
_NOT_READ = "Failed to parse "
"""How it begins where what an address answered is no message."""
_CHATTY = ("client", "mcp", "httpx2")
"""Loggers of the SDK."""
_SDK = (
    *("anyio", "mcp_types", "mcp.client.session", "mcp.shared.exceptions", "mcp.shared.inbound"),
    *("mcp.shared.jsonrpc_dispatcher", "mcp.shared.message"),
)
_HTTP = ("httpx2", "mcp.client.streamable_http")
Ask = Callable[[Form], Awaitable[Filled | None]]


async def preload(*, http: bool = False) -> None:
    """Import the SDK, in a thread: it takes longer than a key may wait. `http`: for an address."""

    def load() -> None:
        for name in (*_SDK, *(_HTTP if http else ())):
            importlib.import_module(name)

    await asyncio.to_thread(load)
    for name in _CHATTY:  # they quote what servers say, and whatever a flood brings
        logging.getLogger(name).setLevel(logging.CRITICAL)


class Link:
    """A connection to a server; made by `open_link`.

    Args:
        dispatcher: Sends requests.
        name: What the server is called here.
        mask: Takes secrets out of what it asks.
        settings: How long a call may take.
        ask: Has the user fill in the server's forms; None where nobody can be asked.
        declined: Told what the server asked for and why it was declined, where no person said so.
        lost: Called with the reason when the connection turns out to be none any more.
    """

    def __init__(
        self,
        dispatcher: JSONRPCDispatcher[Any],
        *,
        name: str,
        mask: Mask,
        settings: Settings,
        ask: Ask,
        declined: Callable[[str], None],
        lost: Callable[[str], None],
    ) -> None:
        self._dispatcher = dispatcher
        self._name, self._mask = name, mask
        self._limit_s = settings.mcp_call_timeout
        self._ask, self._tell, self._lost = ask, declined, lost
        self._told: set[str] = set()
        self._clocks: set[CallClock] = set()
        self._questions: set[asyncio.Task[Filled | None]] = set()
        self.version = ""
        self.headers: dict[str, str] = {}

    async def request(self, method: str, params: dict[str, Any], on_progress: Any = None) -> dict[str, Any]:
        """Ask, and wait for the answer; raises `McpFault` and `SessionOver`. Cancelling tells the server."""
        from mcp.shared.exceptions import MCPError
        from mcp_types import CONNECTION_CLOSED, INVALID_REQUEST, METHOD_NOT_FOUND, URL_ELICITATION_REQUIRED

        options: Any = {"headers": self.headers}
        if on_progress is not None:
            options["on_progress"] = on_progress
        try:
            answer: Any = await self._dispatcher.send_raw_request(method, params, options)
        except MCPError as error:
            if error.code == CONNECTION_CLOSED:
                self._lost("it ended")
                raise McpFault(
                    "It ended before it answered", hint="It is started again at the next use."
                ) from None
            if error.code == INVALID_REQUEST and error.message == _NO_SESSION:
                self._lost("its session is over")
                raise SessionOver from None
            if error.code == METHOD_NOT_FOUND and method == "tools/list":
                return {"tools": []}
            if error.code == URL_ELICITATION_REQUIRED and (addresses := addresses_in(error.data)):
                raise McpFault(
                    f"It wants an address to be opened first: {' , '.join(addresses)}",
                    hint="Nothing was opened: do that yourself if you trust it, and call it again.",
                ) from None
            if error.message == NO_MESSAGE or error.message.startswith(_NOT_READ):
                raise McpFault(NO_MESSAGE, hint=NOT_OURS) from None
            raise McpFault(f"It refused: {shorten(one_line(error.message), _SAID)}") from None
        if not isinstance(answer, dict):
            raise McpFault("It answered what is no result")
        return cast("dict[str, Any]", answer)

    async def call(
        self, name: str, arguments: dict[str, Any], progress: Callable[[str], None]
    ) -> dict[str, Any]:
        """Call a tool, for a limited time; what it asks meanwhile does not count.

        Raises `McpFault` and `SessionOver`.
        """
        clock = CallClock(self._limit_s)
        try:
            async with clock.timer:
                if not self._clocks:
                    self._told.clear()
                self._clocks.add(clock)
                params = {"name": name, "arguments": arguments}
                return await self.request("tools/call", params, _Progress(progress))
        except TimeoutError:
            if clock.is_late:
                raise McpFault("Its questions took too long, and it was told to stop") from None
            raise McpFault(
                f"It did not answer within {self._limit_s:g} s, and was told to stop",
                hint="`--set mcp_call_timeout=SECONDS` gives it longer.",
            ) from None
        finally:
            self._clocks.discard(clock)
            if not self._clocks:
                for question in self._questions:
                    question.cancel()

    async def elicit(self, context: Any, params: Any) -> Any:
        """What the SDK calls when the server asks the user something: only within a call of ours."""
        del context
        if not self._clocks:
            return answer("decline")
        for clock in self._clocks:
            clock.questions += 1
        if max(clock.questions for clock in self._clocks) > MOST_QUESTIONS:
            self._declined(f"asked for more than {MOST_QUESTIONS} things in one call")
            return answer("decline")
        if address := address_in(params):
            self._declined(f"wants an address to be opened, {self._mask(address)} ({asked_for(params)})")
            return answer("decline")
        said = repr(self._mask(asked_for(params)))
        try:
            asked = await asyncio.to_thread(asked_of, params, asker=self._name, mask=self._mask)
        except NoForm as wrong:
            self._declined(f"asked for {said}, which cannot be asked: {wrong}")
            return answer("decline")
        filled = await self._filled(asked.form)
        if filled is None:
            if not self._clocks:
                return answer("cancel")
            self._declined(f"asked for {said}, and nobody can be asked here")
            return answer("decline")
        if filled.action != "accept":
            return answer(filled.action)
        try:
            return answer("accept", await asyncio.to_thread(asked.content, filled))
        except ValueError as wrong:
            self._declined(f"asked for {said}, and the answer is none: {wrong}")
            return answer("decline")

    def _declined(self, why: str) -> None:
        """Tell it, once in a call."""
        if why not in self._told and len(self._told) <= MOST_QUESTIONS:
            self._told.add(why)
            self._tell(why)

    async def _filled(self, form: Form) -> Filled | None:
        """What a person says, while the calls' clocks stand still; None where nobody does."""
        question = asyncio.ensure_future(self._ask(form))
        self._questions.add(question)
        try:
            with ExitStack() as stack:
                for clock in self._clocks:
                    stack.enter_context(clock.stopped())
                said = await asyncio.gather(question, return_exceptions=True)
        finally:
            question.cancel()
            self._questions.discard(question)
        return said[0] if isinstance(said[0], Filled) else None

    def close(self) -> None:
        """Nobody has to answer its questions any more."""
        for question in self._questions:
            question.cancel()


class _Progress:
    """Lines of progress, at most ten a second: who says more is not heard."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._at = 0.0

    async def __call__(self, progress: float, total: float | None, message: str | None) -> None:
        now = time.monotonic()
        if now - self._at < _PROGRESS_S:
            return
        self._at = now
        share = f"{progress:g} of {total:g}" if total else f"{progress:g}"
        self._tell(f"{shorten(one_line(message), _SAID)} ({share})\n" if message else f"{share}\n")


@asynccontextmanager
async def open_link(
    streams: TransportStreams,
    *,
    name: str,
    mask: Mask,
    settings: Settings,
    root: Path | None,
    ask: Ask,
    declined: Callable[[str], None],
    changed: Callable[[], None],
    lost: Callable[[str], None],
) -> AsyncGenerator[Link]:
    """Greet the server.

    Args:
        streams: What a transport opened.
        name: What the server is called here.
        mask: Takes secrets out of what it asks.
        settings: How long a call may take.
        root: The folder that it is told to work in; None where that is none of its business.
        ask: Has the user fill in a form of it.
        declined: Told what it asked for and why it was declined, where no person said so.
        changed: Called when it says that its tools changed.
        lost: Called with the reason when the connection is none any more.

    Raises:
        McpFault: It does not speak the protocol.
    """
    import mcp_types as types
    from mcp.client.session import ClientSession
    from mcp.shared.exceptions import MCPError
    from mcp.shared.inbound import MCP_PROTOCOL_VERSION_HEADER
    from mcp.shared.jsonrpc_dispatcher import JSONRPCDispatcher

    from agent_core import __version__

    dispatcher: JSONRPCDispatcher[Any] = JSONRPCDispatcher(*streams)
    link = Link(dispatcher, name=name, mask=mask, settings=settings, ask=ask, declined=declined, lost=lost)

    async def heard(message: Any) -> None:
        if isinstance(message, types.ToolListChangedNotification):
            changed()

    async def roots(context: Any) -> types.ListRootsResult:
        del context
        assert root is not None
        return types.ListRootsResult(roots=[types.Root(uri=root.as_uri(), name=root.name)])  # pyright: ignore[reportArgumentType]

    session = ClientSession(
        dispatcher=dispatcher,
        elicitation_callback=link.elicit,
        list_roots_callback=roots if root is not None else None,
        message_handler=heard,
        client_info=types.Implementation(name="dspy-tui", version=__version__),
    )
    async with session:
        try:
            greeted = await session.initialize()
        except (MCPError, RuntimeError, ValueError) as error:
            raise McpFault(
                f"It does not speak the protocol: {shorten(one_line(str(error)), _SAID)}"
            ) from None
        info = greeted.server_info
        link.version = f"{info.name} {info.version}".strip()
        link.headers = {MCP_PROTOCOL_VERSION_HEADER: str(greeted.protocol_version)}
        yield link
