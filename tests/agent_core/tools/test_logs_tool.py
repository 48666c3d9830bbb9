"""`logs ship` at the prompt and in batches, where nobody listens and where somebody does; against a genuine
broker it is in `tests/e2e/bus`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agent_core.commandline import CommandLine, Task, parse, render
from agent_core.config import Settings
from agent_core.errors import AgentError, BusUnreachable, LogFault, UsageError
from agent_core.events import TurnFinished
from agent_core.runtime import open_runtime
from agent_core.tools.base import ToolContext
from agent_core.tools.logs import LogsArgs, LogsTool
from agent_core.tools.registry import Registry
from agent_core.workspace import Workspace

NOBODY = Settings(kafka_bootstrap="127.0.0.1:1")


async def somebody() -> tuple[asyncio.Server, str]:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    return server, f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


def test_what_is_typed() -> None:
    registry = Registry((LogsTool(),))
    typed = parse("logs ship logs/api.log --service api --since 10m --all", registry)
    assert isinstance(typed, CommandLine)
    args = LogsArgs(what="ship", sources=("logs/api.log",), service="api", since="10m", all=True)
    assert typed.args == args
    again = parse(render(LogsTool(), args), registry)
    assert isinstance(again, CommandLine) and again.args == args
    for question in ("logs are full of errors, why?", "logs say nothing"):
        assert isinstance(parse(question, registry), Task)


async def test_without_a_broker_nothing_is_asked_and_the_next_step_is_said(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_text("one\n")
    workspace = Workspace.open(tmp_path)
    tool, args = LogsTool(), LogsArgs(what="ship")
    with pytest.raises(BusUnreachable) as planned:
        await tool.plan(args, workspace=workspace, settings=NOBODY, typed=True)
    with pytest.raises(BusUnreachable) as ran:
        await tool.run(args, ToolContext(workspace=workspace, settings=NOBODY))
    assert "stack up kafka" in planned.value.hint and planned.value.hint == ran.value.hint
    assert not (tmp_path / ".dspy_tui").exists(), "nothing was noted"


@pytest.mark.parametrize(
    ("args", "kind"),
    [
        (LogsArgs(what="ship", since="never"), UsageError),
        (LogsArgs(what="ship", service="a/b"), UsageError),
    ],
)
async def test_what_is_off_is_said_before_anything_is_asked(
    tmp_path: Path, args: LogsArgs, kind: type[AgentError]
) -> None:
    with pytest.raises(kind):
        await LogsTool().plan(args, workspace=Workspace.open(tmp_path), settings=NOBODY, typed=True)


@pytest.mark.parametrize(
    ("sources", "said"), [((), "No logs were found"), (("logs",), "There are no logs in logs")]
)
async def test_where_there_are_no_logs_that_is_what_is_said(
    tmp_path: Path, sources: tuple[str, ...], said: str
) -> None:
    (tmp_path / "logs").mkdir()
    workspace, args = Workspace.open(tmp_path), LogsArgs(what="ship", sources=sources)
    with pytest.raises(LogFault, match=said):
        await LogsTool().plan(args, workspace=workspace, settings=NOBODY, typed=True)
    with pytest.raises(LogFault, match=said) as met:
        await LogsTool().run(args, ToolContext(workspace=workspace, settings=NOBODY))
    assert "--source" not in met.value.hint, "there is no such option here"
    assert sources or "`logs ship NAME`" in met.value.hint


async def test_it_asks_with_the_address_and_which_logs(tmp_path: Path) -> None:
    server, where = await somebody()
    workspace, settings = Workspace.open(tmp_path), Settings(kafka_bootstrap=where)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.log").write_text("one\n")
    for sources, said in (((), "all logs"), (("logs/a.log", "compose:api"), "logs/a.log, compose:api")):
        args = LogsArgs(what="ship", sources=sources)
        planned = await LogsTool().plan(args, workspace=workspace, settings=settings, typed=True)
        assert planned.lines == (where,) and said in planned.reason
    server.close()


async def test_in_a_batch_it_is_refused_unless_it_is_granted(tmp_path: Path) -> None:
    server, where = await somebody()
    (tmp_path / "app.log").write_text("one\n")
    runtime = open_runtime(tmp_path, flags={"kafka_bootstrap": where, "provider": "none"}, interactive=False)
    try:
        with runtime.bus.subscribe() as events:
            runtime.session.submit("logs ship")
            end = await anext(event async for event in events if isinstance(event, TurnFinished))
        assert end.exit == 3 and end.error and f"network:{where}" in end.error.hint
    finally:
        await runtime.aclose()
        server.close()
