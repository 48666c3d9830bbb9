"""`ctx` over a digest that is given: what it asks for, shows and cites; without a model and with one."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agent_core.config import Settings
from agent_core.errors import LogFault, UsageError
from agent_core.events import ContextPacked, Notice, TextDelta, ToolFinished, ToolProgress, TurnFinished
from agent_core.llm.errors import ModelUnreachable
from agent_core.llm.scripted import Reply, ScriptedModel
from agent_core.logs.api import CodePlace, Digest, DigestQuery, KeyEvent, LogProgress, SourceFacts
from agent_core.tools import ctx
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.tools.ctx import CtxArgs, CtxTool
from agent_core.workspace import Workspace
from tests.fakes.logs import GivenLogs
from tests.fakes.session import GivenModels, Recorder, make_session

CRASH = KeyEvent(
    id="1", kind="trace", source="logs/app.log", first=2, last=4, level="error", count=3, began=1e9,
    ended=1e9,
    text="Traceback (most recent call last):\nOSError: gone", why=("stack trace",), score=7.5,
    places=(CodePlace("app.py", 5, "read_port"),),
)  # fmt: skip
SLOW = KeyEvent(id="2", kind="burst", source="logs/app.log.1.gz", first=9, last=9, text="slow", count=40)
DIGEST = Digest(events=(CRASH, SLOW), sources=(SourceFacts(name="logs/app.log", lines=4),), left_out=5)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    (folder / "logs").mkdir(parents=True)
    (folder / "logs" / "app.log").write_text(
        "start\nTraceback (most recent call last):\n  …\nOSError: gone\n"
    )
    (folder / "logs" / "app.log.1.gz").write_bytes(b"x")
    (folder / "app.py").write_text("\n\n\n\ndef read_port(): ...\n")
    return folder


async def called(root: Path, logs: GivenLogs, args: CtxArgs = CtxArgs(), **more: Any) -> ToolResult:  # noqa: B008
    tool = CtxTool(logs=logs, models=GivenModels())  # type: ignore[arg-type]
    context = ToolContext(workspace=Workspace.open(root), settings=Settings(), **more)
    return await tool.run(args, context)


def typed(
    root: Path,
    line: str,
    digest: Digest = DIGEST,
    model: Any = None,
    logs: GivenLogs | None = None,
    **more: Any,
) -> tuple[asyncio.Task[Recorder], GivenLogs]:
    """The command as a person types it."""
    logs = logs or GivenLogs(digest)
    models = GivenModels(model)
    session, recorder = make_session(
        root.parent, CtxTool(logs=logs, models=models), models=models, **more  # type: ignore[arg-type]
    )  # fmt: skip

    async def run() -> Recorder:
        session.submit(line)
        await session.idle()
        await session.aclose()
        return recorder

    return asyncio.create_task(run()), logs


async def test_what_is_shown_and_where_it_leads(root: Path) -> None:
    result = await called(root, GivenLogs(DIGEST))
    assert result.summary == "7 key events in logs/app.log, 4 lines"
    assert (
        "[1] ERROR ×3 · logs/app.log:2 · 2001-09-0" in result.text and "→ app.py:5 read_port" in result.text
    )
    assert "5 further key events" in result.note
    assert [(hit.path, hit.start, hit.end, hit.score) for hit in result.hits] == [
        ("app.py", 5, 5, 7.5), ("logs/app.log", 2, 4, 7.5)
    ], "what is packed cannot be opened"  # fmt: skip
    event = result.data["events"][0]
    assert (event["source"], event["first"], event["why"]) == ("logs/app.log", 2, ("stack trace",))
    assert event["places"] == ({"path": "app.py", "line": 5, "function": "read_port"},)
    assert (result.data["left_out"], result.data["answer"], result.data["next_steps"]) == (5, "", [])


async def test_the_agent_gets_little_and_people_all(root: Path) -> None:
    logs = GivenLogs(DIGEST)
    await called(root, logs)
    assert logs.asked == [DigestQuery(limit=8, tokens=1500, most=64 << 20)]
    task, logs = typed(root, "/ctx")
    await task
    assert logs.asked == [DigestQuery(limit=20)]
    task, logs = typed(root, "/context --source a.log -s 'b*.log' --since 2026-11-24T08:00:00Z --limit 3")
    await task
    assert logs.asked == [DigestQuery(sources=("a.log", "b*.log"), since=1795507200.0, limit=3)]


async def test_the_agent_is_told_what_there_is_where_nothing_is_as_late(root: Path) -> None:
    class Older(GivenLogs):
        async def digest(self, query: DigestQuery, **more: Any) -> Digest:
            digest = await super().digest(query, **more)
            if query.since is None:
                return digest
            facts = SourceFacts(name="logs/app.log")
            return Digest(sources=(facts,), note="nothing was logged since 12:00")

    result = await called(root, Older(DIGEST), CtxArgs(since="1h"))
    assert "gone" in result.text
    assert "(all of this is older: nothing was logged since 12:00; " in result.text
    task, _ = typed(root, "/ctx --since 1h", logs=Older(DIGEST))
    text = (await task).one(ToolFinished).text
    assert "gone" not in text and "(nothing was logged since 12:00)" in text, (
        "a person gets what was asked for"
    )


async def test_what_there_is_besides_files(root: Path) -> None:
    result = await called(root, GivenLogs(Digest(), "compose"))
    assert result.text.startswith("No logs were found.") and "`ctx --source compose` reads" in result.text


@pytest.mark.parametrize("limit", [-1, 501, 10**12])
async def test_limits_that_there_are_not(root: Path, limit: int) -> None:
    with pytest.raises(UsageError, match="from 0 to 500"):
        await called(root, GivenLogs(DIGEST), CtxArgs(limit=limit))


async def test_no_logs(root: Path) -> None:
    result = await called(root, GivenLogs(Digest()))
    assert result.summary == "no logs found"
    assert "log_files" in result.text and "--source" in result.text


@pytest.mark.parametrize("error", [LogFault("There is no log 'x'"), UsageError("no time")])
async def test_what_cannot_be_done(root: Path, error: Any) -> None:
    logs = GivenLogs(DIGEST)
    logs.fail = error
    with pytest.raises(type(error)):
        await called(root, logs)
    with pytest.raises(UsageError, match="is no time"):
        await called(root, GivenLogs(DIGEST), CtxArgs(since="soon"))


async def test_how_far_reading_is_once_it_takes_a_while(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class SlowLogs(GivenLogs):
        async def digest(self, query: DigestQuery, *, on_progress: Any = None) -> Digest:
            for done in range(0, 101, 50):
                on_progress(LogProgress("a\x07.log", done << 20, 100 << 20))
            on_progress(LogProgress("-", 3 << 20, 0))
            return Digest()

    said: list[str] = []
    await called(root, SlowLogs(), progress=said.append)
    assert said == [], "quick reading says nothing"
    monkeypatch.setattr(ctx, "_PATIENCE_S", 0)
    monkeypatch.setattr(ctx, "_STEP_S", 0)
    await called(root, SlowLogs(), progress=said.append)
    assert said == [
        "reading a␇.log: 0 % of 100 MB\n", "reading a␇.log: 50 % of 100 MB\n",
        "reading a␇.log: 100 % of 100 MB\n", "reading standard input: 3.0 MB\n",
    ]  # fmt: skip


async def test_with_a_model_the_cause_is_said_and_cites_what_there_is(root: Path) -> None:
    model = ScriptedModel(
        [
            Reply.of(
                "**Likely cause:** the port [1", "] and [9].\n", "**Next steps:**\n- look at `app.py:5` [2]"
            )
        ]
    )
    task, _ = typed(root, "/ctx", model=model)
    recorder = await task
    said = "**Likely cause:** the port [1] and.\n**Next steps:**\n- look at `app.py:5` [2]"
    assert "".join(event.text for event in recorder.of(TextDelta)) == said
    end = recorder.one(TurnFinished)
    assert (end.text, end.exit) == (said, 0)
    data = recorder.one(ToolFinished).data
    assert (data["answer"], data["likely_cause"]) == (said, "the port [1] and.")
    assert data["next_steps"] == ["look at `app.py:5` [2]"]
    assert "[1] ERROR ×3" in recorder.of(ToolProgress)[0].text, "the events show while the model reads"
    assert "[1] ERROR ×3" in model.requests[0].messages[-1].content
    assert recorder.one(ContextPacked).items[1].label == "ctx"


async def test_no_model_is_asked_about_nothing(root: Path) -> None:
    model = ScriptedModel([])
    task, _ = typed(root, "/ctx", Digest(sources=DIGEST.sources), model=model)
    assert (await task).one(TurnFinished).exit == 0
    assert model.requests == []


async def test_a_model_that_fails_costs_the_summary_alone(root: Path) -> None:
    task, _ = typed(root, "/ctx", model=ScriptedModel([Reply.of(ModelUnreachable("nobody answers"))]))
    recorder = await task
    assert recorder.one(TurnFinished).exit == 0
    assert "There is no summary: nobody answers" in [event.message for event in recorder.of(Notice)]
    assert recorder.one(ToolFinished).data["answer"] == ""
