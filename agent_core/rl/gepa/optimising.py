"""Optimising the prompts of the skills for a workspace, as `rl train` does it; nothing holds up the loop.

GEPA and DSPy run in a process of their own. Its calls of the model are made here, through the session's own
model. What wins is saved when the run is over; a run that is cancelled, or fails, changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from agent_core.agent.budget import UNKNOWN_WINDOW
from agent_core.agent.estimate import ready_estimate
from agent_core.agent.modelcalls import is_about_schema, refuses_schema
from agent_core.agent.offering import offered
from agent_core.config import Settings
from agent_core.errors import AgentError, LearningFault, UsageError
from agent_core.llm.errors import ModelRefused, NoModel
from agent_core.llm.port import (
    ChatRequest,
    LanguageModel,
    ToolSpec,
)
from agent_core.llm.precedence import GaveWay, behind
from agent_core.llm.said import Said, whole
from agent_core.llm.select import HOW_TO_GET_A_MODEL, Models
from agent_core.llm.timeouts import watch
from agent_core.logs.api import Logs
from agent_core.masking import masker
from agent_core.rl.gepa import protocol as p
from agent_core.rl.gepa.api import (
    TARGETS,
    Budget,
    Job,
    LogText,
    OnOutcome,
    OnProgress,
    Outcome,
    Report,
    Spent,
    Target,
)
from agent_core.rl.gepa.from_logs import log_texts
from agent_core.rl.store.rights import owners_folder
from agent_core.skills.registry import FOLDER
from agent_core.skills.saved import Prompt, add_version
from agent_core.tools.registry import Registry, is_offered, tool_schema
from agent_core.workers.client import WorkerProcess
from agent_core.workspace import Workspace

_log = logging.getLogger(__name__)
_ENVIRONMENT = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "TQDM_DISABLE": "1"}


def _ignore(*_: object) -> None:
    return None


async def model_for(models: Models) -> LanguageModel:
    """The model that prompts are optimised with; raises `NoModel`."""
    model = await models.current()
    if model is None:
        raise NoModel(
            "Prompts are optimised with a language model, and there is none",
            hint=f"{HOW_TO_GET_A_MODEL} `rl train --skip-gepa` does the rest without one.",
        )
    return model


async def optimise(
    workspace: Workspace,
    *,
    models: Models,
    settings: Settings,
    registry: Registry,
    logs: Logs | None = None,
    budget: Budget | None = None,
    skills: Sequence[str] = (),
    on_progress: OnProgress = _ignore,
    done: Sequence[Outcome] = (),
    spent: Spent | None = None,
    on_outcome: OnOutcome = _ignore,
) -> Report:
    """Optimise the prompts of the skills, and save those that are better than the ones in use.

    Cancelling ends the process and whatever call of the model is on its way, and saves nothing. The next run
    goes on with it: what came of the prompts that were tried (`on_outcome`) is given back as `done`.

    Args:
        workspace: Whose history, tests, logs and sessions the examples are made of.
        models: Which model answers, and writes the new prompts.
        settings: The effective settings.
        registry: The tools that a model is offered.
        logs: The workspace's logs; None to leave them out.
        budget: What it may take; the usual one without.
        skills: Only these skills, or single prompts of them (`ask`, `ask.conclude`); all without.
        on_progress: Told how far it is.
        done: Prompts that an earlier part of the run has tried.
        spent: What that part has used of the budget.
        on_outcome: Told what came of each prompt, and what was spent until then.

    Raises:
        NoModel: There is no model.
        UsageError: There is nothing to optimise of a skill that is named.
        ModelError: The model failed; nothing was saved.
        WorkspaceError: Nothing can be saved in this workspace; nothing was tried.
        LearningFault: The process failed, or what won cannot be saved.
    """
    targets = _targets(skills)
    model = await model_for(models)
    folder = await asyncio.to_thread(owners_folder, workspace, FOLDER)
    texts, notes = await _log_texts(logs, settings)
    info = model.info
    job = Job(
        model=info.name,
        window=info.window,
        native=info.supports_tools,
        settings=settings,
        budget=budget or Budget(),
        targets=targets,
        tools=await _tools(model, registry),
        logs=texts,
        done=tuple(each for each in done if each.target in targets),
        spent=spent or Spent(),
    )
    report = await _Running(workspace, model, settings, on_progress, on_outcome).run(job)
    outcomes = await asyncio.to_thread(_saved, folder, report)
    return msgspec.structs.replace(report, outcomes=outcomes, notes=(*report.notes, *notes))


def _targets(skills: Sequence[str]) -> tuple[Target, ...]:
    for skill in skills:
        if not any(skill in (target, target.partition(".")[0]) for target in TARGETS):
            known = ", ".join(dict.fromkeys(target.partition(".")[0] for target in TARGETS))
            raise UsageError(
                f"There is nothing to optimise of {skill[:40]!r}", hint=f"Prompts there are of {known}."
            )
    return tuple(
        target for target in TARGETS if not skills or target in skills or target.partition(".")[0] in skills
    )


async def _log_texts(logs: Logs | None, settings: Settings) -> tuple[tuple[LogText, ...], tuple[str, ...]]:
    if logs is None:
        return (), ()
    try:
        return await log_texts(logs, mask=masker(settings)), ()
    except AgentError as error:
        return (), (f"The logs are left out: {error.message}",)


async def _tools(model: LanguageModel, registry: Registry) -> tuple[ToolSpec, ...]:
    """The tools that the model's window has room for."""
    tools = [tool for tool in await asyncio.to_thread(registry.all) if is_offered(tool)]
    specs = tuple(ToolSpec(tool.name, tool.summary, tool_schema(tool)) for tool in tools)
    count = await ready_estimate(model)
    return offered(specs, (model.info.window or UNKNOWN_WINDOW) // 2, count.tool)[0]


class _Running:
    """One run, and the calls of the model that its process asks for."""

    def __init__(
        self,
        workspace: Workspace,
        model: LanguageModel,
        settings: Settings,
        on_progress: OnProgress,
        on_outcome: OnOutcome,
    ) -> None:
        self._model, self._settings = model, settings
        self._on_progress, self._on_outcome = on_progress, on_outcome
        self._root = str(workspace.root)
        self._calls: set[asyncio.Task[None]] = set()
        self._failure: AgentError | None = None
        self._worker = WorkerProcess(
            module="agent_core.rl.gepa.worker",
            name="optimiser",
            fault=LearningFault,
            cwd=workspace.root,
            first=self._first,
            environment=_ENVIRONMENT,
        )

    async def _first(self) -> p.Start:
        return p.Start(self._root)

    async def run(self, job: Job) -> Report:
        """What came of it; raises the `ModelError` that ended it, or `LearningFault`."""
        try:
            return await self._worker.ask(p.Improve(job), Report, on_told=self._told)
        except LearningFault as fault:
            if self._failure is not None and self._failure.message == fault.message:
                raise self._failure from None
            raise
        finally:
            for call in self._calls:
                call.cancel()
            await asyncio.gather(*self._calls, return_exceptions=True)
            await self._worker.aclose()

    def _told(self, raw: msgspec.Raw) -> None:
        told: p.Told = msgspec.msgpack.decode(raw, type=p.Told)
        match told:
            case p.Far(progress):
                self._on_progress(progress)
            case p.Done(outcome, spent):
                self._on_outcome(outcome, spent)
            case p.Ask(number, request, tries):
                call = asyncio.create_task(self._answer(number, request, tries))
                self._calls.add(call)
                call.add_done_callback(self._calls.discard)

    async def _answer(self, number: int, request: ChatRequest, tries: int) -> None:
        made: list[None] = []
        try:
            said = await behind(self._model, lambda: self._said(request, tries, lambda: made.append(None)))
            answer = p.Answered(number=number, said=said, tries=len(made))
        except GaveWay:
            answer = p.Answered(number=number, gave_way=True, tries=len(made))
        except AgentError as error:
            self._failure = error
            answer = p.Answered(number=number, error=error.info, tries=max(1, len(made)))
        except Exception as error:  # noqa: BLE001 - the edge of the call: the process waits for an answer
            _log.exception("a call of the model broke")
            self._failure = LearningFault(f"A call of the model broke: {type(error).__name__}: {error}")
            answer = p.Answered(number=number, error=self._failure.info)
        with suppress(LearningFault):  # the process is over: whoever asked it knows
            await self._worker.ask(answer, None)

    async def _said(self, request: ChatRequest, tries: int, on_try: Callable[[], None]) -> Said:
        """The reply; where the endpoint cannot enforce a schema, one that is not bound to it."""
        if self._model in refuses_schema:
            request = msgspec.structs.replace(request, response_schema=None)
        try:
            events = watch(
                self._model, request, settings=self._settings, tries=tries, on_try=on_try, is_ahead=False
            )
            return await whole(events, model=self._model.info.name)
        except ModelRefused as error:
            if request.response_schema is None or not is_about_schema(error):
                raise
            refuses_schema.add(self._model)
            return await self._said(request, tries, on_try)


def _saved(folder: Path, report: Report) -> tuple[Outcome, ...]:
    """Save what won, a version for each skill; the outcomes with the numbers of their versions."""
    won: dict[str, dict[str, Prompt]] = {}
    for outcome in report.outcomes:
        if outcome.verdict == "won":
            skill, _, predictor = outcome.target.partition(".")
            won.setdefault(skill, {})[predictor] = Prompt(
                made_for=outcome.made_for,
                instructions=outcome.instructions,
                before=round(outcome.before or 0.0, 4),
                after=round(outcome.after or 0.0, 4),
                examples=outcome.validate,
            )
    versions: dict[str, int] = {}
    try:
        for skill, prompts in won.items():
            version = add_version(folder, skill, prompts, model=report.model, made=time.time())
            versions[skill] = version.number
    except OSError as error:
        raise LearningFault(
            f"What won cannot be saved: {error.strerror or error}", hint="Make room, or check the folder."
        ) from None
    return tuple(
        msgspec.structs.replace(outcome, version=versions[outcome.target.partition(".")[0]])
        if outcome.verdict == "won"
        else outcome
        for outcome in report.outcomes
    )
