"""What a program learns, told to whoever listens on the bus: each record as a message of `agent.learning`.

The records lie in the workspace's log already (`store/`), where every session of the workspace finds them.
The bus brings them to a trainer, and there they count once: by their ids.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from agent_core.config import Settings
from agent_core.errors import AgentError
from agent_core.events import BusChanged
from agent_core.rl.identity import identity
from agent_core.rl.store.rights import is_guest
from agent_core.streaming.names import LEARNING
from agent_core.workspace import Workspace

if TYPE_CHECKING:
    from agent_core.streaming.ports import Sink

_MOST_WAITING = 10_000
"""Records that wait in memory for a bus to be found; the oldest are left out then, the log has them."""
_MOST_BYTES = 16 * 1024 * 1024
_log = logging.getLogger(__name__)


_FOLDER = "bus"


def learning_sink(settings: Settings, workspace: Workspace) -> Sink:
    """Sends to the settings' bus; what it does not take is kept in the workspace's state, where that can be
    written, for a later session. Raises `ConfigError`."""
    from agent_core.streaming.access import access_of
    from agent_core.streaming.sink import KafkaSink

    folder: Path | None = None
    with suppress(AgentError):
        if not is_guest(workspace):
            folder = workspace.ensure_state_dir(_FOLDER)
    return KafkaSink(access_of(settings), folder=folder, most_bytes=_MOST_BYTES)


class _Head(msgspec.Struct):
    id: str
    at: float


_heads = msgspec.json.Decoder(_Head)


class Sharing:
    """Sends the records of this program. Everything belongs to one event loop.

    Args:
        workspace: Whose they are.
        open_sink: Makes what sends, once; nothing is sent and nothing made before `begin`.
    """

    def __init__(self, *, workspace: Workspace, open_sink: Callable[[], Sink]) -> None:
        self._workspace, self._open_sink = workspace, open_sink
        self._waiting: deque[bytes] = deque(maxlen=_MOST_WAITING)
        self._sink: Sink | None = None
        self._name = ""
        self._beginning = asyncio.Lock()
        self._begun: asyncio.Task[None] | None = None
        self._closed = False

    def take(self, line: bytes) -> None:
        """A record was made (`Learning.listen`)."""
        if self._sink is None:
            self._waiting.append(line)
        else:
            self._send(self._sink, line)

    def hear(self, bus: BusChanged) -> None:
        """How the bus stands: sharing begins once it has the topic; somebody else's is never given one."""
        if bus.state == "up" and LEARNING in bus.topics and self._begun is None:
            self._begun = asyncio.create_task(self.begin())

    async def begin(self) -> None:
        """There is a bus, and its topic of learning: what waits goes there, and whatever comes from now on.

        Again and again is fine; where the workspace can have no name on the bus, nothing is sent.
        """
        async with self._beginning:
            if self._sink is not None or self._closed:
                return
            try:
                self._name = self._name or await asyncio.to_thread(identity, self._workspace)
            except AgentError as error:
                _log.warning("what is learnt is not shared: %s", error.message)
                return
            if self._closed:
                return
            self._sink = self._open_sink()
            while self._waiting:
                self._send(self._sink, self._waiting.popleft())

    async def aclose(self) -> None:
        """End within seconds; what no broker took by then is sent by a later session."""
        if self._begun is not None:
            await self._begun
        self._closed = True
        async with self._beginning:
            sink, self._sink = self._sink, None
        if sink is not None:
            await sink.aclose()

    def _send(self, sink: Sink, line: bytes) -> None:
        from agent_core.streaming.messages import LearningEvent

        head = _heads.decode(line)
        message = LearningEvent(id=head.id, at=head.at, workspace=self._name, record=msgspec.Raw(line))
        try:
            sink.send(LEARNING, message, key=self._name)  # one key: in the order in which they were made
        except AgentError as error:
            _log.warning("a record of learning is not shared: %s", error.message)
