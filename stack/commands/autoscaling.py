"""`stack autoscale`: round after round for as long as somebody wants it, or once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import msgspec

from agent_core.config import Settings
from agent_core.errors import BusFault, ErrorInfo, StackFault
from agent_core.streaming.access import access_of
from agent_core.streaming.admin import BusAdmin
from agent_core.text import one_line
from agent_core.workspace import Workspace
from stack.autoscale import Autoscaler
from stack.commands.asked import Asked
from stack.commands.autoscaling_pages import Pages
from stack.commands.changing import Change, Literal, change_by
from stack.commands.outcome import Audience
from stack.commands.said import Said
from stack.commands.secrets import Mask
from stack.running import Running
from stack.scaling import Decision

Permit = Callable[[Change], None]
"""Returns where it may be done; raises `PermissionRefused`."""


@asynccontextmanager
async def autoscaler(
    stack: Running, settings: Settings, workspace: Workspace, asked: Asked
) -> AsyncGenerator[Autoscaler]:
    """An autoscaler for as long as the block runs, the only one unless it only looks.

    Raises:
        ConfigError: How Kafka is reached is wrong.
        BusyError, WorkspaceError: There is another one, or nothing can be remembered.
    """
    async with AsyncExitStack() as ending:
        admin = await ending.enter_async_context(BusAdmin(access_of(settings)))
        scaler = Autoscaler(
            stack=stack, admin=admin, workspace=workspace, services=asked.names, bounds=asked.bounds
        )
        if not asked.dry_run:
            await ending.enter_async_context(scaler.alone())
        yield scaler


async def rounds(
    stack: Running,
    settings: Settings,
    workspace: Workspace,
    asked: Asked,
    *,
    permit: Permit,
    audience: Audience,
    mask: Mask,
) -> AsyncGenerator[Said]:
    """Look and scale, every so many seconds: tells each service once, then what changes.

    An engine or a bus that does not answer is told once, and tried again.

    Raises:
        UsageError: There is no such service, or it is no worker.
        PermissionRefused: A change may not be made.
        StackFault, BusFault: Of a single round: it could not be done. `StackFault` for a port, too.
        ConfigError, BusyError, WorkspaceError: As `autoscaler`.
    """
    told: dict[str, tuple[int, int, str]] = {}
    fault = ""
    literal = Literal(audience, mask)
    pages = Pages(bus=settings.kafka_bootstrap)
    async with pages.served(asked.port), autoscaler(stack, settings, workspace, asked) as scaler:
        while True:
            try:
                decisions = await scaler.look()
                pages.decided(decisions)
                for each in decisions:
                    if told.get(each.service) != (now := (each.running, each.wanted, each.fault)):
                        told[each.service] = now
                        yield _told(each, asked)
                if not asked.dry_run:
                    await _scale(scaler, decisions, permit, literal)
                pages.done()
                if fault:
                    fault = ""
                    yield _notice("back", "it works again", {"error": None})
            except (StackFault, BusFault) as error:
                if asked.once:
                    raise
                info = ErrorInfo(error.code, mask(error.message), error.hint)
                pages.failed(info, of_bus=isinstance(error, BusFault))
                if error.message != fault:
                    fault = error.message
                    text = one_line(f"{info.message}. {info.hint}".strip())
                    yield _notice("failed", text, {"error": msgspec.to_builtins(info)})
            if asked.once:
                return
            await asyncio.sleep(asked.pause)


async def _scale(
    scaler: Autoscaler, decisions: Sequence[Decision], permit: Permit, audience: Audience
) -> None:
    operation = await scaler.operation(decisions)
    if operation is None:
        await scaler.remember()
        return
    change = change_by(operation)
    permit(change)
    await scaler.remember(decisions)
    await change.run(audience)


def _told(decision: Decision, asked: Asked) -> Said:
    data: dict[str, Any] = {"type": "decision", "at": time.time(), **msgspec.to_builtins(decision)}
    text = decision.text if asked.once else f"{_now()} {decision.text}"
    return Said(decision.service, text, data)


def _notice(what: str, text: str, more: dict[str, Any]) -> Said:
    return Said("", f"{_now()} {text}", {"type": "notice", "at": time.time(), "what": what, **more})


def _now() -> str:
    return time.strftime("%H:%M:%S")
