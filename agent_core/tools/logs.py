"""`logs ship`: lines of logs to the bus."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import msgspec

from agent_core.events import ActionClass
from agent_core.logs.when import FORMS, parse_since
from agent_core.logs.zone import LocalZone
from agent_core.ownloop import in_own_loop
from agent_core.text import one_line, plural
from agent_core.tools.asking import Planned
from agent_core.tools.base import ToolContext, ToolResult

if TYPE_CHECKING:
    from agent_core.config import Settings
    from agent_core.errors import ErrorInfo
    from agent_core.logs.shipping.shipper import Shipped, ShipQuery
    from agent_core.workspace import Workspace

_PATIENCE_S, _STEP_S = 1.0, 5.0


class LogsArgs(msgspec.Struct, frozen=True, kw_only=True):
    """Arguments of `logs`."""

    what: Annotated[
        Literal["ship"],
        msgspec.Meta(description="Send lines to the bus, on from where they were sent (ship)."),
    ]
    sources: Annotated[
        tuple[str, ...],
        msgspec.Meta(description="Logs as `ctx --source` takes them; all by default.", extra={"path": True}),
    ] = ()
    service: Annotated[
        str,
        msgspec.Meta(
            description="Whose logs they are; else as each log is called.",
            extra={"flag": "--service", "metavar": "NAME"},
        ),
    ] = ""
    since: Annotated[
        str,
        msgspec.Meta(
            description=f"Only what is newer: {FORMS}.", extra={"flag": "--since", "metavar": "TIME"}
        ),
    ] = ""
    all: Annotated[bool, msgspec.Meta(description="Also what was sent before; readers know it again.")] = (
        False
    )


class LogsTool:
    """Sends what the logs have now; on the command line they can be followed, too.

    Lines leave this program, without secrets, so that it asks as what reaches other machines does.

    Args:
        given: The descriptor of standard input, where commands may read it.
    """

    name: ClassVar[str] = "logs"
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "send lines of the logs to the bus, on from where they were sent"
    action: ClassVar[ActionClass] = "network"
    args_type: ClassVar[type[msgspec.Struct]] = LogsArgs
    positional: ClassVar[tuple[str, ...]] = ("what", "sources")
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = False

    def __init__(self, *, given: int | None = None) -> None:
        self._given = given

    async def plan(self, args: LogsArgs, *, workspace: Workspace, settings: Settings, typed: bool) -> Planned:
        """Where they would be sent. So that nothing is asked in vain, it raises `UsageError`, `ConfigError`,
        `LogFault` and `PathRefused` where there are no such logs, `BusUnreachable` where nobody listens."""
        from agent_core.logs.shipping.naming import by_name, named
        from agent_core.logs.shipping.running import look_for_logs
        from agent_core.streaming.access import access_of
        from agent_core.streaming.reach import reach

        query, service_of = _query(args), named(args.service) if args.service else by_name
        access = access_of(settings)
        await look_for_logs(workspace, settings, query, service_of=service_of, given=self._given)
        await asyncio.to_thread(reach, access)
        which = ", ".join(map(one_line, args.sources)) or "all logs of this workspace"
        return Planned((access.named,), f"It sends the lines of {which} there, without secrets.")

    async def run(self, args: LogsArgs, context: ToolContext) -> ToolResult:
        """Send them; what was delivered is noted, also where it is cancelled.

        Raises:
            UsageError: A time or a name is off.
            BusFault: There is no bus, or it does not take them.
            LogFault, PathRefused: There are no such logs.
        """
        from agent_core.logs.shipping.running import ship
        from agent_core.logs.shipping.saying import as_data, as_text, headline

        came_to = await in_own_loop(
            ship(
                context.workspace,
                context.settings,
                _query(args),
                service=args.service,
                given=self._given,
                progress=_Teller(context, asyncio.get_running_loop()),
            )
        )
        shipped, error = came_to.shipped, came_to.error
        if error is not None and not shipped.logs:
            raise error
        others = [fault.message for fault in shipped.faults.values() if fault is not error]
        others = [one_line(why) for why in (*shipped.left_out.values(), *others)]
        failed = error is not None
        return ToolResult(
            text=as_text(shipped, failed=failed),
            summary=headline(shipped, failed=failed),
            data=as_data(shipped),
            note=f"{plural(len(others), 'log')} left out: {'; '.join(others)}" if others else "",
            error=None if error is None else error.info,
        )


def _query(args: LogsArgs) -> ShipQuery:
    from agent_core.logs.shipping.shipper import ShipQuery

    since = parse_since(args.since, now=datetime.now(LocalZone())) if args.since else None
    return ShipQuery(sources=args.sources, since=since, again=args.all)


class _Teller:
    """Says how far it is once it takes a while, and at once what keeps it; it is called in another thread."""

    def __init__(self, context: ToolContext, loop: asyncio.AbstractEventLoop) -> None:
        self._show, self._loop = context.progress, loop
        self._due = time.monotonic() + _PATIENCE_S
        self._fault: ErrorInfo | None = None

    def __call__(self, shipped: Shipped, fault: ErrorInfo | None) -> None:
        from agent_core.logs.shipping.saying import counts

        if fault is not None and self._fault is None:
            self._say(f"{one_line(fault.message)}; it is waited for, the logs keep what there is")
        self._fault = fault
        if time.monotonic() >= self._due and fault is None and shipped.lines:
            self._due = time.monotonic() + _STEP_S
            self._say(f"sent {counts(shipped)}")

    def _say(self, line: str) -> None:
        self._loop.call_soon_threadsafe(self._show, f"{line}\n")
