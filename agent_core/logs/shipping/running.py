"""Shipping logs of a workspace to the bus of its settings, as a person asks for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

import msgspec

from agent_core.config import Settings
from agent_core.errors import AgentError, ErrorInfo, LogFault, UsageError
from agent_core.logs.opening import Opener
from agent_core.logs.saying import HOW_TO_SHIP, NOTHING_FOUND
from agent_core.logs.shipping.naming import by_name, has_lines, named
from agent_core.logs.shipping.shipper import Shipped, Shipper, ShipQuery
from agent_core.logs.sources.find import Finder
from agent_core.masking import log_masker
from agent_core.streaming.access import Access, access_of
from agent_core.streaming.making import make_topics
from agent_core.streaming.reach import reach
from agent_core.streaming.sink import KafkaSink
from agent_core.workspace import Workspace

_STEP_S = 0.5
Progress = Callable[[Shipped, ErrorInfo | None], None]
"""Is told every now and then how it stands, and why nothing goes out at the moment."""


class CameTo(msgspec.Struct, frozen=True, kw_only=True):
    """What it came to, and the error that ended it."""

    shipped: Shipped
    error: AgentError | None = None


async def ship(
    workspace: Workspace,
    settings: Settings,
    query: ShipQuery,
    *,
    service: str = "",
    given: int | None = None,
    progress: Progress = lambda _, __: None,
) -> CameTo:
    """Ship what is asked for; what a cancelled one had done is told by the last `progress`.

    Args:
        workspace: Whose logs.
        settings: Where the bus is, and which logs there are.
        query: Which of them, and from where on.
        service: Whose they are; "" for what each is called by.
        given: The descriptor of standard input, where it may be shipped.
        progress: See `Progress`.

    Raises:
        UsageError, ConfigError: The words or the settings are off.
        BusFault: Nobody listens where the bus is.
        LogFault: A name means no log, or there are none at all.
        WorkspaceError: The workspace's state cannot be written.
    """
    access = access_of(settings)
    service_of = named(service) if service else by_name
    opener = await look_for_logs(workspace, settings, query, service_of=service_of, given=given)
    await asyncio.to_thread(reach, access)
    sink = KafkaSink(access)
    shipper = Shipper(
        opener=opener,
        sink=sink,
        folder=await asyncio.to_thread(_folder, workspace, access),
        service_of=service_of,
        mask=log_masker(settings),
        prepare=_prepared(access),
    )
    telling = asyncio.create_task(_tell(lambda: progress(shipper.standing, shipper.fault)))
    try:
        await shipper.ship(query)
    except AgentError as error:
        return CameTo(shipped=shipper.standing, error=error)
    finally:
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling
        progress(shipper.standing, None)
        await sink.aclose()
    faults = shipper.standing.faults
    return CameTo(shipped=shipper.standing, error=next(iter(faults.values()), None))


async def look_for_logs(
    workspace: Workspace,
    settings: Settings,
    query: ShipQuery,
    *,
    service_of: Callable[[str], str],
    given: int | None = None,
) -> Opener:
    """What opens the logs that are asked for, of which there are some, and whose they are is known.

    Raises:
        UsageError: None of them has lines, or a name is none of a service.
        LogFault: A name means no log, or there are none at all and none is waited for.
    """
    finder = Finder(
        workspace=workspace, configured=settings.log_files, settings=settings, has_input=given is not None
    )
    opener = Opener(workspace=workspace, finder=finder, given=-1 if given is None else given)
    found = [one for one in await opener.find(query.sources) if has_lines(one)]
    if not found and query.sources:
        raise UsageError(
            "What the bus tells has no lines to be shipped", hint="Name logs, such as logs/api.log."
        )
    if not found and not query.follow:
        raise LogFault(NOTHING_FOUND.rstrip("."), hint=HOW_TO_SHIP)
    for one in found:
        service_of(one.name)
    return opener


async def _tell(tell: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(_STEP_S)
        tell()


def _prepared(access: Access) -> Callable[[str], Awaitable[None]]:
    async def prepare(topic: str) -> None:
        await make_topics(access, (topic,))

    return prepare


def _folder(workspace: Workspace, access: Access) -> Path:
    """Where it is noted what this bus has; another one has nothing yet."""
    key = blake2b(access.named.encode(), digest_size=8).hexdigest()
    return workspace.ensure_state_dir(f"logs/shipped/{key}")
