"""The work screen over what hostile repositories hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.screen import FakeRuntime
from tests.tui.conftest import HOSTILE, app_of, screen_text, settled, until
from tui.screens.preview import PreviewScreen


@pytest.mark.parametrize(
    "name", ["a[/bold].ts", "[id]/page[red].tsx", "[@click=app.quit]x[/].py", "odd-\udcff.py"]
)
async def test_preview_names_the_file_literally(runtime: FakeRuntime, repository: Path, name: str) -> None:
    (repository / name).parent.mkdir(parents=True, exist_ok=True)
    (repository / name).write_text("x\n")
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        app.work.preview(name)
        await until(pilot, lambda: isinstance(app.screen, PreviewScreen) and app.screen.loaded)
        assert name.replace("\udcff", "�") in screen_text(app)


async def test_nothing_in_the_prompt_draws(runtime: FakeRuntime) -> None:
    """A file's name and the history of a repository may hold anything."""
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        app.work.chat.mention(HOSTILE + "\udcff")
        await pilot.pause()
        shown = screen_text(app)
        assert "␛]0;owned␇␛[31m[bold]x[/bold] �evil�" in shown
        assert not set("\x1b\x07\u202e\udcff") & set(shown)
        await pilot.press("enter")
        (sent,) = runtime.session.submitted
        sent.encode()
        assert "\u202e" in sent, "what only reorders stays in the text: it may be part of a name"
