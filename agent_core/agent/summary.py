"""A model's few sentences on what a tool found, streamed as the answer of the turn."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from agent_core.agent.budget import UNKNOWN_WINDOW
from agent_core.agent.citations import check_citations
from agent_core.agent.estimate import estimate_for, ready_estimate
from agent_core.agent.loading import skill_for
from agent_core.agent.streaming import TurnStream
from agent_core.config import MASK
from agent_core.errors import AgentError, Interrupted
from agent_core.events import ContextItem, ContextPacked, Notice
from agent_core.llm.dspy_engine import PortEngine, language_model
from agent_core.llm.errors import ModelProtocolError
from agent_core.llm.timeouts import watch
from agent_core.masking import masker

if TYPE_CHECKING:
    import dspy

    from agent_core.config import Settings
    from agent_core.llm.port import LanguageModel
    from agent_core.llm.select import Models
    from agent_core.tools.base import Speaker
    from agent_core.workspace import Workspace

_MOST_FACTS = {True: 1500, False: 8000}
"""Tokens of facts, by whether the model is local: a CPU reads some 60 tokens a second."""
_MOST_ANSWER = 400


class _Told(NamedTuple):
    """How events name a call: what its facts are about, what they are, and what it is for."""

    label: str
    kind: str
    purpose: str


async def summarise(
    models: Models,
    facts: str,
    *,
    skill: str,
    label: str,
    turn: Speaker,
    workspace: Workspace,
    settings: Settings,
    kind: str = "tool",
    purpose: str = "answer",
) -> str:
    """Have the model say what the facts mean; "" without a model.

    What it says is published as it comes. That it fails costs the summary alone: it is told as a notice, and
    what was said until then stands.

    Args:
        models: Which model answers.
        facts: What was found, for models and people alike; secrets in it are masked.
        skill: The name of the skill that says it: one predictor with one input.
        label: What the facts are about, as a command line.
        turn: Where it is said.
        workspace: What citations are checked against.
        settings: The effective settings.
        kind: What the facts are, as `ContextItem` names it.
        purpose: What the model is called for, as events name it.

    Raises:
        Interrupted: The turn was cancelled while a question was open.
    """
    stream: TurnStream | None = None
    told = _Told(label, kind, purpose)
    try:
        model = await models.current()
        if model is None:
            return ""
        module = await skill_for(turn, skill, workspace)
        stream = TurnStream(turn_id=turn.turn_id, model=model.info, publish=turn.publish)
        await _say(model, stream, masker(settings)(facts), module, told, turn=turn, settings=settings)
    except Interrupted:
        raise
    except AgentError as error:
        begun = "The summary broke off" if stream and stream.text else "There is no summary"
        message = f"{begun}: {error.message}"
        turn.publish(Notice(level="warning", message=message, hint=error.hint, turn_id=turn.turn_id))
    text = stream.text if stream else ""
    _, bad = await asyncio.to_thread(check_citations, text, workspace)
    if bad:
        message = f"the summary cites what does not exist: {', '.join(bad[:5])}"
        turn.publish(Notice(level="warning", message=message, turn_id=turn.turn_id))
    return text


async def _say(
    model: LanguageModel,
    stream: TurnStream,
    facts: str,
    skill: dspy.Module,
    told: _Told,
    *,
    turn: Speaker,
    settings: Settings,
) -> None:
    import dspy
    from dspy.utils.exceptions import LMError

    from agent_core.skills.text_adapter import TextAdapter

    (predictor,) = cast("Any", skill).predictors()
    await ready_estimate(model)
    facts, used = _fitting(model, facts, predictor, told, turn=turn)
    engine = PortEngine(
        open_stream=lambda request: watch(model, request, settings=settings, publish_alive=stream.alive),
        listener=stream,
    )
    stream.begin(step=1, purpose=told.purpose, prompt_tokens=used, show="at once")
    config = {"think": False, "temperature": settings.temperature, "max_tokens": _MOST_ANSWER}
    lm = language_model(model, engine)
    try:
        with dspy.context(lm=lm, adapter=TextAdapter(), disable_history=True, trace=None, track_usage=False):
            (name,) = predictor.signature.input_fields
            await cast("Any", skill).acall(**{name: facts}, config=config)
    except LMError as error:
        raise engine.failure or ModelProtocolError(str(error)) from None
    finally:
        stream.end()
    usage = stream.last_usage
    if usage is not None and not usage.estimated:
        estimate_for(model).measured(used, usage.prompt_tokens)


def _fitting(
    model: LanguageModel,
    facts: str,
    predictor: Any,
    told: _Told,
    *,
    turn: Speaker,
) -> tuple[str, int]:
    """The facts as far as they fit, and the tokens of the whole prompt; what stands first is kept."""
    count = estimate_for(model)
    window = model.info.window or UNKNOWN_WINDOW
    signature = predictor.signature
    fixed = count(signature.instructions) + 32
    # Paths and numbers take up to half again as many tokens as the estimate expects of prose and code.
    room = min((window - _MOST_ANSWER) * 2 // 3 - fixed, _MOST_FACTS[model.info.is_local])
    facts = count.cut(facts, max(64, room))
    used = fixed + count(facts)
    items = (
        ContextItem("system", "instructions", fixed),
        ContextItem(told.kind, told.label, count(facts), masked=facts.count(MASK)),
    )
    turn.publish(
        ContextPacked(turn_id=turn.turn_id, used=used, window=window, items=items, reserve=_MOST_ANSWER)
    )
    return facts, used
