"""`config` at the prompt and in batches: shown with origins, changed in a file after a question."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from agent_core.config import load
from agent_core.events import ApprovalNeeded, ToolFinished
from agent_core.session.session import Session
from agent_core.tools.config import ConfigTool
from tests.fakes.session import Recorder, make_session

ENV = {"OPENAI_API_KEY": "sk-hidden0123456789abcdef", "DSPY_TUI_THEME": "dspy-light"}


@pytest.fixture(autouse=True)
def own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "dspy-tui" / "config.toml"


def opened(root: Path, env: dict[str, str], *, interactive: bool = True) -> tuple[Session, Recorder]:
    reread = partial(load, root=root / "workspace", env=env)
    return make_session(root, ConfigTool(reread=reread), interactive=interactive)


async def said(session: Session, seen: Recorder, text: str, answer: str = "") -> ToolFinished:
    with session.bus.subscribe() as events:
        session.submit(text)
        async for event in events:
            if isinstance(event, ApprovalNeeded):
                session.answer(event.call_id, answer)  # type: ignore[arg-type]
            if isinstance(event, ToolFinished):
                break
    await session.idle()
    return seen.of(ToolFinished)[-1]


async def test_all_are_shown_with_their_origins_and_no_secret(tmp_path: Path) -> None:
    session, seen = opened(tmp_path, ENV)
    try:
        shown = await said(session, seen, "config")
        assert "environment DSPY_TUI_THEME" in shown.text
        assert "hidden" not in shown.text + str(shown.data)
        one = await said(session, seen, "settings show theme")
        assert one.text.startswith("theme\nTheme of the screen; ")
        assert "from      environment DSPY_TUI_THEME" in one.text
        assert one.data["settings"][0]["value"] == "dspy-light"
        gone = await said(session, seen, "config show nothing")
        assert gone.error is not None
        assert gone.error.code == "config"
        assert not seen.of(ApprovalNeeded), "looking is free"
    finally:
        await session.aclose()


async def test_a_change_asks_and_says_what_counts_instead(tmp_path: Path, own_home: Path) -> None:
    session, seen = opened(tmp_path, ENV)
    try:
        refused = await said(session, seen, "config set theme dspy-dark", "no")
        assert refused.error is not None
        assert refused.error.code == "permission"
        assert not own_home.exists()
        question = seen.one(ApprovalNeeded)
        assert question.action == "write"
        assert str(own_home) in question.reason
        done = await said(session, seen, "config set theme dspy-dark", "once")
        assert done.error is None
        assert own_home.read_text() == 'theme = "dspy-dark"\n'
        assert "the variable DSPY_TUI_THEME counts instead" in done.text
        await said(session, seen, "config set max_steps 9 --in-workspace", "once")
        assert "9" in (tmp_path / "workspace" / ".dspy_tui" / "config.toml").read_text()
        await said(session, seen, "config unset theme", "once")
        assert "theme" not in own_home.read_text()
    finally:
        await session.aclose()


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("config set theme", "usage"),
        ("config unset", "usage"),
        ("config show theme dspy-dark", "usage"),
        ("config set max_steps many", "config"),
        ("config set openai_api_key x", "config"),
        ("config set allow write --in-workspace", "config"),
    ],
)
async def test_what_is_wrong_is_said(tmp_path: Path, line: str, code: str) -> None:
    session, seen = opened(tmp_path, {})
    try:
        wrong = await said(session, seen, line, "once")
        assert wrong.error is not None
        assert wrong.error.code == code
    finally:
        await session.aclose()


async def test_where_nobody_can_be_asked_nothing_is_changed(tmp_path: Path, own_home: Path) -> None:
    session, seen = opened(tmp_path, {}, interactive=False)
    try:
        refused = await said(session, seen, "config set theme dspy-dark")
        assert refused.error is not None
        assert refused.error.code == "permission"
        assert not own_home.exists()
    finally:
        await session.aclose()
