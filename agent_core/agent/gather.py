"""What a model starts with: mentioned files, places that may matter, the project's own instructions."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from agent_core.agent.budget import Mentioned
from agent_core.agent.history import Exchange
from agent_core.agent.instructions import read_instructions, set_instructions
from agent_core.agent.port import TaskInput, TurnPort
from agent_core.code.terms import analyse
from agent_core.errors import AgentError, IndexFault, PermissionRefused
from agent_core.events import Hit, Notice
from agent_core.index.api import Place
from agent_core.llm.errors import ModelError
from agent_core.masking import masker
from agent_core.tools.base import ToolContext
from agent_core.workspace import Workspace

if TYPE_CHECKING:
    from agent_core.commandline import Mention

_FEW_TERMS = 2
_MOST_OF_A_LINE = 400
_MOST_QUESTION = 8000
"""Characters of a question that are searched for; what comes after them is pasted, not asked."""


class Gathered(msgspec.Struct, frozen=True):
    """Mentioned files, places found by search, the project's instructions for them, and the diff so far.

    All without secrets.
    """

    mentions: tuple[Mentioned, ...]
    evidence: tuple[Hit, ...]
    rules: tuple[Mentioned, ...] = ()
    diff: str = ""


async def gather(task: TaskInput, turn: TurnPort, *, limit: int = 8) -> Gathered:
    """Read the mentioned files and search for the question; what fails is told and left out."""
    mask = masker(turn.settings)
    mentions: list[Mentioned] = []
    refused = False
    for mention in task.mentions:
        try:
            item = await _mentioned(mention, turn)
        except AgentError as error:
            refused = refused or isinstance(error, PermissionRefused)
            # `@property` looks like a mention and is none.
            if isinstance(error, PermissionRefused) or re.search(r"[/.]", mention.path):
                turn.publish(
                    Notice(level="warning", message=error.message, hint=error.hint, turn_id=turn.turn_id)
                )
        else:
            mentions.append(Mentioned(item.label, mask(item.text)))
    # A search would show what a rule keeps back.
    evidence = () if refused else await search_places(task, turn, mask, limit=limit)
    paths = (*(mention.path for mention in task.mentions), *(hit.path for hit in evidence))
    return Gathered(tuple(mentions), evidence, await rules_for(paths, turn), mask(await _diff(turn)))


async def rules_for(paths: Iterable[str], turn: TurnPort) -> tuple[Mentioned, ...]:
    """The instructions of the settings, and the project's for these files as far as the rules let them be
    read."""
    found = await asyncio.to_thread(
        read_instructions, turn.workspace, tuple(paths), mask=masker(turn.settings)
    )
    kept = list(set_instructions(turn.settings))
    for item in found:
        with suppress(PermissionRefused):
            await _check("cat", item.label, turn)
            kept.append(item)
    return tuple(kept)


async def _diff(turn: TurnPort) -> str:
    """What this session changed so far, as a patch; "" where nothing is kept of it."""
    tool = turn.registry.get("diff")
    if tool is None:
        return ""
    try:
        args = msgspec.convert({"session": True}, tool.args_type)
        await turn.check_call("diff", args)
        result = await tool.run(args, ToolContext(workspace=turn.workspace, settings=turn.settings))
    except (AgentError, msgspec.ValidationError):
        return ""
    return result.text if result.data.get("files") else ""


async def search_places(
    task: TaskInput, turn: TurnPort, mask: Callable[[str], str], *, limit: int = 8
) -> tuple[Hit, ...]:
    """The places that the task's text speaks of, best first; none, and a notice, when the search fails."""
    query = search_text(task.text, task.history)[:_MOST_QUESTION]
    try:
        found = await turn.index.search(query, limit=limit)
    except (IndexFault, ModelError) as error:
        turn.publish(Notice(level="warning", message=error.message, hint=error.hint, turn_id=turn.turn_id))
        return ()
    return tuple(_hit(place, mask) for place in found.places if place.text)


def _hit(place: Place, mask: Callable[[str], str]) -> Hit:
    lines = [line[:_MOST_OF_A_LINE] for line in mask(place.text).split("\n")]
    end = place.start + len(lines) - 1
    return Hit(place.path, place.start, end, place.score, "; ".join(place.why), "\n".join(lines))


def search_text(text: str, history: Iterable[Exchange]) -> str:
    """What to search for; one that says little ("and where is it called?") is read with the one before."""
    query = analyse(text)
    if len(query.stems) >= _FEW_TERMS or query.identifiers:
        return text
    last = next(reversed(list(history)), None)
    return f"{last.question} {text}" if last else text


async def _mentioned(mention: Mention, turn: TurnPort) -> Mentioned:
    """What is mentioned, where the rules let the tool show it that would; raises `AgentError`."""
    await _check(await asyncio.to_thread(_shown_by, mention.path, turn.workspace), mention.path, turn)
    return await asyncio.to_thread(_read, mention, turn.workspace)


async def _check(name: str, path: str, turn: TurnPort) -> None:
    tool = turn.registry.get(name)
    if tool is not None:
        await turn.check_call(name, msgspec.convert({"path": path}, tool.args_type))


def _shown_by(path: str, workspace: Workspace) -> str:
    """The tool that would show it; "" where there is nothing to show."""
    place = workspace.resolve(path)
    return "ls" if os.path.isdir(place) else "cat" if os.path.exists(place) else ""  # noqa: PTH110, PTH112


def _read(mention: Mention, workspace: Workspace) -> Mentioned:
    label = mention.path if mention.start is None else f"{mention.path}:{mention.start}-{mention.end or ''}"
    if workspace.resolve(mention.path).is_dir():
        entries = workspace.list_dir(mention.path)
        return Mentioned(label, "\n".join(entry.name + "/" * entry.is_dir for entry in entries[:200]))
    part = workspace.read_text(mention.path, start=mention.start or 1, end=mention.end)
    numbered = (f"{number:>5} {line}" for number, line in enumerate(part.lines, part.start))
    return Mentioned(label, "\n".join((*numbered, *([f"({part.note})"] if part.note else []))))
