"""`auth` at the prompt and in batches: origins, and no key in a command."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_core.config import load
from agent_core.credentials.known import note_endpoint
from agent_core.credentials.vault import store_key
from agent_core.events import ToolFinished
from agent_core.session.session import Session
from agent_core.tools.auth import AuthTool
from tests.fakes.session import Recorder, make_session

KEY = "opaque-words-of-a-key-0123456789"


@pytest.fixture(autouse=True)
def in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyrings.alt.file.PlaintextKeyring")


async def said(session: Session, seen: Recorder, text: str) -> ToolFinished:
    session.submit(text)
    await session.idle()
    return seen.of(ToolFinished)[-1]


async def test_keys_are_listed_and_removed_and_never_shown(tmp_path: Path) -> None:
    await store_key("models.example", KEY)
    note_endpoint("models.example", "https://models.example/v1")
    config = load(root=tmp_path, env={"OPENAI_API_KEY": "sk-hidden0123456789abcdef"})
    session, seen = make_session(tmp_path, AuthTool(config=config), interactive=False)
    try:
        listed = await said(session, seen, "auth")
        assert "* api.openai.com" in listed.text and "environment OPENAI_API_KEY" in listed.text
        assert "the keyring has one, too" in listed.text
        refused = await said(session, seen, "auth test models.example")
        assert refused.error is not None and refused.error.code == "permission", "it would send the key"
        typed = await said(session, seen, "/auth login")
        assert typed.error is not None and "dspy-tui auth login" in typed.error.hint
        wrong = await said(session, seen, "auth remove sk-hidden0123456789abcdef")
        assert wrong.error is not None and "never an argument" in wrong.error.message
        gone = await said(session, seen, "auth remove models.example")
        assert gone.data["removed"] and "models.example" not in (await said(session, seen, "auth list")).text
        told = "".join(event.text + event.summary + str(event.data) for event in seen.of(ToolFinished))
        assert KEY not in told and "hidden" not in told
    finally:
        await session.aclose()
