"""The message of a commit: from the model where there is one, else from what was asked and what changed."""

from __future__ import annotations

from collections.abc import Sequence

from agent_core.agent.budget import UNKNOWN_WINDOW
from agent_core.agent.estimate import estimate_for
from agent_core.agent.gather import Gathered
from agent_core.agent.loading import skill_for
from agent_core.agent.modelcalls import ModelCalls
from agent_core.agent.port import TaskInput, TurnPort
from agent_core.errors import AgentError, Interrupted
from agent_core.events import Notice
from agent_core.llm.port import LanguageModel
from agent_core.masking import masker
from agent_core.text import one_line, plural, printable, shorten

_SHARE = 0.5
"""Of the window, for the diff."""
_SUBJECT = 68
_ASKED = 3


async def message_of(
    model: LanguageModel | None, turn: TurnPort, *, diff: str, paths: Sequence[str], earlier: Sequence[str]
) -> str:
    """A message; a model that fails costs no more than its better words, which is told.

    Args:
        model: Who writes it, or None.
        turn: The turn it is for.
        diff: The change.
        paths: The files that it is about.
        earlier: The subjects of earlier commits, whose style it follows.

    Raises:
        Interrupted: The turn was cancelled while it asked.
    """
    if model is not None and diff:
        try:
            written = await _written(model, turn, diff=diff, earlier=earlier)
        except Interrupted:
            raise
        except AgentError as error:
            message = f"The model wrote no message: {error.message}"
            turn.publish(Notice(level="warning", message=message, hint=error.hint, turn_id=turn.turn_id))
        else:
            if written:
                return written
    return _plain(turn, paths)


async def _written(model: LanguageModel, turn: TurnPort, *, diff: str, earlier: Sequence[str]) -> str:
    skill = await skill_for(turn, "commit", turn.workspace)
    from agent_core.skills.commit import cleaned

    count = estimate_for(model)
    asked = "\n".join(exchange.question for exchange in turn.history[-_ASKED:])
    mask = masker(turn.settings)
    fields = {
        "earlier": mask("\n".join(earlier)),
        "asked": shorten(mask(asked), 600),
        "diff": count.cut(mask(diff), int((model.info.window or UNKNOWN_WINDOW) * _SHARE)),
    }
    calls = ModelCalls(
        model, task=TaskInput(text=""), turn=turn, gathered=Gathered((), ()), tools=(), skill=skill
    )
    with calls.context():
        reply = await calls.call(
            "message", "commit", show="never", config={"think": False, "max_tokens": 200}, fields=fields
        )
    return printable(cleaned(reply.text))


def _plain(turn: TurnPort, paths: Sequence[str]) -> str:
    """What was asked for last, else which files changed: a question says nothing of them."""
    asked = one_line(turn.history[-1].question) if turn.history else ""
    if asked and not asked.rstrip().endswith("?"):
        return shorten(asked[:1].upper() + asked[1:], _SUBJECT)
    rest = f" and {plural(len(paths) - 1, 'other file')}" if len(paths) > 1 else ""
    return shorten(f"Change {one_line(paths[0])}{rest}", _SUBJECT)
