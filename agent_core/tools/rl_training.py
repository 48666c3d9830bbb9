"""The part of `rl` that trains offline: `rl train`, `rl config init`, `rl promote`, `rl rollback`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from agent_core.errors import AgentError, ToolError, UsageError
from agent_core.text import one_line, plural
from agent_core.tools.base import ToolContext, ToolResult

if TYPE_CHECKING:
    from agent_core.config import Settings
    from agent_core.llm.select import Models
    from agent_core.logs.api import Logs
    from agent_core.rl.gepa.api import Report
    from agent_core.rl.offline.running import TrainQuery
    from agent_core.tools.registry import Registry
    from agent_core.workspace import Workspace

_TOLD_EVERY_S = 2.0


class Tutor(msgspec.Struct, frozen=True, kw_only=True):
    """What training needs of a session: its models and tools for the prompts, its logs for what is seen."""

    models: Models
    registry: Registry
    logs: Logs


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


async def train(query: TrainQuery, context: ToolContext, tutor: Tutor, *, skip_gepa: bool) -> ToolResult:
    """Train a policy for the checks, then improve the skills' prompts unless that is skipped.

    Raises:
        AgentError: See `run_training`; what ends `optimise` is told beside what was trained.
    """
    from agent_core.rl.offline.running import run_training
    from agent_core.rl.offline.saying import in_short, phase_of, progress_line, report
    from agent_core.verify.sandbox import find_sandbox

    teller = _Teller(context.progress)
    sandbox, _ = await find_sandbox()
    seen, left_out = await _seen_in(tutor.logs)
    try:
        trainee = await run_training(
            context.workspace,
            context.settings,
            query,
            sandbox=sandbox,
            logs=seen,
            tell=lambda told: teller.tell(phase_of(told), lambda: progress_line(told)),
        )
    except asyncio.CancelledError:
        context.progress("What was recorded is kept, and so is the last checkpoint: add --resume to go on\n")
        raise
    data: dict[str, Any] = {"training": msgspec.to_builtins(trainee)}
    trained = ToolResult(text=report(trainee), summary=in_short(trainee), data=data, note=left_out)
    if skip_gepa:
        return trained
    try:
        return _with_prompts(trained, await _improve(context, tutor, teller))
    except AgentError as fault:  # the policy is trained and kept all the same
        said = f"{trained.text}\n\nprompts\nleft alone: {one_line(fault.message)}"
        return msgspec.structs.replace(trained, text=said, error=fault.info)


async def needs_a_model(tutor: Tutor) -> None:
    """Raises `NoModel` where there is none to improve prompts with."""
    from agent_core.rl.gepa.optimising import model_for

    await model_for(tutor.models)


async def _improve(context: ToolContext, tutor: Tutor, teller: _Teller) -> Report:
    from agent_core.rl.gepa.optimising import optimise
    from agent_core.rl.gepa.saying import progress_line

    return await optimise(
        context.workspace,
        models=tutor.models,
        settings=context.settings,
        registry=tutor.registry,
        logs=tutor.logs,
        on_progress=lambda far: teller.tell(f"{far.target} {far.phase}", lambda: progress_line(far)),
    )


def _with_prompts(trained: ToolResult, improved: Report) -> ToolResult:
    from agent_core.rl.gepa.saying import in_short, table

    return msgspec.structs.replace(
        trained,
        text=f"{trained.text}\n\nprompts\n{table(improved)}",
        summary=f"{trained.summary}; {in_short(improved)}",
        data={**trained.data, "prompts": msgspec.to_builtins(improved)},
    )


async def _seen_in(logs: Logs) -> tuple[dict[str, float], str]:
    """What the logs say now, as the suggestions see it; and why they are left out."""
    from agent_core.logs.api import DigestQuery
    from agent_core.rl.features import of_logs

    try:
        return of_logs(await logs.digest(DigestQuery())), ""
    except AgentError as fault:
        return {}, f"The logs are left out: {one_line(fault.message)}"


async def init_config(path: str, context: ToolContext) -> ToolResult:
    """Write a configuration with every key and its default; raises `ToolError`."""
    from agent_core.files import write_atomic
    from agent_core.rl.offline.config import TrainingConfig, written

    workspace = context.workspace
    target = workspace.resolve(path)
    try:
        await asyncio.to_thread(write_atomic, target, written(TrainingConfig()))
    except OSError as error:
        raise ToolError(f"{one_line(path)} cannot be written: {error.strerror or error}") from error
    name = workspace.relative(target)
    return ToolResult(
        text=f"{name} has every key of training and of suggestions, with its default.",
        summary=f"written to {one_line(name)}",
        data={"path": name},
        changed=(name,),
    )


async def choose_policy(what: str, version: str, workspace: Workspace) -> ToolResult:
    """Use another trained policy, or the one before; raises `UsageError`, `LearningFault`."""
    from agent_core.rl.offline.running import registry_of

    registry = registry_of(workspace)
    if what == "rollback":
        number = await asyncio.to_thread(registry.roll_back)
    else:
        if not version.isascii() or not version.isdigit():
            raise UsageError("rl promote needs the number of a policy", hint="`rl status` shows them.")
        number = (await asyncio.to_thread(registry.promote, int(version))).version
    text = (
        f"Policy {number} orders the checks of edits now."
        if number
        else "Checks run in their usual order now."
    )
    return ToolResult(text=text, summary=f"policy {number or 'none'}", data={"in_use": number})


async def policies(workspace: Workspace) -> tuple[str, dict[str, Any]]:
    """What was trained here, as text and for programs."""
    return await asyncio.to_thread(_policies, workspace)


def _policies(workspace: Workspace) -> tuple[str, dict[str, Any]]:
    from agent_core.rl.offline import saying
    from agent_core.rl.offline.running import registry_of
    from agent_core.skills.registry import skill_rows, skills_folder

    registry = registry_of(workspace)
    found, used = registry.all(), registry.in_use
    in_use = used.version if used else 0
    rows = [row for row in skill_rows(skills_folder(workspace)) if row.optimised]
    text = saying.policies(found, in_use, now=time.time())
    if rows:
        skills = plural(len(rows), "skill")
        text += f"\n\n{skills} with prompts improved by GEPA: {', '.join(row.name for row in rows)}"
    data = {
        "policies": [msgspec.to_builtins(about) for about in found],
        "in_use": in_use,
        "prompts": [msgspec.to_builtins(row) for row in rows],
    }
    return text, data


class _Teller:
    """Shows how far it is: what begins at once, else every two seconds."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._due, self._phase = 0.0, ""

    def tell(self, phase: str, line: Callable[[], str]) -> None:
        now = time.monotonic()
        if phase != self._phase or now >= self._due:
            self._due, self._phase = now + _TOLD_EVERY_S, phase
            self._show(f"{line()}\n")
