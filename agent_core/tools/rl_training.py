"""The part of `rl` that trains offline: `rl train`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from agent_core.errors import AgentError, ErrorInfo, Interrupted, LearningFault, TrainingFault
from agent_core.files import BusyError
from agent_core.migrations import NewerState
from agent_core.rl.alone import elsewhere
from agent_core.text import one_line
from agent_core.tools.asking import Planned
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.tools.rl_prompts import earlier, model_named, owed_to, with_prompts
from agent_core.tools.rl_report import keep_report_of, kept_in, noticed_in

if TYPE_CHECKING:
    from agent_core.config import Settings
    from agent_core.llm.select import Models
    from agent_core.logs.api import Logs
    from agent_core.rl.gepa.api import Progress as Improving
    from agent_core.rl.offline.logs_now import LogsNow
    from agent_core.rl.offline.running import Told, TrainQuery
    from agent_core.tools.registry import Registry
    from agent_core.workspace import Workspace

_TOLD_EVERY_S = 2.0


def _ignore(_steps: int, _cost: float) -> None:
    return None


class Tutor(msgspec.Struct, frozen=True, kw_only=True):
    """What training needs of a session: its models, tools and logs for the prompts, what the logs say at any
    moment for what is seen of a change."""

    models: Models
    registry: Registry
    logs: Logs
    logs_now: LogsNow


async def plan_training(
    workspace: Workspace, settings: Settings, tutor: Tutor, *, skip_gepa: bool, resume: bool
) -> Planned:
    """What a training is asked about: the commands that it runs, and the calls of the model.

    The calls have a line of their own, so that a rule for the checks does not pay for them. Where no order
    can be trained, they are all that is asked about.

    Raises:
        NoModel: There is none to improve prompts with; also what keeps a model from being used.
        LearningFault, ConfigError, TrainingFault: See `lines_of_training`, and `_leaves_prompts`.
    """
    calls = None if skip_gepa else await _planned_calls(tutor)
    if calls is not None and resume and await owed_to(workspace) is not None:
        return calls
    try:
        lines = await lines_of_training(workspace, settings)
    except (LearningFault, TrainingFault) as fault:
        if calls is None or not _leaves_prompts(fault, resume=resume):
            raise
        reason = f"It leaves the order of checks alone: {one_line(fault.message)}. {calls.reason}"
        return msgspec.structs.replace(calls, reason=reason)
    checks = Planned(lines, await _why(), action="run")
    if calls is None:
        return checks
    return Planned((*lines, *calls.lines), f"{checks.reason} {calls.reason}", action="run")


async def _planned_calls(tutor: Tutor) -> Planned:
    """The calls of the model that improving prompts takes: of which one, where, and how many."""
    from agent_core.rl.gepa.api import Budget
    from agent_core.rl.gepa.optimising import model_for

    info, most = (await model_for(tutor.models)).info, Budget()
    here = "this machine" if info.is_local else "not this machine"
    where = f"at {one_line(info.host)} ({here})" if info.host else f"on {here}"
    line = f"improve prompts with {one_line(info.name)} {where}"
    reason = (
        f"To improve the skills' prompts, it calls {one_line(info.name)} {where} up to {most.calls:,} times,"
        f" with up to {most.tokens:,} tokens in all, and sends parts of the code, its history, the logs and"
        " the sessions there, without secrets; --skip-gepa leaves that out."
    )
    return Planned((line,), reason, action="run")


async def _why() -> str:
    """Why it asks, and where the checks run: a planted bug could do anything, whoever typed the command."""
    from agent_core.verify.sandbox import find_sandbox

    sandbox, why_not = await find_sandbox()
    where = "without network (bubblewrap)" if sandbox else f"with your rights ({why_not})"
    return f"It runs these checks many times in a copy of the workspace with bugs planted into it, {where}."


async def lines_of_training(workspace: Workspace, settings: Settings) -> tuple[str, ...]:
    """The command lines that a training runs; raises `LearningFault`, `ConfigError`, `TrainingFault`."""
    return await asyncio.to_thread(_lines, workspace, settings)


def _lines(workspace: Workspace, settings: Settings) -> tuple[str, ...]:
    from agent_core.rl.offline.actions import actions_of
    from agent_core.rl.offline.config import load_training_config
    from agent_core.rl.offline.training import check_installed
    from agent_core.verify.detect import command_line

    config, _ = load_training_config(workspace.root)
    check_installed(config)
    actions, _ = actions_of(workspace, settings, config)
    lines = [command_line(verifier) for action in actions for verifier in action.verifiers]
    if config.verifiers_module:
        lines.append(f"python -c 'import {config.verifiers_module}'")
    return tuple(dict.fromkeys(lines))


def _leaves_prompts(fault: LearningFault | TrainingFault, *, resume: bool) -> bool:
    """Whether prompts can be improved although no order can be trained.

    A training that can be gone on with was interrupted: that is for the user to decide about first. And where
    the system refuses to keep or start anything, no model is paid for prompts that could not be kept either.
    """
    if isinstance(fault, TrainingFault) and (fault.goes_on or isinstance(fault.__cause__, OSError)):
        return False
    return not resume


async def train(
    query: TrainQuery,
    context: ToolContext,
    tutor: Tutor,
    *,
    skip_gepa: bool,
    mark: Callable[[int, float], None] = _ignore,
) -> ToolResult:
    """Train a policy for the checks, then improve the skills' prompts unless that is skipped.

    Where there is no order of checks to train, that is told, and the prompts are improved all the same. It is
    the result's error only where no prompt could be tried either. One that had begun and does not come to its
    end is kept with why (`agent_core.rl.offline.ended`).

    Args:
        query: How.
        context: Where, and who is told how far it is.
        tutor: The session's models, tools and logs.
        skip_gepa: Leave the prompts alone.
        mark: Told the steps of each point of the training's course, and its seconds to the first failure.

    Raises:
        BusyError: Another session trains here.
        AgentError: See `run_training`; what ends `optimise` is told beside what was trained.
    """
    teller = _Teller(context.progress, mark)
    try:
        result = await _train(query, context, tutor, teller, skip_gepa=skip_gepa)
    except asyncio.CancelledError:
        await asyncio.shield(_keep(context.workspace, query, teller, Interrupted("It was stopped").info))
        raise
    except AgentError as fault:
        if isinstance(fault, BusyError) and not teller.last:
            raise elsewhere() from fault
        await _keep(context.workspace, query, teller, fault.info)
        raise
    await keep_report_of(result, context.workspace, query.command)
    if result.error is not None:
        await _keep(context.workspace, query, teller, result.error)
    return result


async def _train(
    query: TrainQuery, context: ToolContext, tutor: Tutor, teller: _Teller, *, skip_gepa: bool
) -> ToolResult:
    owed = None if skip_gepa or not query.resume else await owed_to(context.workspace)
    model = None if skip_gepa else await model_named(tutor)
    for each in await noticed_in(context.workspace):  # while it can still be mended
        context.progress(f"{each}\n")
    try:
        trained = earlier(owed) if owed else await _train_order(query, context, tutor, teller)
    except (LearningFault, TrainingFault) as fault:
        if skip_gepa or not _leaves_prompts(fault, resume=query.resume):
            raise
        trained = _left_alone(fault)
        context.progress(f"{trained.text}\n")
    if skip_gepa:
        return trained
    return await with_prompts(
        trained, context, tutor, teller.see_prompts, command=query.command, owed=owed, model=model
    )


async def _keep(workspace: Workspace, query: TrainQuery, teller: _Teller, error: ErrorInfo) -> None:
    """Keep that it did not come to its end; a training that never began is only refused."""
    from agent_core.rl.offline.ended import keep_ended
    from agent_core.rl.offline.running import FOLDER

    folder = workspace.own.state_dir / FOLDER
    if teller.last and await asyncio.to_thread(folder.is_dir):
        with suppress(OSError, BusyError, NewerState):  # it has ended all the same, and that is told
            await asyncio.to_thread(keep_ended, folder, query.command, error, told=teller.last)


def version_in(result: ToolResult) -> int:
    """The policy that a training made; 0 where it made none."""
    training: dict[str, Any] = result.data.get("training") or {}  # None where prompts alone were improved
    return training.get("about", {}).get("version", 0)


def _left_alone(fault: AgentError) -> ToolResult:
    """What there is to say of an order of checks that cannot be trained."""
    said = f"order of checks: left alone: {one_line(fault.message)}"
    return ToolResult(
        text=f"{said}\n{one_line(fault.hint)}" if fault.hint else said,
        summary="order of checks left alone",
        data={"training": None, "not_trained": msgspec.to_builtins(fault.info)},
        error=fault.info,
    )


async def _train_order(query: TrainQuery, context: ToolContext, tutor: Tutor, teller: _Teller) -> ToolResult:
    """Train a policy for the checks; raises what `run_training` raises."""
    from agent_core.rl.offline.running import run_training
    from agent_core.rl.offline.saying import in_short, report
    from agent_core.verify.sandbox import find_sandbox

    sandbox, _ = await find_sandbox()
    left_out = await _unseen(tutor.logs_now)
    try:
        trainee = await run_training(
            context.workspace,
            context.settings,
            query,
            sandbox=sandbox,
            logs=tutor.logs_now.soon,
            tell=teller.see,
        )
    except asyncio.CancelledError:
        context.progress(f"{kept_in(context.workspace)}\n")
        raise
    data: dict[str, Any] = {"training": msgspec.to_builtins(trainee)}
    return ToolResult(text=report(trainee), summary=in_short(trainee), data=data, note=left_out)


async def _unseen(logs: LogsNow) -> str:
    """Read the logs, however long the first time takes; why they are left out, "" where they are not."""
    try:
        await logs.seen()
    except AgentError as fault:
        return f"The logs are left out: {one_line(fault.message)}"
    return ""


class _Teller:
    """Shows how far it is: what begins at once, else every two seconds; each point of its course at once."""

    def __init__(self, show: Callable[[str], None], mark: Callable[[int, float], None]) -> None:
        self._show, self._mark = show, mark
        self._due, self._phase = 0.0, ""
        self.last = ""
        """What was shown last."""

    def see(self, told: Told) -> None:
        """The training of the order of checks."""
        from agent_core.rl.offline.progress import Progress
        from agent_core.rl.offline.saying import phase_of, progress_line

        self._tell(phase_of(told), lambda: progress_line(told))
        if isinstance(told, Progress) and told.point.held_out is not None:
            self._mark(told.point.steps, told.point.held_out)

    def see_prompts(self, far: Improving) -> None:
        """The prompts."""
        from agent_core.rl.gepa.saying import progress_line

        self._tell(f"{far.target} {far.phase}", lambda: progress_line(far))

    def _tell(self, phase: str, line: Callable[[], str]) -> None:
        now = time.monotonic()
        if phase != self._phase or now >= self._due:
            self._due, self._phase = now + _TOLD_EVERY_S, phase
            self.last = line()
            self._show(f"{self.last}\n")
