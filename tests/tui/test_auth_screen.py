"""Keeping a key on the screen: typed hidden, kept for its endpoint, in no record."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input

from agent_core.config import load
from agent_core.credentials.vault import read_key
from agent_core.workspace import Workspace
from tests.fakes.screen import FakeRuntime
from tests.tui.conftest import app_of, at_once, settled, until
from tui.screens.auth import AuthScreen

KEY = "opaque-words-of-a-key-0123456789"


@pytest.fixture
def given(runtime: FakeRuntime, repository: Path) -> FakeRuntime:
    runtime.config = load(root=Workspace.open(repository).root, env={})
    return runtime


async def test_a_key_is_kept_and_shown_nowhere(given: FakeRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyrings.alt.file.PlaintextKeyring")
    app = app_of(given)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press(*"auth login models.example", "enter")
        await until(pilot, lambda: isinstance(app.screen, AuthScreen))
        box = app.screen.query_one("#key", Input)
        assert app.screen.query_one("#endpoint", Input).value == "models.example" and box.has_focus
        await pilot.press(*KEY)
        assert box.value == KEY and KEY not in app.export_screenshot()
        box.value = ""
        at_once(app, *KEY, "ctrl+s")  # all of it, however fast
        await until(pilot, lambda: not isinstance(app.screen, AuthScreen))
        assert KEY not in app.export_screenshot()
    assert (await read_key("models.example"))[0] == KEY
    assert not given.session.submitted


async def test_a_machine_without_a_keyring_is_told_there(
    given: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    app = app_of(given)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("alt+a")
        await until(pilot, lambda: isinstance(app.screen, AuthScreen))
        await pilot.press(*KEY, "enter")
        await until(pilot, lambda: "gnome" in app.export_screenshot())
        assert app.screen.query_one("#key", Input).value == ""
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, AuthScreen))
