"""Hooks around what an agent does: it sees refusals and notes, and what it changes is asked about first."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agent_core.events import TurnFinished
from agent_core.runtime import open_runtime
from tests.agent_core.hooks.test_hooks import SEEN, hook, of, ran
from tests.fakes.model_server import ModelServer
from tests.fakes.model_wire import Answer, Call


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    return tmp_path / "xdg_config_home" / "dspy-tui"


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer(models=("big",)) as running:
        yield running


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "w"
    folder.mkdir()
    (folder / "notes.txt").write_text("one\ntwo\nthree\n")
    return folder


def opened(root: Path, server: ModelServer) -> Any:
    env = {"PATH": os.environ["PATH"], "OPENAI_BASE_URL": f"{server.url}/v1"}
    env |= {"OPENAI_API_KEY": "k", "MODEL_NAME": "big", "DSPY_TUI_PROVIDER": "openai"}
    return open_runtime(root, env=env, interactive=False, allow=("write", "run"))


def said_to_model(server: ModelServer) -> str:
    return json.dumps(server.chats[-1].body["messages"])


async def test_the_agent_sees_the_refusal_and_goes_on(root: Path, home: Path, server: ModelServer) -> None:
    refusing = (
        "typed = given['tool']['typed']\nprint(json.dumps({'decision': 'refuse', 'reason': f'{typed=}'}))"
    )
    hook(home, SEEN + refusing, tools=["cat"])
    server.script(Answer(calls=(Call("cat", ('{"path": "notes.txt"}',)),)), Answer(text=("I may not look.",)))
    happened = await ran(opened(root, server), " what is in the notes?")
    (end,) = of(happened, TurnFinished)
    assert (end.outcome, end.text) == ("answered", "I may not look.")
    assert "The hook guard refuses cat notes.txt: typed=False" in said_to_model(server)


async def test_the_agent_is_given_the_note(root: Path, home: Path, server: ModelServer) -> None:
    hook(home, 'print(\'{"note": "these are old"}\')', on="after_tool", tools=["cat"])
    server.script(Answer(calls=(Call("cat", ('{"path": "notes.txt"}',)),)), Answer(text=("Old notes.",)))
    await ran(opened(root, server), " what is in the notes?")
    assert "hook guard: these are old" in said_to_model(server)


EDIT = Answer(text=("notes.txt\n<<<<<<< SEARCH\ntwo\n=======\nTWO\n>>>>>>> REPLACE\n",))


async def test_a_change_is_refused_before_it_is_written(root: Path, home: Path, server: ModelServer) -> None:
    text = SEEN + "print(json.dumps({'decision': 'refuse', 'reason': repr(given['tool']['arguments'])}))"
    hook(home, text, tools=["edit"])
    server.script(EDIT, Answer(text=("Fine.",)))
    (end,) = of(await ran(opened(root, server), "edit @notes.txt two in capitals"), TurnFinished)
    assert end.error.code == "hook-refused", end
    assert "'files': ['notes.txt']" in end.error.message and "+TWO" in end.error.message
    assert (root / "notes.txt").read_text() == "one\ntwo\nthree\n"


async def test_a_note_after_a_change_is_in_the_history(root: Path, home: Path, server: ModelServer) -> None:
    hook(home, 'print(\'{"note": "tell the others"}\')', on="after_tool", tools=["edit"])
    server.script(EDIT, Answer(text=("Fine.",)), Answer(text=("Yes.",)))
    runtime = opened(root, server)
    (edited, asked) = of(await ran(runtime, "edit @notes.txt two in capitals", " is it done?"), TurnFinished)
    assert edited.data["changed"] == ["notes.txt"] and asked.outcome == "answered"
    assert "tell the others" in said_to_model(server)
