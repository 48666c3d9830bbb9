"""What language servers say of a proposal: of its texts, before anything of it lies on the disk."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence

import msgspec

from agent_core.agent.edit.reported import error_of, summary_of
from agent_core.agent.port import TurnPort
from agent_core.changes.model import FileChange
from agent_core.errors import AgentError, ErrorInfo, PermissionRefused
from agent_core.events import ToolFinished, ToolProgress, ToolStarted
from agent_core.files import read_bounded
from agent_core.lsp.api import ServerSpec
from agent_core.lsp.comparing import brought, report_of, text_of, unanswered
from agent_core.lsp.detect import language_of
from agent_core.lsp.server import Server, StillReading
from agent_core.lsp.servers import LanguageServers
from agent_core.lsp.users import users_of
from agent_core.masking import masker
from agent_core.verify.api import Report

_WITHIN_S, _WITHIN_WHEN_SLOW_S = 30.0, 3.0
"""Seconds that the answers for one proposal may take, and where the server was not ready for the last one."""
_MOST_USERS = 8
"""Files that use what is changed, which are looked at too."""


class ServerChecks:
    """Asks the servers of a session about changes, on behalf of a turn."""

    def __init__(self, turn: TurnPort, servers: LanguageServers | None) -> None:
        self._turn, self._servers = turn, servers
        self._before: dict[tuple[str, ...], tuple[Mapping[str, str], Report]] = {}

    async def wanted(self, paths: Sequence[str]) -> tuple[ServerSpec, ...]:
        """The servers that are asked about these files: those that may run, or that a person can allow."""
        if self._servers is None:
            return ()
        return tuple(spec for spec in await self._servers.specs_for(paths) if self._possible(spec))

    def to_ask(self, specs: Sequence[ServerSpec]) -> tuple[str, ...]:
        """The lines of those that nobody allowed yet; one that was allowed runs on until the session ends."""
        servers = self._servers
        return tuple(spec.line for spec in specs if servers is not None and not servers.may(spec))

    def place_of(self, specs: Sequence[ServerSpec], *, sandboxed: bool) -> str:
        """Where those that are asked about would run, as a sentence with a space before it; "" for none."""
        servers = self._servers
        names = [spec.name for spec in specs if servers is not None and not servers.may(spec)]
        if not names:
            return ""
        on = "the workspace itself, read-only" if sandboxed else "the workspace itself"
        return f" {', '.join(names)} {'runs' if len(names) == 1 else 'run'} on {on}."

    def allow(self, specs: Sequence[ServerSpec]) -> None:
        """A person, or a rule, allowed these."""
        if self._servers is not None:
            self._servers.allow(specs)

    def _possible(self, spec: ServerSpec) -> bool:
        try:
            self._turn.check_possible("run", (spec.line,))
        except PermissionRefused:
            return False
        return True

    async def check(self, specs: Sequence[ServerSpec], changes: Sequence[FileChange]) -> tuple[Report, ...]:
        """What each says that the changes brought; only for those that may be run."""
        if self._servers is None:
            return ()
        return tuple([await self._one(self._servers, spec, changes) for spec in specs])

    async def _one(self, servers: LanguageServers, spec: ServerSpec, changes: Sequence[FileChange]) -> Report:
        """Ask one, shown as a check that runs."""
        turn, call_id, began = self._turn, self._turn.next_call_id(), time.monotonic()
        turn.publish(
            ToolStarted(turn_id=turn.turn_id, call_id=call_id, name="lint", command=spec.line, action="run")
        )
        report: Report | None = None
        try:
            turn.publish(ToolProgress(turn_id=turn.turn_id, call_id=call_id, text=f"Asking {spec.name}\n"))
            report = await self._asked(servers, spec, changes)
            report = msgspec.structs.replace(report, seconds=time.monotonic() - began)
            return report
        finally:
            turn.publish(
                ToolFinished(
                    turn_id=turn.turn_id,
                    call_id=call_id,
                    name="lint",
                    summary=_summary(report),
                    text="",
                    data={"report": msgspec.to_builtins(report)} if report else {},
                    seconds=time.monotonic() - began,
                    error=_error(report),
                )
            )

    async def _asked(
        self, servers: LanguageServers, spec: ServerSpec, changes: Sequence[FileChange]
    ) -> Report:
        own = [change for change in changes if language_of(change.path) == spec.language]
        users = await self._users(own)
        before, after = await asyncio.to_thread(_texts, own, users)
        within = _WITHIN_WHEN_SLOW_S if servers.reads_long(spec) else _WITHIN_S

        async def ask(server: Server) -> Report:
            deadline = time.monotonic() + within
            earlier = await self._report(server, before, deadline)
            later = await self._report(server, after, deadline, keep=False)
            return await asyncio.to_thread(brought, spec, earlier, later, own)

        try:
            return await servers.use(spec, ask, within=within)
        except StillReading as fault:
            return unanswered(spec, f"{fault.message}; it is asked again next time")
        except AgentError as fault:
            return unanswered(spec, fault.message)

    async def _report(
        self, server: Server, texts: Mapping[str, str], deadline: float, *, keep: bool = True
    ) -> Report:
        """What it says of these texts; of those of before once, as long as they are the same."""
        spec = server.spec
        known = self._before.get(spec.argv) if keep else None
        if known is not None and known[0] == texts:
            return known[1]
        said = await server.said_of(texts, within=max(0.1, deadline - time.monotonic()))
        report = await asyncio.to_thread(
            report_of,
            spec,
            said,
            texts,
            encoding=server.able.encoding,
            sandboxed=server.sandboxed,
            mask=masker(self._turn.settings),
        )
        if keep:
            self._before[spec.argv] = (texts, report)
        return report

    async def _users(self, changes: Sequence[FileChange]) -> dict[str, str]:
        """Files that import the changed ones, with their texts."""
        known = [change.path for change in changes if change.before is not None]
        paths = await users_of(known, self._turn.workspace, most=_MOST_USERS)
        return await asyncio.to_thread(self._read, paths)

    def _read(self, paths: Sequence[str]) -> dict[str, str]:
        texts: dict[str, str] = {}
        for path in paths:
            try:
                text = text_of(read_bounded(self._turn.workspace.resolve(path), 1 << 20))
            except (AgentError, OSError, ValueError):
                continue
            if text is not None:
                texts[path] = text
        return texts


def _texts(
    changes: Sequence[FileChange], users: Mapping[str, str]
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """What the files have before and after the changes, with those that use them."""
    before = {change.path: text for change in changes if (text := text_of(change.before)) is not None}
    after = {change.path: text for change in changes if (text := text_of(change.after)) is not None}
    return {**before, **users}, {**after, **users}


def _summary(report: Report | None) -> str:
    if report is not None and report.state == "broken":
        return f"no answer: {report.note}"
    return summary_of(report, where="before it is written")


def _error(report: Report | None) -> ErrorInfo | None:
    """One that does not answer is no fault of the change."""
    told = report is None or report.state == "failed"
    return error_of(report, columns=True) if told else None
