"""Secrets that a person types or pastes: what an endpoint is sent holds none, whatever asks it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent_core.bus import Bus
from agent_core.checkpoints.checkpoints import Checkpoints
from agent_core.config import MASK, Settings
from agent_core.events import ContextPacked
from agent_core.llm.select import Models
from agent_core.session.session import Session
from agent_core.tools.commit import CommitTool
from agent_core.tools.compact import CompactTool
from agent_core.tools.plan import PlanTool
from agent_core.tools.shell import ShellTool
from agent_core.workspace import Workspace
from tests.fakes.model_server import ModelServer
from tests.fakes.model_wire import Answer
from tests.fakes.session import Recorder, make_session

KEY = "realkey1234567890abcdefzz"
SECRETS = ("sk-proj-Abcdefghij1234567890XYZabcd", "ghp_abcdefghijklmnopqrstuvwxyz0123456789", KEY)
TYPED = f"is {SECRETS[0]} or {SECRETS[1]} or {SECRETS[2]} valid in app.py, def read_port(token: str)?"
APP = "def read_port(token: str):\n    return 1\n"


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer() as server:
        yield server


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    (tmp_path / "gitconfig").write_text("[user]\nname = A\nemail = a@example.com\n")
    root = tmp_path / "workspace"
    root.mkdir()
    (root / "app.py").write_text(APP)
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "Begin"]):
        subprocess.run(["git", *words], cwd=root, check=True)
    return root


def opened(server: ModelServer, root: Path, key: str = KEY) -> tuple[Session, Recorder]:
    settings = Settings(openai_base_url=f"{server.url}/v1", openai_model="big", openai_api_key=key)
    models = Models(settings=settings, publish=Bus().publish)
    kept = Checkpoints(workspace=Workspace.open(root))
    tools = (
        *(PlanTool(models=models), CompactTool(models=models)),
        *(ShellTool(), CommitTool(checkpoints=kept, models=models)),
    )
    allow = ("write", "shell")
    return make_session(
        root.parent,
        *tools,
        models=models,
        settings=settings,
        checkpoints=kept,
        allow=allow,
        interactive=False,
    )


async def sent(server: ModelServer, session: Session, *lines: str) -> list[str]:
    """The bodies of the requests for the last line."""
    before = 0
    for line in lines:
        before = len(server.chats)
        session.submit(line)
        await session.idle()
    return [json.dumps(seen.body, ensure_ascii=False) for seen in server.chats[before:]]


def clean(bodies: list[str]) -> str:
    assert bodies
    text = "\n".join(bodies)
    assert not [secret for secret in SECRETS if secret in text]
    assert MASK in text
    return text


@pytest.mark.parametrize("command", ["", "plan ", "edit "])
async def test_what_is_asked_is_sent_without_them(server: ModelServer, root: Path, command: str) -> None:
    session, seen = opened(server, root)
    try:
        text = clean(await sent(server, session, command + TYPED))
        assert "valid in app.py, def read_port(token: str)?" in text, "the rest is as it was typed"
        items = [item for item in seen.of(ContextPacked)[-1].items if item.kind == "question"]
        assert [item.masked for item in items] == [3], "the list of what was sent tells of it"
    finally:
        await session.aclose()


async def test_what_was_said_before_is_sent_without_them(server: ModelServer, root: Path) -> None:
    server.script(Answer(text=(f"{SECRETS[1]} is none.",)))
    session, seen = opened(server, root)
    try:
        text = clean(await sent(server, session, TYPED, "and where is it read?"))
        assert "or •••••• valid in app.py" in text and "•••••• is none." in text
        (item,) = [item for item in seen.of(ContextPacked)[-1].items if item.kind == "history"]
        assert item.masked == 4 and SECRETS[0][:12] not in item.label
    finally:
        await session.aclose()


async def test_summing_up_and_committing_send_none(server: ModelServer, root: Path) -> None:
    session, _ = opened(server, root)
    try:
        clean(await sent(server, session, TYPED, f"and {SECRETS[1]}?", "compact --keep 0"))
        lines = (f"and {SECRETS[1]}?", f"!echo '# {SECRETS[0]}' >> app.py", "commit")
        clean(await sent(server, session, *lines))
    finally:
        await session.aclose()


async def test_a_change_beside_a_secret_is_still_placed(server: ModelServer, root: Path) -> None:
    (root / "app.py").write_text(f'{APP}\n\nNAME = "{SECRETS[1]}"\n')
    block = "app.py\n```\n<<<<<<< SEARCH\n    return 1\n=======\n    return 2\n>>>>>>> REPLACE\n```\n"
    server.script(Answer(text=(block,)))
    session, _ = opened(server, root)
    try:
        text = clean(await sent(server, session, f"edit have @app.py return 2, not {SECRETS[0]}"))
        assert "return 2" in text
        assert "return 2" in (root / "app.py").read_text() and SECRETS[1] in (root / "app.py").read_text()
    finally:
        await session.aclose()


async def test_a_placeholder_for_a_key_is_a_word(server: ModelServer, root: Path) -> None:
    session, _ = opened(server, root, "ollama")
    try:
        (body, *_) = await sent(server, session, "what does agent_core/llm/ollama.py do?")
        assert "agent_core/llm/ollama.py" in body
    finally:
        await session.aclose()
