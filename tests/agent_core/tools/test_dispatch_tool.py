"""`dispatch` at the prompt and for the model, where there is no bus, and where somebody listens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent_core.bus import Subscription
from agent_core.config import MASK, Settings
from agent_core.errors import BusUnreachable, UsageError
from agent_core.events import BusChanged, BusState, Event, TurnFinished
from agent_core.runtime import open_runtime
from agent_core.streaming.link import BusLink
from agent_core.tools.base import ToolContext
from agent_core.tools.dispatch import DispatchArgs, DispatchTool
from agent_core.tools.registry import Registry, is_offered
from agent_core.workspace import Workspace

NOBODY = "127.0.0.1:1"


def tool_of(settings: Settings) -> DispatchTool:
    def ignored(_: BusChanged) -> None:
        pass

    return DispatchTool(link=BusLink(settings=settings, publish=ignored))


async def test_without_a_broker_nothing_is_asked_and_the_next_step_is_said(tmp_path: Path) -> None:
    settings, workspace = Settings(kafka_bootstrap=NOBODY), Workspace.open(tmp_path)
    tool, args = tool_of(settings), DispatchArgs(task="grep x")
    with pytest.raises(BusUnreachable) as planned:
        await tool.plan(args, workspace=workspace, settings=settings, typed=True)
    with pytest.raises(BusUnreachable) as ran:
        await tool.run(args, ToolContext(workspace=workspace, settings=settings))
    assert planned.value.hint == ran.value.hint and "it is done here" in ran.value.hint


async def test_it_asks_with_the_address_and_what_is_sent_without_secrets(tmp_path: Path) -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    where = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    settings = Settings(kafka_bootstrap=where, openai_api_key="hunter22")
    args = DispatchArgs(task="use hunter22")
    workspace = Workspace.open(tmp_path)
    planned = await tool_of(settings).plan(args, workspace=workspace, settings=settings, typed=False)
    assert planned.lines == (where,) and MASK in planned.reason and "hunter22" not in planned.reason
    assert "was masked" in planned.reason
    plain = await tool_of(settings).plan(
        DispatchArgs(task="use it"), workspace=workspace, settings=settings, typed=False
    )
    assert "masked" not in plain.reason
    with pytest.raises(UsageError):
        await tool_of(settings).plan(
            DispatchArgs(task=" "), workspace=workspace, settings=settings, typed=True
        )
    server.close()


@pytest.mark.parametrize(
    ("state", "topics", "offered"),
    [("up", ("agent.tasks",), True), ("up", (), False), ("lost", ("agent.tasks",), False)],
)
def test_a_model_is_offered_it_where_there_is_a_fleet(
    state: BusState, topics: tuple[str, ...], offered: bool
) -> None:
    link = BusLink(settings=Settings(), publish=lambda _: None)
    link.standing = BusChanged(state=state, where="k:1", topics=topics)
    tool = DispatchTool(link=link)
    assert is_offered(tool) is offered and Registry([tool]).get("dispatch") is tool


async def _until_end(events: Subscription) -> AsyncIterator[Event]:
    async for event in events:
        yield event
        if isinstance(event, TurnFinished):
            return


async def test_in_a_batch_it_is_refused_unless_it_is_granted(tmp_path: Path) -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    where = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    flags = {"kafka_bootstrap": where, "provider": "none"}
    runtime = open_runtime(tmp_path, flags=flags, interactive=False)
    try:
        with runtime.bus.subscribe() as events:
            runtime.session.submit("dispatch grep x")
            ends = [event async for event in _until_end(events) if isinstance(event, TurnFinished)]
        assert ends[0].exit == 3 and ends[0].error and f"network:{where}" in ends[0].error.hint
    finally:
        await runtime.aclose()
        server.close()
