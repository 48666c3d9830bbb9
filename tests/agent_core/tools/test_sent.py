"""`window --sent`: every call of a model, with what was in it, also of a session that is gone on with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from agent_core.config import MASK, Settings
from agent_core.errors import UsageError
from agent_core.events import ContextItem, ContextPacked, ModelCallStarted, ToolFinished, TurnStarted
from agent_core.llm.scripted import DEFAULT_INFO, ScriptedModel
from agent_core.logs.api import CodePlace, Digest, KeyEvent, SourceFacts
from agent_core.session.saved.sent import SentCalls
from agent_core.session.session import Session
from agent_core.tools.base import ToolContext
from agent_core.tools.cat import CatTool
from agent_core.tools.compact import CompactTool
from agent_core.tools.ctx import CtxTool
from agent_core.tools.sent import Embedder, document, headline, lines
from agent_core.tools.window import WindowArgs, WindowTool
from tests.conftest import ROOT
from tests.fakes.logs import GivenLogs
from tests.fakes.session import GivenModels, Recorder, make_session

SECRET = "ghp_hidden0123456789hidden0123"
AWAY = msgspec.structs.replace(
    DEFAULT_INFO, host="models.example", is_local=False, supports_tools=False, window=8192
)
CRASH = KeyEvent(
    id="1", kind="error", source="app.log", first=2, last=2, level="error", count=1, text="OSError: gone",
    places=(CodePlace("app.py", 5, "read_port"),),
)  # fmt: skip
DIGEST = Digest(events=(CRASH,), sources=(SourceFacts(name="app.log", lines=2),))
SCHEMA = json.loads((ROOT / "docs" / "sent.schema.json").read_text())


def opened(tmp_path: Path, model: ScriptedModel, **more: Any) -> tuple[Session, Recorder]:
    models = GivenModels(model)
    session, seen = make_session(tmp_path, CatTool(), models=models, saved=True, **more)
    session.registry.add(
        WindowTool(conversation=session.conversation, models=models, registry=session.registry)  # type: ignore[arg-type]
    )
    return session, seen


async def said(session: Session, seen: Recorder, *texts: str) -> ToolFinished:
    for text in texts:
        session.submit(text)
        await session.idle()
    return seen.of(ToolFinished)[-1]


def checked(data: dict[str, Any]) -> list[dict[str, Any]]:
    jsonschema.validate(data, SCHEMA)
    return data["calls"]


async def test_each_call_is_listed_with_whom_it_went_to_and_what_was_in_it(tmp_path: Path) -> None:
    replies = ['{"action": "cat", "path": "app.py"}', '{"action": "answer"}', "It is there."]
    session, seen = opened(tmp_path, ScriptedModel(replies, info=AWAY))
    root = session.workspace.root
    (root / "app.py").write_text(f'TOKEN = "{SECRET}"\nPORT = 1\n')
    (root / "notes.txt").write_text("one\ntwo\nthree\n")
    try:
        shown = await said(session, seen, "what is in @notes.txt:1-2 of the app?", "/context --sent")
        calls = checked(shown.data["sent"])
        assert len(calls) == 3 and {call["host"] for call in calls} == {"models.example"}
        assert not any(call["loopback"] for call in calls)
        last = {(item["kind"], item["label"]): item for item in calls[-1]["items"]}
        assert any(kind == "file" and label.startswith("notes.txt:1-2") for kind, label in last)
        (tool,) = [item for (kind, _), item in last.items() if kind == "tool"]
        assert tool["label"] == "cat app.py" and tool["places"] == ["app.py:1-2"] and tool["masked"] == 1
        assert calls[-1]["masked"] >= 1 and calls[0]["at"].endswith("Z")
        assert "! " in shown.text and "models.example" in shown.text and "1 masked" in shown.text
        assert max(map(len, shown.text.splitlines())) <= 78
        assert SECRET not in shown.text + json.dumps(shown.data)
    finally:
        await session.aclose()


async def test_a_session_that_is_gone_on_with_keeps_the_list(tmp_path: Path) -> None:
    session, seen = opened(tmp_path, ScriptedModel(['{"action": "answer"}', "Yes."], info=AWAY))
    first = checked((await said(session, seen, "is it?", "/context --sent")).data["sent"])
    saved = session.conversation.id
    await session.aclose()
    again, seen = opened(tmp_path, ScriptedModel(["No."], info=DEFAULT_INFO))
    try:
        await again.conversation.prepare(saved)
        again.switch()
        later = checked((await said(again, seen, "/context --sent")).data["sent"])
        assert [round_of(call) for call in later] == [round_of(call) for call in first]
    finally:
        await again.aclose()


def round_of(call: dict[str, Any]) -> dict[str, Any]:
    return {**call, "at": call["at"][:-5]}


async def test_exporting_asks_and_replaces_nothing(tmp_path: Path) -> None:
    session, seen = opened(tmp_path, ScriptedModel(['{"action": "answer"}', "Yes."]), interactive=False)
    try:
        refused = await said(session, seen, "is it?", "window --sent --export sent.json")
        assert refused.error is not None and refused.error.code == "permission"
        assert not (session.workspace.root / "sent.json").exists()
    finally:
        await session.aclose()
    session, seen = opened(tmp_path, ScriptedModel(['{"action": "answer"}', "Yes."]), allow=("write",))
    try:
        done = await said(session, seen, "is it?", "window --sent --export sent.json")
        assert done.error is None and done.data["changed"] == ["sent.json"]
        assert checked(json.loads((session.workspace.root / "sent.json").read_text()))
        again = await said(session, seen, "window --sent --export sent.json")
        assert again.error is not None and "there already" in again.error.message
        outside = await said(session, seen, "window --sent --export ../sent.json")
        assert outside.error is not None and outside.error.code == "path-outside"
    finally:
        await session.aclose()


async def test_nothing_was_sent_yet(tmp_path: Path) -> None:
    session, seen = opened(tmp_path, ScriptedModel([]))
    try:
        shown = await said(session, seen, "window --sent")
        assert "No language model was called" in shown.text and checked(shown.data["sent"]) == []
        with pytest.raises(UsageError, match="belongs to --sent"):
            tool = session.registry.get("window")
            assert tool is not None
            await tool.run(
                WindowArgs(export="x"), ToolContext(workspace=session.workspace, settings=Settings())
            )
    finally:
        await session.aclose()


async def test_what_a_typed_command_showed_the_model_has_its_places(tmp_path: Path) -> None:
    """A tool that asks the model itself tells of its places only when it ends."""
    model = ScriptedModel(["It crashed [1].", "Summed up."], info=AWAY)
    session, seen = opened(tmp_path, model)
    models = GivenModels(model)
    session.registry.add(CtxTool(logs=GivenLogs(DIGEST), models=models))  # type: ignore[arg-type]
    session.registry.add(CompactTool(models=models))  # type: ignore[arg-type]
    (session.workspace.root / "app.log").write_text("start\nOSError: gone\n")
    session.history.add("how is it?", "It is well. " * 99)
    try:
        shown = await said(session, seen, "ctx --limit 3", "compact --keep 0", "/context --sent")
        first, second = checked(shown.data["sent"])
        (tool,) = [item for item in first["items"] if item["kind"] == "tool"]
        assert tool["label"] == "ctx --limit 3"
        assert tool["places"] == ["app.py:5-5", "app.log:2-2"], "the code that it leads to, and the event"
        assert second["purpose"] == "compact" and second["items"][-1]["kind"] == "history"
        assert "to sum up the conversation" in shown.text and "            app.log:2-2" in shown.text
    finally:
        await session.aclose()


def test_an_embedder_elsewhere_is_told_beside_the_calls() -> None:
    """What it gets is not in the list: the list must not say that nothing was sent."""
    away = Embedder("e", "vectors.example", loopback=False)
    rows = lines([], away, str)
    assert "No language model was called" in rows[0]
    assert any(row.startswith("! ") and "vectors.example" in row for row in rows)
    assert "what is searched for; not listed" in rows[-1] and max(map(len, rows)) <= 78
    assert "nothing to another machine" not in headline([], away)
    assert "nothing to another machine" in headline([], Embedder("e", "localhost:1", loopback=True))
    assert checked(document("s", [], away, str)) == []


def test_records_of_earlier_versions_and_hostile_ones_are_listed_as_far_as_they_go() -> None:
    sent = SentCalls()
    item = ContextItem("tool", "grep \x1b[2J", 3, masked=1)
    for event in (
        TurnStarted(turn_id="1", text=f"my key is {SECRET}", kind="task"),
        ToolFinished(
            turn_id="1", call_id="c", name="x", summary="", text="", data={"hits": [{"path": 3}]}, seconds=0
        ),
        ContextPacked(turn_id="1", used=3, window=9, items=(item,)),
        ModelCallStarted(turn_id="1", step=1, model="m\x1b]0;x\x07", purpose="answer", prompt_tokens=3),
        ModelCallStarted(turn_id="2", step=1, model="m", purpose="answer", prompt_tokens=3),
    ):
        sent.take(event, 1_700_000_000.0)

    def mask(text: str) -> str:
        return text.replace(SECRET, MASK)

    text = "\n".join(lines(sent.calls, None, mask))
    assert "host not noted" in text and "? " in text and "\x1b" not in text and SECRET not in text
    first, second = checked(document("s", sent.calls, None, mask))
    assert first["loopback"] is None and first["items"][0]["masked"] == 1 and second["items"] == []


def test_what_goes_with_every_prompt_is_kept_once() -> None:
    """Of thousands of calls, each with fifty earlier exchanges, nothing is held fifty times."""
    sent = SentCalls()
    for number in range(3):
        items = tuple(ContextItem("history", f"question {n}", 3) for n in range(10 + number))
        sent.take(TurnStarted(turn_id=f"{number}", text="?", kind="task"), 1.0)
        sent.take(ContextPacked(turn_id=f"{number}", used=3, window=9, items=items), 1.0)
        started = ModelCallStarted(turn_id=f"{number}", step=1, model="m", purpose="answer", prompt_tokens=3)
        sent.take(started, 1.0)
    first, _, last = sent.calls
    assert [item.label for item in last.items] == [f"question {n}" for n in range(12)]
    assert all(one is other for one, other in zip(first.items, last.items, strict=False))
