"""Learning from the bus: the records of `agent.learning` that are of one workspace, into its files.

The state itself knows the last record of each writer (`agent_core/rl/store`), so whatever comes again counts
once. A step is committed when the disk has what came of it; a kill at any moment loses nothing.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from agent_core.errors import AgentError, WorkspaceError
from agent_core.rl.identity import identity
from agent_core.rl.records import Record
from agent_core.rl.store.keeping import reason, sound_record
from agent_core.rl.store.rights import may_keep
from agent_core.rl.store.store import Store
from agent_core.streaming.messages import LearningEvent
from agent_core.streaming.ports import Batch, Received, Source
from agent_core.workspace import Workspace
from stack.services.base import Service
from stack.services.delivering import committed

AGAIN_S = 5.0
"""Seconds until what could not be done is tried again."""
_WAIT_S = 1.0
_PERMISSIONS = "fix_workspace_perms.sh gives group 10001 its rights."
_EVENTS = "Records of this workspace that were read"
_LEARNT = "Records that were new"
_KNOWN = "Records that were known: from the workspace's own log, or read again"
_REFUSED = "Messages that are no record, or one that cannot be"
_FOREIGN = "Records of other workspaces"
_STEPS = "Steps of RL_BACKGROUND_STEPS records at most"
_log = logging.getLogger(__name__)


def opened(workspace: Workspace) -> tuple[str, Store]:
    """What the workspace is called on the bus, and what is learnt in it. Blocks.

    Raises:
        AgentError: Nothing can be kept there.
    """
    if not may_keep(workspace.root):
        raise WorkspaceError(
            "The workspace is not this program's to write to, and was not given to its group",
            hint=_PERMISSIONS,
        )
    name = identity(workspace)
    store = Store(workspace)
    store.open()
    if store.trouble:
        store.close()
        raise WorkspaceError(f"What is learnt cannot be kept: {store.trouble}", hint=_PERMISSIONS)
    return name, store


class Training:
    """Takes records in, step by step.

    Args:
        service: Told how it stands, and the figures.
        source: Where the records come from; it commits.
        store: Where they go.
        name: What the store's workspace is called on the bus; records of others are passed over.
        steps: How many records are a step.
    """

    def __init__(self, *, service: Service, source: Source, store: Store, name: str, steps: int) -> None:
        self._service, self._source, self._store = service, source, store
        self._name, self._steps = name, steps
        self._new = self._refused = 0
        for figure, told in (
            ("events", _EVENTS), ("learnt", _LEARNT), ("known", _KNOWN), ("refused", _REFUSED),
            ("foreign", _FOREIGN), ("steps", _STEPS),
        ):  # fmt: skip
            service.measure(f"trainer_{figure}_total", 0, told)

    async def run(self) -> None:
        """Learn until the service is to stop."""
        self._service.say("working", "what is shared of this workspace is learnt")
        while not self._service.stopping.is_set():
            batch = await self._source.take(most=self._steps, wait=_WAIT_S)
            if batch.end and await self._learnt(batch):
                await committed(self._service, self._source, batch)

    async def _learnt(self, batch: Batch) -> bool:
        """Whether all of it is on the disk; it is tried until it is, or the service is to stop."""
        records = [record for record in map(self._record, batch.received) if record is not None]
        while True:
            try:
                await asyncio.to_thread(self._take, records)
            except (AgentError, OSError) as error:
                hint = error.hint if isinstance(error, AgentError) else ""
                said = f"What is learnt cannot be kept: {reason(error)}. {hint or _PERMISSIONS}"
                self._service.say("degraded", said)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._service.stopping.wait(), AGAIN_S)
                if self._service.stopping.is_set():
                    return False
                continue
            self._told(len(records), batch)
            return True

    def _record(self, message: Received) -> Record | None:
        """The record of a message; None for another workspace's, and for what is none."""
        event = message.message
        if not isinstance(event, LearningEvent):
            self._service.count("trainer_refused_total", _REFUSED)
            return None
        if event.workspace != self._name:
            self._service.count("trainer_foreign_total", _FOREIGN)
            return None
        try:
            record = sound_record(bytes(event.record))
        except Exception:  # noqa: BLE001 - one record holds up no other
            _log.exception("a record cannot even be checked")
            record = None
        if record is None or record.id != event.id:
            self._service.count("trainer_refused_total", _REFUSED)
            return None
        return record

    def _take(self, records: list[Record]) -> None:
        if records:
            self._new += self._store.apply(records)
            self._store.settle()

    def _told(self, count: int, batch: Batch) -> None:
        """Say how far it is."""
        self._service.say("working", "what is shared of this workspace is learnt")
        self._service.count("trainer_events_total", _EVENTS, count)
        self._service.count("trainer_steps_total", _STEPS, count > 0)
        self._service.count("trainer_refused_total", _REFUSED, len(batch.skipped))
        left_out = self._store.left_out
        refused = left_out.unsound + left_out.too_old + left_out.resets
        self._service.count("trainer_refused_total", _REFUSED, refused - self._refused)
        self._refused = refused
        self._service.measure("trainer_learnt_total", self._new, _LEARNT)
        self._service.measure("trainer_known_total", left_out.duplicates, _KNOWN)
