"""Planning a change: with a model its steps, commands and risks; without one, where it would begin."""

from __future__ import annotations

import asyncio

import msgspec

from agent_core.agent.citations import check_citations
from agent_core.agent.gather import Gathered, gather
from agent_core.agent.loading import skill_for
from agent_core.agent.modelcalls import ModelCalls
from agent_core.agent.port import TaskInput, TurnPort
from agent_core.events import Hit, Notice
from agent_core.llm.port import LanguageModel
from agent_core.text import one_line
from agent_core.verify.api import Verifier
from agent_core.verify.detect import command_line


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A plan as text, its parts, and the places that it names."""

    text: str
    parts: dict[str, list[str]]
    hits: tuple[Hit, ...]


async def plan(
    model: LanguageModel, task: TaskInput, turn: TurnPort, *, checks: tuple[Verifier, ...]
) -> Planned:
    """Have the model plan; what it says is published as it comes.

    Raises:
        ModelError: The model failed.
    """
    skill = await skill_for(turn, "plan", turn.workspace)
    from agent_core.skills.plan import parts_of

    gathered = await gather(task, turn)
    calls = ModelCalls(model, task=task, turn=turn, gathered=gathered, tools=(), skill=skill)
    with calls.context():
        fields = {"checks": "\n".join(f"{check.kind}: {command_line(check)}" for check in checks)}
        await calls.call("draft", "plan", show="at once", fields=fields)
    text = calls.stream.text
    good, bad = await asyncio.to_thread(check_citations, text, turn.workspace)
    if bad:
        message = f"the plan cites what does not exist: {', '.join(bad[:5])}"
        turn.publish(Notice(level="warning", message=message, turn_id=turn.turn_id))
    return Planned(text=text, parts=parts_of(text), hits=good)


async def outline(task: TaskInput, turn: TurnPort, *, checks: tuple[Verifier, ...]) -> Planned:
    """What a search can tell of a plan: the places to begin with, and the commands that check a change."""
    gathered = await gather(task, turn)
    steps = [_place(hit) for hit in gathered.evidence]
    commands = [command_line(check) for check in checks]
    parts = {"steps": steps, "commands": commands, "risks": list[str](), "assumptions": list[str]()}
    return Planned(text=_text(gathered, steps, commands), parts=parts, hits=gathered.evidence)


def _place(hit: Hit) -> str:
    first = next((line.strip() for line in hit.text.split("\n") if line.strip()), "")
    return f"look at {hit.path}:{hit.start}" + (f"  {one_line(first)[:80]}" if first else "")


def _text(gathered: Gathered, steps: list[str], commands: list[str]) -> str:
    mentioned = [f"  {item.label}" for item in gathered.mentions]
    parts = [("You mention", mentioned), ("Where to begin", [f"  {step}" for step in steps])]
    parts.append(("Check it with", [f"  {command}" for command in commands]))
    return "\n\n".join("\n".join([f"{title}:", *lines]) for title, lines in parts if lines)
