"""A second look of the model at a change that nothing else verified."""

from __future__ import annotations

import asyncio
import time
from typing import Any, cast

import msgspec

from agent_core.agent.edit.checking import Checked
from agent_core.agent.edit.telling import diff_of
from agent_core.agent.estimate import Estimate
from agent_core.agent.loading import skill_for
from agent_core.agent.modelcalls import ModelCalls
from agent_core.agent.objects import objects_in
from agent_core.agent.port import TurnPort
from agent_core.edits.model import Resolved
from agent_core.errors import AgentError, ErrorInfo, Interrupted
from agent_core.events import ToolFinished, ToolStarted
from agent_core.masking import masker
from agent_core.text import one_line, printable, shorten

_SHARE = 0.5
"""Of the prompt's room, for the diff."""
_MOST_PROBLEMS = 5
_VERDICTS = ("does not", "does part of it", "does it")


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """What the model thinks of a change: *does it*, *does part of it*, *does not*, or "" for nothing."""

    verdict: str = ""
    problems: tuple[str, ...] = ()

    @property
    def rejects(self) -> bool:
        """Whether it says what is wrong, and that the change is not what was asked for."""
        return self.verdict == "does not" and bool(self.problems)

    def feedback(self) -> str:
        """What is wrong, for the model that wrote it."""
        return "\n".join(["A review of the change found:", *(f"- {problem}" for problem in self.problems)])

    def remark(self) -> str:
        """One line for people."""
        return f"a review by the model: {self.verdict}" if self.verdict else ""


async def review(
    calls: ModelCalls, turn: TurnPort, resolved: Resolved, checked: Checked, *, count: Estimate
) -> Review:
    """Have the model judge the change; that it fails costs the judgement alone.

    Args:
        calls: The turn's calls.
        turn: The turn; the review is shown as a call.
        resolved: The change.
        checked: What the checks said of it.
        count: Estimates tokens.

    Raises:
        Interrupted: The turn was cancelled while it asked.
    """
    call_id, began = turn.next_call_id(), time.monotonic()
    turn.publish(
        ToolStarted(
            turn_id=turn.turn_id, call_id=call_id, name="review", command="review the change", action="read"
        )
    )
    found, error = Review(), ErrorInfo("interrupted", "It was cancelled")
    try:
        found = await _asked(calls, turn, resolved, checked, count)
        error = None
    except Interrupted:
        raise
    except AgentError as failure:
        error = failure.info
    finally:
        turn.publish(
            ToolFinished(
                turn_id=turn.turn_id,
                call_id=call_id,
                name="review",
                summary=found.verdict or (error.message if error else "no judgement"),
                text="\n".join(found.problems),
                data={"verdict": found.verdict, "problems": list(found.problems)},
                seconds=time.monotonic() - began,
                error=error,
            )
        )
    return found


async def _asked(
    calls: ModelCalls, turn: TurnPort, resolved: Resolved, checked: Checked, count: Estimate
) -> Review:
    skill = await skill_for(turn, "review", turn.workspace)
    from agent_core.skills.review import SCHEMA

    diff = masker(turn.settings)(await asyncio.to_thread(diff_of, resolved.changes))
    fields = {"diff": count.cut(diff, int(calls.known.budget * _SHARE)), "findings": checked.remark()}
    return _read(await calls.constrained("judge", "review", SCHEMA, fields, skill=skill))


def _read(reply: str) -> Review:
    """The judgement in a reply, however it is wrapped."""
    for value in objects_in(reply):
        if not isinstance(value, dict):
            continue
        fields = cast("dict[str, Any]", value)
        said = str(fields.get("verdict", "")).strip().lower()
        verdict = next((known for known in _VERDICTS if known in said), "")
        listed: Any = fields.get("problems")
        problems = cast("list[Any]", listed) if isinstance(listed, list) else [listed] if listed else []
        kept = tuple(shorten(one_line(printable(str(each))), 300) for each in problems[:_MOST_PROBLEMS])
        if verdict:
            return Review(verdict=verdict, problems=kept)
    return Review()
