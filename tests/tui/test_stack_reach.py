"""The Stack screen's question says what services get of the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from stack.running import Running
from tests.fakes.engine import Script
from tests.fakes.screen import FakeRuntime
from tests.tui.conftest import app_of, screen_text, settled, until


async def test_a_question_says_what_services_get_of_this_machine(
    runtime: FakeRuntime, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = Script({"web": {"image": "x", "privileged": True, "volumes": [{"type": "bind", "source": "/"}]}})

    async def open_stack(root: Path, *, stack_dir: str, look: bool) -> Running:
        return script.stack(root / stack_dir)

    monkeypatch.setattr("tui.screens.stack_desk.open_stack", open_stack)
    async with app_of(runtime).run_test(size=(100, 30)) as pilot:
        app = await settled(pilot)
        await pilot.press("alt+k")
        await until(pilot, lambda: "web" in screen_text(app))
        for key, told in (("u", True), ("s", False)):
            await pilot.press(key)
            await until(pilot, lambda: "$ docker compose" in screen_text(app))
            shown = screen_text(app)
            assert ("web may do anything on this machine (privileged)" in shown) is told
            assert ("web may write /" in shown) is told
            await pilot.press("escape")
            await until(pilot, lambda: "$ docker compose" not in screen_text(app))
        assert script.ran == []
