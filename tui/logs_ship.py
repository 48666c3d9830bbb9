"""`logs ship` on the command line: lines of logs to the bus, how it goes on, and what it came to."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from agent_core.batch_formats import error_lines, to_json
from agent_core.config import Settings, refuse_in_doubt
from agent_core.errors import AgentError, ErrorInfo, Interrupted
from agent_core.log import open_log
from agent_core.logs.shipping.running import CameTo, ship
from agent_core.logs.shipping.saying import as_data, as_text, counts
from agent_core.logs.shipping.shipper import Shipped, ShipQuery
from agent_core.logs.when import parse_since
from agent_core.masking import masker
from agent_core.output import Writer
from agent_core.plain import is_wanted
from agent_core.workspace import Workspace
from tui.arguments import config_of
from tui.cli import interruptible
from tui.ending import Ending, closed, end_like_an_interruption
from tui.network_permission import permit_bus

if TYPE_CHECKING:
    from tui.options import Parsed

_SCHEMA = "dspy-tui.logs-ship/1"


def logs_ship(parsed: Parsed) -> int:
    """Ship logs; returns the exit code."""
    ending = Ending()
    writer = Writer(on_lost=ending.lose)
    edge = _Edge(writer, as_json=parsed.one("format") == "json")
    try:
        interruptible()
        end_like_an_interruption()
        code = asyncio.run(_run(parsed, edge, ending))
    except AgentError as error:
        code = edge.came_to(Shipped(), error)
    except KeyboardInterrupt:
        code = edge.came_to(Shipped(), Interrupted("It was interrupted"))
    return closed(writer, code)


async def _run(parsed: Parsed, edge: _Edge, ending: Ending) -> int:
    since = parsed.one("since")
    query = ShipQuery(
        sources=parsed.words,
        since=parse_since(since, now=datetime.now().astimezone()) if since else None,
        again=parsed.has("all"),
        follow=parsed.has("follow"),
    )
    workspace = Workspace.open(parsed.one("workspace") or ".")
    config = config_of(parsed, workspace.root)
    refuse_in_doubt(config)
    settings = config.settings
    permit_bus(workspace.root, settings)
    with closing(open_log(workspace, mask=masker(settings), debug=parsed.has("debug"))):
        return await _ship(workspace, settings, query, parsed, edge, ending)


async def _ship(
    workspace: Workspace, settings: Settings, query: ShipQuery, parsed: Parsed, edge: _Edge, ending: Ending
) -> int:
    given = None if sys.__stdin__ is None else 0
    shipping = asyncio.ensure_future(
        ship(
            workspace,
            settings,
            query,
            service=parsed.one("service"),
            given=given,
            progress=edge.progress,
        )
    )
    ending.begin(shipping.cancel)
    try:
        came_to: CameTo = await shipping
    except asyncio.CancelledError:
        # Following has no other end: that somebody ends it is no failure of what was asked for.
        return edge.came_to(edge.last, None if query.follow else Interrupted("It was interrupted"))
    return edge.came_to(came_to.shipped, came_to.error)


class _Edge:
    """Where progress, results and diagnostics go."""

    def __init__(self, writer: Writer, *, as_json: bool) -> None:
        self._writer, self._as_json = writer, as_json
        self.last = Shipped()
        """How it stood when it was told last."""
        self._shown = ""
        self._fault: ErrorInfo | None = None

    def progress(self, shipped: Shipped, fault: ErrorInfo | None) -> None:
        """Show how it goes on: on a terminal in one line; elsewhere only what is wrong."""
        self.last = shipped
        if fault is not None and self._fault is None:
            self._clear()
            self._complain(fault)
            self._writer.diagnose("  It is waited for; the logs keep what there is.")
        self._fault = fault
        said = counts(shipped)
        if _is_terminal() and said != self._shown:
            self._writer.err(f"\r\x1b[K{said}")
            self._shown = said

    def came_to(self, shipped: Shipped, error: AgentError | None) -> int:
        """Write what it came to; returns the exit code."""
        self._clear()
        if self._as_json:
            document = {"schema": _SCHEMA, **as_data(shipped)}
            if error is not None:
                document["error"] = msgspec.to_builtins(error.info)
            self._writer.out(msgspec.json.format(to_json(document), indent=2) + b"\n")
        elif shipped.logs or error is None:
            text = as_text(shipped, failed=error is not None)
            self._writer.out(text.encode("utf-8", "replace") + b"\n")
        for why in shipped.left_out.values():
            self._writer.diagnose(f"dspy-tui: {why}")
        others = [fault for fault in shipped.faults.values() if fault is not error]
        for fault in (*others, *([error] if error is not None else ())):
            self._complain(fault.info)
        return 0 if error is None else error.exit_code

    def _clear(self) -> None:
        if self._shown:
            self._writer.err("\r\x1b[K")
            self._shown = ""

    def _complain(self, error: ErrorInfo) -> None:
        for line in error_lines(error):
            self._writer.diagnose(line)


def _is_terminal() -> bool:
    try:
        return os.isatty(2) and os.environ.get("TERM") != "dumb" and not is_wanted(os.environ)
    except OSError:
        return False
