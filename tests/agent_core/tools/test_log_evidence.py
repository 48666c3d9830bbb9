"""What the logs say counts in `intel`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from agent_core.config import Settings
from agent_core.errors import LogFault
from agent_core.events import Hit
from agent_core.logs.api import CodePlace, Digest, DigestQuery, LogProgress
from agent_core.runtime import open_runtime
from agent_core.tools import log_evidence
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.tools.intel import IntelTool
from agent_core.tools.places import SearchArgs
from agent_core.workspace import Workspace
from tests.fakes.digests import CRASH
from tests.fakes.index import FilesIndex
from tests.fakes.logs import GivenLogs

FILES = {
    "src/retry.py": "class Retry:\n    def backoff(self, attempt):\n        return 2.0**attempt\n",
    "src/client.py": "from src.retry import Retry\n\n\ndef send(retry):\n    return retry.backoff(3)\n",
    "src/server.py": "import os\n\n\ndef serve(port):\n    print(port)\n",
}
EVENT = msgspec.structs.replace(
    CRASH, text="RetryError: gave up after 5 attempts", places=(CodePlace("src/client.py", 5, "send"),)
)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return Workspace.open(tmp_path)


async def ask(workspace: Workspace, query: str, *logs: GivenLogs, limit: int = 0) -> ToolResult:
    given = logs[0] if logs else GivenLogs(Digest(events=(EVENT,)), "logs/app.log")
    tool = IntelTool(index=FilesIndex(workspace), logs=given)
    context = ToolContext(workspace=workspace, settings=Settings())
    return await tool.run(SearchArgs(query=query, limit=limit), context)


def found(result: ToolResult, path: str) -> Hit:
    return next(hit for hit in result.hits if hit.path == path)


async def test_a_place_that_an_event_leads_to_gains_and_says_so(workspace: Workspace) -> None:
    alone = found(await ask(workspace, "retry backoff", GivenLogs()), "src/client.py")
    backed = found(await ask(workspace, "retry backoff"), "src/client.py")
    assert backed.score > alone.score
    assert backed.why.startswith("in the logs: RetryError: gave up after 5 attempts ×3 (logs/server.log:3)")
    assert backed.why.endswith(alone.why)


async def test_what_only_the_logs_know_is_found_with_its_lines(workspace: Workspace) -> None:
    assert "src/server.py" not in [hit.path for hit in (await ask(workspace, "retry", GivenLogs())).hits]
    event = msgspec.structs.replace(CRASH, places=(CodePlace("src/server.py", 5, "serve"),))
    logs = GivenLogs(Digest(events=(event,)), "logs/server.log")
    server = found(await ask(workspace, "connection refused after retry", logs), "src/server.py")
    assert (server.start, server.end) == (1, 5)
    assert "print(port)" in server.text
    failed = await ask(workspace, "why does it crash", logs)
    assert failed.hits[0].path == "src/server.py", "no words in common, but it is what failed"


async def test_events_that_speak_of_something_else_do_not_count(workspace: Workspace) -> None:
    other = msgspec.structs.replace(EVENT, text="disk quota exceeded")
    result = await ask(workspace, "retry backoff", GivenLogs(Digest(events=(other,)), "logs/app.log"))
    assert not any("in the logs" in hit.why for hit in result.hits)


async def test_the_limit_holds_and_a_removed_file_is_left_out(workspace: Workspace) -> None:
    places = (CodePlace("src/gone.py", 3, "f"), CodePlace("src/server.py", 5, "serve"))
    logs = GivenLogs(Digest(events=(msgspec.structs.replace(EVENT, places=places),)), "logs/app.log")
    result = await ask(workspace, "retry attempts", logs, limit=1)
    assert len(result.hits) == 1
    wide = await ask(workspace, "retry attempts", logs)
    assert "src/gone.py" not in [hit.path for hit in wide.hits]


async def test_without_logs_nothing_is_read(workspace: Workspace) -> None:
    logs = GivenLogs(Digest(events=(EVENT,)))
    await ask(workspace, "retry backoff", logs)
    assert logs.asked == []


async def test_logs_that_cannot_be_read_are_told_and_harm_nothing(workspace: Workspace) -> None:
    logs = GivenLogs(Digest(events=(EVENT,)), "logs/app.log")
    logs.fail = LogFault("The log process cannot be started")
    result = await ask(workspace, "retry backoff", logs)
    assert result.hits
    assert "the logs do not count: The log process cannot be started" in result.note


async def test_logs_that_take_long_are_not_waited_for(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(GivenLogs):
        async def digest(
            self, query: DigestQuery, *, on_progress: Callable[[LogProgress], None] | None = None
        ) -> Digest:
            await asyncio.Event().wait()
            raise AssertionError

    monkeypatch.setattr(log_evidence, "_PATIENCE_S", 0.01)
    result = await ask(workspace, "retry backoff", Slow(None, "logs/app.log"))
    assert result.hits
    assert "the logs take long to read" in result.note


async def test_real_logs_count_in_the_program(workspace: Workspace) -> None:
    (workspace.root / "logs").mkdir()
    (workspace.root / "logs" / "app.log").write_text(
        "2026-11-25 08:00:00 INFO app: listening\n"
        * 50
        + "2026-11-25 08:01:00 ERROR app: request failed\nTraceback (most recent call last):\n"
        f'  File "{workspace.root}/src/client.py", line 5, in send\n    return retry.backoff(3)\n'
        "OverflowError: backoff is too large\n"
    )
    runtime = open_runtime(workspace.root, interactive=False)
    try:
        tool = runtime.registry.get("intel")
        assert tool is not None
        context = ToolContext(workspace=workspace, settings=Settings())
        result = await tool.run(SearchArgs(query="backoff overflow"), context)
        assert "in the logs: " in found(result, "src/client.py").why
        assert "logs/app.log:51" in found(result, "src/client.py").why
    finally:
        await runtime.aclose()
