"""A whole run with a model of our own: measured, saved, used by the next session; refused; ended."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from agent_core.config import Settings
from agent_core.errors import LearningFault, UsageError, WorkspaceError
from agent_core.events import Usage
from agent_core.llm.errors import ContextTooSmall, ModelUnreachable, NoModel
from agent_core.llm.port import ChatRequest, Finished, Message, StreamEvent, TextChunk
from agent_core.llm.said import whole
from agent_core.llm.timeouts import prompt_rate, watch
from agent_core.rl.gepa.api import Budget, Outcome, Progress, Report, Spent
from agent_core.rl.gepa.optimising import optimise
from agent_core.skills.registry import load_skill, skill_rows, skills_folder
from agent_core.tools.registry import Registry, builtin_tools
from agent_core.workspace import Workspace
from tests.agent_core.rl.gepa.made import BETTER, Obeys
from tests.fakes.processes import started
from tests.fakes.session import GivenModels, make_session

BUILT_IN = load_skill("ask")[0].conclude.signature.instructions


async def run(
    workspace: Workspace,
    model: Obeys | None,
    *,
    budget: Budget | None = None,
    skills: tuple[str, ...] = ("ask.conclude",),
    seen: list[Progress] | None = None,
    settings: Settings | None = None,
    **more: Any,
) -> Report:
    progress: list[Progress] = [] if seen is None else seen
    return await optimise(
        workspace,
        models=GivenModels(model),  # type: ignore[arg-type]
        settings=settings or Settings(),
        registry=Registry(builtin_tools()),
        budget=budget,
        skills=skills,
        on_progress=progress.append,
        **more,
    )


def only(report: Report) -> Outcome:
    (outcome,) = report.outcomes
    return outcome


def nothing_is_left(workspace: Workspace) -> bool:
    """No process, and nothing saved."""
    return not started("gepa.worker") and not (skills_folder(workspace) / "ask.json").exists()


async def answered(root: Path) -> str:
    """The instructions that the next session sends with a question."""
    model = Obeys()
    session, _ = make_session(root, *builtin_tools(), model=model)
    session.submit("where is the walnut weighed?")
    await session.idle()
    return model.requests[-1].messages[0].content


async def test_a_better_prompt_is_measured_and_saved_and_the_next_session_sends_it(
    workspace: Workspace,
) -> None:
    assert await answered(workspace.root.parent) == BUILT_IN
    model, seen = Obeys(), list[Progress]()
    report = await run(workspace, model, seen=seen)
    outcome = only(report)
    assert (outcome.verdict, outcome.instructions, outcome.version) == ("won", BETTER, 1)
    assert outcome.before == 0.0 and outcome.after == 1.0 and outcome.gain == 1.0
    assert outcome.better == outcome.validate >= 5 and outcome.worse == 0
    assert outcome.chance is not None and outcome.chance < 0.05
    assert report.spent.calls == len(model.requests)
    assert report.spent.tokens == 120 * len(model.requests)
    assert seen[0].phase == "collecting" and seen[-1].phase == "comparing"
    assert seen[-1].candidates == 2 and seen[-1].best == 1.0
    (row,) = [row for row in skill_rows(skills_folder(workspace)) if row.optimised]
    assert row.name == "ask" and "conclude 0.00 → 1.00" in row.optimised
    assert await answered(workspace.root.parent) == BETTER
    assert not started("gepa.worker")


async def test_a_prompt_that_is_no_better_is_refused_with_its_figures(workspace: Workspace) -> None:
    model = Obeys(better="Answer as well as you can, and be kind to whoever asks you something.")
    outcome = only(await run(workspace, model, budget=Budget(calls=120)))
    assert (outcome.verdict, outcome.before, outcome.version) == ("equal", 0.0, 0)
    assert "candidate" in outcome.note and nothing_is_left(workspace)
    assert len(model.requests) <= 120


async def test_a_prompt_that_is_perfect_is_left_alone(workspace: Workspace) -> None:
    await run(workspace, Obeys())
    model = Obeys()
    outcome = only(await run(workspace, model))
    assert (outcome.verdict, outcome.before, outcome.version) == ("perfect", 1.0, 0)
    assert len(model.requests) == outcome.validate
    assert all(request.messages[0].content == BETTER for request in model.requests), (
        "the one in use is measured"
    )


@pytest.mark.parametrize(
    "budget", [Budget(calls=9), Budget(calls=60), Budget(tokens=3000), Budget(tokens=6500)]
)
async def test_a_budget_ends_it(workspace: Workspace, budget: Budget) -> None:
    model = Obeys(better="Answer as well as you can, and be kind to whoever asks you something.")
    report = await run(workspace, model, budget=budget)
    assert len(model.requests) == report.spent.calls <= budget.calls
    assert report.spent.tokens <= budget.tokens + 120, "one call more than there was room for, at most"
    assert only(report).verdict in ("budget", "equal") and nothing_is_left(workspace)


async def test_what_is_asked_once_more_is_paid_for(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent_core.llm.timeouts._RETRY_DELAY_S", 0.0)
    model = Obeys(
        better="Answer as well as you can, and be kind to whoever asks you something.", falters=True
    )
    report = await run(workspace, model, budget=Budget(calls=61))
    assert len(model.requests) == report.spent.calls <= 61, "each call took two requests"
    assert report.spent.tokens == 120 * (len(model.requests) // 2)


async def test_what_was_tried_is_not_tried_again(workspace: Workspace) -> None:
    """A run that is ended in its second prompt goes on there, to what a whole one comes to."""
    kept: list[tuple[Outcome, Spent]] = []
    model = Obeys()

    def keep(outcome: Outcome, spent: Spent) -> None:
        kept.append((outcome, spent))
        model.hang()

    running = asyncio.create_task(run(workspace, model, skills=("ask.conclude", "locate"), on_outcome=keep))
    await model.hanging.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert nothing_is_left(workspace)
    ((first, spent),) = kept
    assert (first.target, first.verdict, first.after) == ("ask.conclude", "equal", 1.0)
    again = Obeys()
    report = await run(workspace, again, skills=("ask.conclude", "locate"), done=(first,), spent=spent)
    one, two = report.outcomes
    assert (one.verdict, one.version, two.target) == ("won", 1, "locate.name")
    assert report.spent.calls == spent.calls + len(again.requests)
    assert all(request.messages[0].content != BUILT_IN for request in again.requests)


async def test_time_that_is_up_ends_it_in_the_middle_of_a_call(workspace: Workspace) -> None:
    model = Obeys(hang=True)
    report = await run(workspace, model, budget=Budget(seconds=0.5))
    assert only(report).verdict == "budget" and "time was up" in only(report).note
    assert model.closed == 1 and nothing_is_left(workspace)


async def test_a_budget_is_shared_by_the_prompts(workspace: Workspace) -> None:
    model = Obeys(better="Answer as well as you can, and be kind to whoever asks you something.")
    report = await run(workspace, model, budget=Budget(calls=130), skills=("ask.conclude", "locate"))
    assert {outcome.target for outcome in report.outcomes} == {"ask.conclude", "locate.name"}
    assert all(outcome.before is not None for outcome in report.outcomes), "both have been measured"
    assert len(model.requests) <= 130


async def test_where_a_budget_is_too_small_for_all_some_are_done(workspace: Workspace) -> None:
    """What a call takes is known after a few: this is enough for one prompt, and a third of it for none."""
    model = Obeys()
    report = await run(
        workspace, model, budget=Budget(tokens=120 * 60), skills=("ask.conclude", "locate", "plan")
    )
    verdicts = {outcome.target: outcome.verdict for outcome in report.outcomes}
    assert verdicts == {"ask.conclude": "won", "locate.name": "budget", "plan.draft": "budget"}


async def test_a_candidate_is_compared_on_as_many_examples_as_the_budget_reached_for(
    workspace: Workspace,
) -> None:
    """Each call takes more tokens from the 36th on, so that what was reckoned with does not do."""
    model = Obeys(dearer_after=35)
    outcome = only(await run(workspace, model, budget=Budget(tokens=120 * 60)))
    assert outcome.verdict == "won" and 5 <= outcome.validate < 16
    assert f"measured on {outcome.validate} of 16 examples: The budget of 7,200 tokens" in outcome.note
    assert outcome.better == outcome.validate


async def test_an_endpoint_that_takes_no_schema_is_asked_without(workspace: Workspace) -> None:
    model = Obeys(bound=False)
    outcome = only(await run(workspace, model, budget=Budget(calls=40), skills=("locate",)))
    assert outcome.verdict == "equal" and outcome.before is not None
    assert sum(request.response_schema is not None for request in model.requests) == 1


async def test_cancelling_leaves_nothing(workspace: Workspace) -> None:
    model = Obeys(hang=True)
    running = asyncio.create_task(run(workspace, model))
    await model.asked.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert model.closed == 1 and nothing_is_left(workspace)


async def test_a_process_that_is_killed_is_an_error_and_leaves_nothing(workspace: Workspace) -> None:
    model = Obeys(hang=True)
    running = asyncio.create_task(run(workspace, model))
    await model.asked.wait()
    (pid,) = started("gepa.worker")
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(LearningFault, match="signal 9"):
        await running
    assert model.closed == 1 and nothing_is_left(workspace)


@pytest.mark.parametrize("after", [0, 20])
async def test_an_endpoint_that_fails_ends_it_with_its_error(workspace: Workspace, after: int) -> None:
    model = Obeys(error=ModelUnreachable("nobody answers", hint="start it"), after=after)
    with pytest.raises(ModelUnreachable, match="nobody answers") as raised:
        await run(workspace, model)
    assert raised.value.hint == "start it" and nothing_is_left(workspace)
    assert len(model.requests) == after + 2, "one retry, as for every call, and no further call"


async def test_a_call_that_breaks_ends_it_at_once(workspace: Workspace) -> None:
    model = Obeys(error=RuntimeError("a bug"))
    with pytest.raises(LearningFault, match="RuntimeError: a bug"):
        await run(workspace, model)
    assert len(model.requests) == 1 and nothing_is_left(workspace)


async def test_prompts_that_do_not_fit_are_worth_nothing_and_end_nothing(workspace: Workspace) -> None:
    model = Obeys(error=ContextTooSmall("too long"))
    outcome = only(await run(workspace, model, budget=Budget(calls=120)))
    assert (outcome.verdict, outcome.before) == ("equal", 0.0) and nothing_is_left(workspace)


async def test_without_a_model_it_is_refused(workspace: Workspace) -> None:
    with pytest.raises(NoModel) as raised:
        await run(workspace, None)
    assert raised.value.code == "no-model" and "--skip-gepa" in raised.value.hint
    assert nothing_is_left(workspace)


async def test_what_is_no_skill_is_refused(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match="nothing to optimise of 'nonsense'"):
        await run(workspace, Obeys(), skills=("nonsense",))


async def test_a_workspace_without_examples_says_so(tmp_path: Path) -> None:
    model = Obeys()
    report = await run(Workspace.open(tmp_path), model, skills=("ask", "logs"))
    assert {outcome.verdict for outcome in report.outcomes} == {"scarce"} and not model.requests


async def test_where_nothing_can_be_saved_nothing_is_tried(workspace: Workspace) -> None:
    workspace.state_dir.mkdir()
    (workspace.state_dir / "skills").symlink_to(workspace.root.parent)
    model = Obeys()
    with pytest.raises(WorkspaceError, match="symbolic link"):
        await run(workspace, model)
    assert not model.requests and not (workspace.root.parent / "ask.json").exists()


async def test_what_won_and_cannot_be_saved_is_an_error(workspace: Workspace) -> None:
    folder = workspace.ensure_state_dir("skills")
    (folder / "ask.json").mkdir()
    with pytest.raises(LearningFault, match="cannot be saved"):
        await run(workspace, Obeys())


class OneAtATime(Obeys):
    """An endpoint that answers one request after the other, also one that nobody waits for any more."""

    def __init__(self, *, conversation_s: float) -> None:
        super().__init__()
        self._free = asyncio.Lock()
        self._conversation_s = conversation_s

    async def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent]:
        talk = request.messages[-1].content == QUESTION
        await asyncio.shield(asyncio.ensure_future(self._serve(self._conversation_s if talk else 0.02)))
        if talk:
            yield TextChunk("It is weighed in `pkg/walnut.py:5`.")
            yield Finished("stop", Usage(prompt_tokens=100, completion_tokens=20))
            return
        async for event in super().stream(request):
            yield event

    async def _serve(self, seconds: float) -> None:
        async with self._free:
            await asyncio.sleep(seconds)


QUESTION = "where is the walnut weighed?"


async def test_a_question_asked_meanwhile_goes_first_and_ends_nothing(workspace: Workspace) -> None:
    """The question takes longer than a call of the run may wait for its first token."""
    model, seen = OneAtATime(conversation_s=1.5), list[Progress]()
    prompt_rate(model).measured(10_000, 0.5)
    running = asyncio.create_task(
        run(workspace, model, seen=seen, settings=Settings(first_token_timeout=1.0))
    )
    while len(model.requests) < 3 and not running.done():
        await asyncio.sleep(0.01)
    asked = ChatRequest(messages=(Message(role="user", content=QUESTION),))
    for _ in range(2):
        said = await whole(watch(model, asked, settings=Settings()), model="m")
        assert "walnut" in said.text
    report = await running
    assert only(report).verdict == "won"
    given_up = report.spent.calls - len(model.requests)
    assert 0 <= given_up <= 2, "what gave way is made again, and paid for"
