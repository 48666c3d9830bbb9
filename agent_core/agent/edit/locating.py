"""Which files a change is about, where the model does not look for itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, cast

from agent_core.agent.loading import skill_for
from agent_core.agent.modelcalls import ModelCalls
from agent_core.agent.objects import objects_in
from agent_core.agent.port import TaskInput, TurnPort
from agent_core.events import Hit
from agent_core.workspace import Workspace

_MOST_CANDIDATES = 8
_SHARE = 0.35
"""Of what a prompt may take, for the candidates; where their lines take more, their paths have to do."""
_WITHOUT_MODEL = 2
"""Files that are taken when the model names none."""


async def locate(
    task: TaskInput, turn: TurnPort, calls: ModelCalls, places: Sequence[Hit]
) -> tuple[str, ...]:
    """The files that the user mentions; else those of the found places that the model names.

    Raises:
        ModelError: The model failed.
    """
    mentioned = await asyncio.to_thread(_files, (mention.path for mention in task.mentions), turn.workspace)
    if mentioned:
        return mentioned
    candidates = await asyncio.to_thread(_files, (hit.path for hit in places), turn.workspace)
    candidates = candidates[:_MOST_CANDIDATES]
    if len(candidates) <= 1:
        return candidates
    skill = await skill_for(turn, "locate", turn.workspace)
    from agent_core.skills.locate import MOST_FILES, schema

    rows = "\n".join(_described(path, places) for path in candidates)
    if calls.known.cut(rows, _SHARE) != rows:
        rows = calls.known.cut("\n".join(candidates), _SHARE)
    fields = {"candidates": rows}
    reply = await calls.constrained("name", "locate", schema(candidates), fields, skill=skill)
    named = [path for path in named_in(reply) if path in candidates]
    return tuple(dict.fromkeys(named))[:MOST_FILES] or candidates[:_WITHOUT_MODEL]


def _files(paths: Iterable[str], workspace: Workspace) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for path in paths:
        place = workspace.resolve(path)
        if place.is_file():
            found[workspace.relative(place)] = None
    return tuple(found)


def _described(path: str, places: Iterable[Hit]) -> str:
    lines = [hit.text.strip().partition("\n")[0][:80] for hit in places if hit.path == path]
    return f"{path}: {'; '.join(line for line in lines[:3] if line)}"


def named_in(reply: str) -> list[str]:
    """The paths in a reply, however it is wrapped; candidates that it names in prose count, too."""
    for value in objects_in(reply):
        files: Any = cast("dict[str, Any]", value).get("files") if isinstance(value, dict) else None
        if isinstance(files, str):
            files = [files]
        if isinstance(files, list):
            return [path for path in cast("list[Any]", files) if isinstance(path, str)]
    return [word.strip("`'\",.:;*()[]") for word in reply.split()]
