"""The checks of a proposal: its syntax, then the project's own checks in a copy of the workspace."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from weakref import WeakKeyDictionary

import msgspec

from agent_core.agent.edit.checking import Checked
from agent_core.agent.edit.reported import error_of, summary_of
from agent_core.agent.edit.server_checks import ServerChecks
from agent_core.agent.port import Question, TurnPort
from agent_core.changes.model import FileChange
from agent_core.errors import AgentError, LearningFault, PermissionRefused, ToolError
from agent_core.events import ChecksFinished, Notice, ToolFinished, ToolProgress, ToolStarted
from agent_core.lsp.api import ServerSpec
from agent_core.masking import masker
from agent_core.tools.registry import Registry
from agent_core.verify.api import Finding, Report, Verifier
from agent_core.verify.baselines import Baselines
from agent_core.verify.detect import chosen, command_line, detect
from agent_core.verify.imported import asking, foreign
from agent_core.verify.narrow import narrowed
from agent_core.verify.sandbox import find_sandbox
from agent_core.verify.syntax import check_syntax
from agent_core.verify.trial import Trial

_NOTHING = "nothing to check it with was found (tests, linter, build)"
_ORDER = {"lint": 0, "build": 1, "run_tests": 2}
_MOST_KEPT = 20
"""Findings of before that a report keeps."""
_WHOLE_S = 120.0
"""Seconds for all tests once those that concern the change have passed: somebody waits for the answer."""
_baselines: WeakKeyDictionary[Registry, Baselines] = WeakKeyDictionary()
"""What checks said of the unchanged workspace, for as long as a session has its registry of commands."""


class TrialChecks:
    """Checks changes one after the other for as long as the block lasts.

    The copy of the workspace is made for the first change that a check is run for; permission is asked once.

    Args:
        turn: On whose behalf.
    """

    def __init__(self, turn: TurnPort) -> None:
        self._turn = turn
        self._servers = ServerChecks(turn, turn.language_servers)
        self._stack = AsyncExitStack()
        self._trial: Trial | None = None
        self._refused = ""
        self._told = False

    async def __aenter__(self) -> TrialChecks:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def check(self, changes: Sequence[FileChange], round_: int) -> Checked:
        """What the checks say of the workspace with these changes.

        Raises:
            Interrupted: The turn was cancelled while it asked.
        """
        checked = await self._checked(changes)
        paths = tuple(change.path for change in changes)
        event = ChecksFinished(turn_id=self._turn.turn_id, round=round_, files=paths, reports=checked.reports)
        self._turn.publish(event)
        return checked

    async def _checked(self, changes: Sequence[FileChange]) -> Checked:
        broken = await self._syntax(changes)
        if broken is not None:
            return Checked(reports=(broken,))
        paths = tuple(change.path for change in changes)
        turn = self._turn
        found = await asyncio.to_thread(detect, turn.workspace, turn.settings, paths=paths)
        verifiers = [verifier for verifier in chosen(found, paths=paths) if verifier.found]
        if self._refused:
            return Checked(unchecked=self._refused)
        servers = await self._servers.wanted(paths)
        try:
            trial = await self._ready(verifiers, servers) if verifiers else None
            await self._ask_for(servers)
            told = await self._servers.check(servers, changes)
            if trial is None:
                return Checked(reports=told, unchecked=_NOTHING)
            await trial.reset()
            await trial.apply(changes)
            order = await self._order(verifiers, changes)
            ran = await self._run(trial, order or verifiers, paths, early=order is not None)
            return msgspec.structs.replace(ran, reports=(*told, *ran.reports))
        except (PermissionRefused, ToolError) as error:
            # What cannot be checked can still be looked at, and be refused or wanted by a person.
            self._refused = f"no check was run ({error.message}{_step(error)})"
            return Checked(unchecked=self._refused)

    async def _syntax(self, changes: Sequence[FileChange]) -> Report | None:
        began = time.monotonic()
        findings = await asyncio.to_thread(check_syntax, changes)
        if not findings:
            return None
        return Report(
            verifier="syntax",
            kind="lint",
            command="syntax",
            state="failed",
            findings=findings,
            seconds=time.monotonic() - began,
        )

    async def _ask_for(self, servers: Sequence[ServerSpec]) -> None:
        """Ask for those language servers that were not asked about together with other checks."""
        lines = self._servers.to_ask(servers)
        if not lines:
            return
        sandbox, _ = await find_sandbox()
        place = self._servers.place_of(servers, sandboxed=sandbox is not None)
        reason = f"It says what is wrong with what the model wrote, {await _where()}.{place}"
        await self._turn.ask(Question(action="run", subjects=lines, command="\n".join(lines), reason=reason))
        self._servers.allow(servers)

    async def _ready(self, verifiers: Sequence[Verifier], servers: Sequence[ServerSpec]) -> Trial:
        """The copy, once it may be used."""
        if self._trial is not None:
            return self._trial
        turn = self._turn
        sandbox, _ = await find_sandbox()
        checks = [command_line(verifier) for verifier in verifiers]
        lines = tuple(dict.fromkeys([*checks, *self._servers.to_ask(servers)]))
        place = self._servers.place_of(servers, sandboxed=sandbox is not None)
        reason = f"They check what the model wrote, in a copy of the workspace, {await _where()}.{place}"
        await turn.ask(Question(action="run", subjects=lines, command="\n".join(lines), reason=reason))
        self._servers.allow(servers)
        call_id = turn.next_call_id()
        self._trial = await self._stack.enter_async_context(
            Trial(
                turn.workspace,
                sandbox=sandbox,
                timeout=turn.settings.check_timeout,
                progress=lambda text: self._progress(call_id, text),
                baselines=_baselines.setdefault(turn.registry, Baselines()),
                mask=masker(turn.settings),
            )
        )
        return self._trial

    def _progress(self, call_id: str, text: str) -> None:
        self._turn.publish(ToolProgress(turn_id=self._turn.turn_id, call_id=call_id, text=text))

    async def _order(
        self, verifiers: Sequence[Verifier], changes: Sequence[FileChange]
    ) -> tuple[Verifier, ...] | None:
        """The order that was learnt, where one is in use; a policy that cannot be read is told of once."""
        from agent_core.rl.offline.ordering import is_used, trained_order

        turn = self._turn
        if not await asyncio.to_thread(is_used, turn.workspace):
            return None
        logs = await turn.seen_in_logs()
        try:
            return await asyncio.to_thread(trained_order, turn.workspace, verifiers, changes, logs)
        except LearningFault as fault:
            if not self._told:
                self._told = True
                self._turn.publish(
                    Notice(
                        level="warning",
                        message=fault.message,
                        hint=fault.hint,
                        turn_id=self._turn.turn_id,
                    )
                )
            return None

    async def _run(
        self, trial: Trial, verifiers: Sequence[Verifier], paths: Sequence[str], *, early: bool
    ) -> Checked:
        """The checks one after the other; of tests those that concern the change, then all.

        Linters come first, then the build. With an order that was learnt (`early`), what comes after the
        first check that fails is left out: it is run once that one passes.
        """
        reports: list[Report] = []
        standing: tuple[Finding, ...] = ()
        elsewhere: dict[str, str] = {}
        waiting = list(verifiers)
        if not early:
            waiting.sort(key=lambda verifier: _ORDER[verifier.kind])
        while waiting:
            if early and Checked(reports=tuple(reports)).failed:
                break
            verifier = waiting.pop(0)
            if verifier.kind != "run_tests":
                reports.append(await self._one(trial, verifier))
                continue
            narrow = await asyncio.to_thread(narrowed, verifier, paths, workspace=self._turn.workspace)
            first = await self._one(trial, narrow or verifier)
            standing += first.remaining
            reports += await self._followed(trial, first, verifier) if narrow else (first,)
            if first.state == "passed":
                elsewhere |= await self._elsewhere(trial, verifier, paths)
        kept = tuple(msgspec.structs.replace(each, remaining=each.remaining[:_MOST_KEPT]) for each in reports)
        return Checked(reports=kept, standing=standing, elsewhere=elsewhere, unchecked=_left_out(waiting))

    async def _elsewhere(self, trial: Trial, verifier: Verifier, paths: Sequence[str]) -> dict[str, str]:
        """The changed packages that tests which passed did not run at all."""
        question = await asyncio.to_thread(asking, verifier, paths, self._turn.workspace)
        if question is None:
            return {}
        (told,) = await trial.run([question])
        return foreign(told, (trial.root, self._turn.workspace.root))

    async def _followed(self, trial: Trial, first: Report, whole: Verifier) -> tuple[Report, ...]:
        """What is told once the tests that concern the change have run; all run as far as there is time."""
        if first.state != "passed":
            told = first.state == "failed" or first.exit is None  # all would take as long, or be as missing
            return (first,) if told else (await self._one(trial, whole),)
        second = await self._one(trial, whole, _WHOLE_S)
        return (first, second) if second.state == "timed-out" else (second,)

    async def _one(self, trial: Trial, verifier: Verifier, limit: float | None = None) -> Report:
        """Run one check, shown as a call of its command."""
        turn, call_id, began = self._turn, self._turn.next_call_id(), time.monotonic()
        command = command_line(verifier)
        turn.publish(
            ToolStarted(
                turn_id=turn.turn_id, call_id=call_id, name=verifier.kind, command=command, action="run"
            )
        )
        report: Report | None = None
        try:
            (report,) = await trial.check(
                [verifier], progress=lambda text: self._progress(call_id, text), timeout=limit
            )
            return report
        finally:
            turn.publish(
                ToolFinished(
                    turn_id=turn.turn_id,
                    call_id=call_id,
                    name=verifier.kind,
                    summary=summary_of(report, where="in a copy"),
                    text=report.tail if report else "",
                    data={"report": msgspec.to_builtins(report)} if report else {},
                    seconds=time.monotonic() - began,
                    error=error_of(report),
                )
            )


async def _where() -> str:
    sandbox, why_not = await find_sandbox()
    return "without network (bubblewrap)" if sandbox else f"with your rights ({why_not})"


def _step(error: AgentError) -> str:
    return f". {error.hint}" if error.hint else ""


def _left_out(waiting: Sequence[Verifier]) -> str:
    names = ", ".join(verifier.name for verifier in waiting)
    return f"not run before that passes: {names}" if names else ""
