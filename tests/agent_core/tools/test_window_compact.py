"""`window` and `compact` in a session with a scripted model."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from agent_core.commandline import CommandLine, parse
from agent_core.config import Settings
from agent_core.events import HistoryCompacted, Notice, ToolFinished
from agent_core.llm.scripted import DEFAULT_INFO, ScriptedModel
from agent_core.session.saved.conversation import exchanges_of
from agent_core.session.session import Session
from agent_core.tools.compact import BEFORE, CompactTool
from agent_core.tools.ctx import CtxTool
from agent_core.tools.registry import Registry
from agent_core.tools.window import WindowTool
from tests.fakes.session import GivenModels, Recorder, make_session

LONG = "It is read in app.py:5, and nowhere else. " * 40


def opened(tmp_path: Path, model: ScriptedModel | None) -> tuple[Session, Recorder]:
    models = GivenModels(model)
    compact = CompactTool(models=models)  # type: ignore[arg-type]
    session, seen = make_session(
        tmp_path, compact, models=models, saved=True, settings=Settings(answer_reserve=256)
    )
    session.registry.add(
        WindowTool(conversation=session.conversation, models=models, registry=session.registry)  # type: ignore[arg-type]
    )
    return session, seen


async def said(session: Session, seen: Recorder, *texts: str) -> ToolFinished:
    for text in texts:
        session.submit(text)
        await session.idle()
    return seen.of(ToolFinished)[-1]


async def test_the_window_lists_what_went_in_and_what_did_not(tmp_path: Path) -> None:
    info = msgspec.structs.replace(DEFAULT_INFO, window=2048, supports_tools=False)
    session, seen = opened(tmp_path, ScriptedModel(['{"action": "answer"}', LONG], info=info))
    (session.workspace.root / "AGENTS.md").write_text("Be brief.")
    try:
        before = await said(session, seen, "window")
        assert not before.data["asked"] and "AGENTS.md" in before.text
        shown = await said(session, seen, *(f"question {n} please" for n in range(6)), "/context")
        data = shown.data
        assert data["asked"] and data["used"] + data["reserve"] + data["available"] == data["window"] == 2048
        kinds = {item["kind"] for item in data["items"]}
        assert {"system", "question", "rules", "history"} <= kinds
        assert any(item["kind"] == "history" and not item["included"] for item in data["items"])
        assert sum(item["tokens"] for item in data["items"] if item["included"]) == data["used"]
        assert "Left out" in shown.text and "█" in shown.text and "`compact`" in shown.text
        told = [event for event in seen.of(Notice) if "no longer fit" in event.message]
        assert len(told) == 1 and "compact" in told[0].hint, "once"
    finally:
        await session.aclose()


async def test_compact_lets_the_model_sum_up_and_the_record_stays(tmp_path: Path) -> None:
    info = msgspec.structs.replace(DEFAULT_INFO, window=4096, supports_tools=False)
    model = ScriptedModel([*[LONG] * 4, "The port is read in app.py:5.", "Yes."], info=info)
    session, seen = opened(tmp_path, model)
    try:
        done = await said(session, seen, *(f"question {n} please" for n in range(4)), "compact --keep 1")
        assert done.error is None and done.data["by_model"] and done.data["before"] > done.data["after"] > 0
        history = session.history.exchanges
        assert [one.question for one in history] == [BEFORE, "question 3 please"]
        assert history[0].answer == "The port is read in app.py:5."
        loaded = await session.conversation.load()
        assert exchanges_of(loaded.records) == history, "a resumed session sees the same"
        await said(session, seen, "and now?")
        assert any(BEFORE in message.content for message in model.requests[-1].messages)
        assert "question 1 please" not in str(model.requests[-1].messages)
    finally:
        await session.aclose()


async def test_compact_without_a_model_lists_what_was_done(tmp_path: Path) -> None:
    session, seen = opened(tmp_path, None)
    try:
        for number in range(5):
            session.history.add(f"question {number}", LONG)
        done = await said(session, seen, "compact")
        assert not done.data["by_model"] and (done.data["summed_up"], done.data["kept"]) == (3, 2)
        assert "asked: question 1; answered: It is read" in session.history.exchanges[0].answer
        again = await said(session, seen, "compact")
        assert "Nothing to sum up" in again.text and len(seen.of(HistoryCompacted)) == 1
    finally:
        await session.aclose()


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("/context", "window"),
        ("context", "ctx"),
        ("window", "window"),
        ("/context --sent", "window"),
        ("/context --sent --export a.json", "window"),
        ("/context --limit 3", "ctx"),
        ("/context --source a.log", "ctx"),
    ],
)
def test_context_behind_a_slash_is_the_window(typed: str, name: str) -> None:
    parts: tuple[object, ...] = (
        CtxTool(logs=None, models=None),  # type: ignore[arg-type]
        WindowTool(conversation=None, models=None, registry=None),  # type: ignore[arg-type]
    )
    line = parse(typed, Registry(parts))  # type: ignore[arg-type]
    assert isinstance(line, CommandLine) and line.tool_name == name
