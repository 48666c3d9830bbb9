"""What a command that a person types may do, and the same command called by the agent may not."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest

from agent_core.cooldowns import Cooldowns
from agent_core.errors import ToolError
from agent_core.events import ActionClass, TextDelta, ToolFinished, TurnFinished
from agent_core.llm.port import ToolCall, ToolCallChunk
from agent_core.llm.scripted import Reply, ScriptedModel
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.workspace import Workspace
from tests.fakes.session import Args, Echo, make_session


class Heavy(Echo):
    """A heavy command that the agent may call; it says something in the turn of whoever typed it."""

    name: ClassVar[str] = "index"
    action: ClassVar[ActionClass] = "heavy"
    for_agent: ClassVar[bool] = True

    def __init__(self) -> None:
        self.ran = 0

    async def run(self, args: Args, context: ToolContext) -> ToolResult:
        self.ran += 1
        if context.turn is not None:
            context.turn.publish(TextDelta(turn_id=context.turn.turn_id, text="In short: done."))
        return ToolResult(text="done", summary="done")


class Touching(Echo):
    """Keeps the index that it is run beside, then fails."""

    def __init__(self, action: ActionClass) -> None:
        self.action = action  # type: ignore[misc]

    async def run(self, args: Args, context: ToolContext) -> ToolResult:
        assert context.turn is not None
        self.index: Any = context.turn.index
        raise ToolError("it failed half-way")


def calling() -> ScriptedModel:
    return ScriptedModel([Reply.of(ToolCallChunk(ToolCall("c1", "index", "{}"))), "It is done."])


def cooldowns(root: Path) -> Cooldowns:
    (root / "workspace").mkdir(exist_ok=True)
    return Cooldowns(
        workspace=Workspace.open(root / "workspace"), seconds={"index": 60}, publish=lambda _: None
    )


async def test_the_agent_waits_for_the_cooldown_and_goes_on_without(tmp_path: Path) -> None:
    kept, tool, model = cooldowns(tmp_path), Heavy(), calling()
    await kept.begin("index")
    session, seen = make_session(tmp_path, tool, model=model, cooldowns=kept)
    session.submit(" index it")
    await session.idle()
    assert tool.ran == 0
    refused = seen.one(ToolFinished)
    assert refused.error is not None and "may be called again in" in refused.error.message
    assert any("may be called again in" in message.content for message in model.requests[-1].messages)
    assert seen.one(TurnFinished).outcome == "answered"
    session.submit("/index")
    await session.idle()
    assert tool.ran == 1, "what a person types always runs"
    assert seen.of(TurnFinished)[-1].error is None


async def test_the_agent_calls_what_has_no_cooldown_left(tmp_path: Path) -> None:
    tool = Heavy()
    session, _ = make_session(tmp_path, tool, model=calling(), cooldowns=cooldowns(tmp_path))
    session.submit(" index it")
    await session.idle()
    assert tool.ran == 1


async def test_only_in_the_turn_of_a_person_does_a_tool_say_something(tmp_path: Path) -> None:
    session, seen = make_session(tmp_path, Heavy(), model=calling())
    session.submit("/index")
    await session.idle()
    assert seen.one(TurnFinished).text == "In short: done."
    session.submit(" index it")
    await session.idle()
    assert seen.of(TurnFinished)[-1].text == "It is done."


@pytest.mark.parametrize(("action", "stirs"), [("read", 0), ("write", 1), ("run", 1), ("shell", 1)])
async def test_what_may_have_changed_files_makes_the_next_search_look(
    tmp_path: Path, action: ActionClass, stirs: int
) -> None:
    tool = Touching(action)
    session, _ = make_session(tmp_path, tool, allow=("write", "run", "shell"))
    session.submit("/echo it")
    await session.idle()
    assert tool.index.stirs == stirs
