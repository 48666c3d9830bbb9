"""Every screen and dialog at the sizes that people have: everything fits, and the focus shows."""

# pyright: reportPrivateUsage=false, reportUnusedImport=false
# ruff: noqa: F401, F811

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from agent_core.config import load
from agent_core.rl.api import Overview
from tests.fakes.digests import MORNING
from tests.fakes.engine import Script
from tests.fakes.fitting import faults, focus_unseen
from tests.fakes.logs import GivenLogs
from tests.fakes.screen import FakeRuntime
from tests.tui import test_form_screen as forms
from tests.tui import test_learning_screen as learning
from tests.tui import test_results as results
from tests.tui import test_review as review
from tests.tui import test_stack_screen as stacks
from tests.tui import test_suggestions as suggestions
from tests.tui import test_tail_screen as tails
from tests.tui import test_topics_screen as topics
from tests.tui.conftest import MOMENT, app_of, app_of_pilot, listed, screen_text, settled, tell, until
from tests.tui.test_golden import ASKED, BUSY, ERROR
from tests.tui.test_learning_screen import learnt, still
from tests.tui.test_results import searched
from tests.tui.test_sessions_screen import with_sessions
from tests.tui.test_stack_screen import opens, script
from tests.tui.test_topics_screen import bus
from tui.app import DspyApp
from tui.screens.approve import ApproveScreen
from tui.screens.auth import AuthScreen
from tui.screens.help import HelpScreen
from tui.screens.log_events import LogEvents
from tui.screens.models import ModelsScreen
from tui.screens.preview import PreviewScreen
from tui.screens.review import ReviewScreen
from tui.screens.sessions import SessionsScreen
from tui.screens.settings import SettingsScreen
from tui.screens.why import WhyScreen
from tui.widgets.diff.view import DiffView
from tui.widgets.loglines import LogLines
from tui.widgets.transcript.view import LineView

pytestmark = pytest.mark.usefixtures("utc", "still")
Look = Callable[[Pilot[None], FakeRuntime], Awaitable[Any]]
SIZES = [(80, 24), (100, 30), (120, 36), (200, 60)]
LOOKS: dict[str, tuple[str, Look]] = {}
"""Name -> the fixture with the runtime, and what opens it."""


def look(name: str, fixture: str = "runtime") -> Callable[[Look], Look]:
    """Note what opens a screen."""

    def note(opens: Look) -> Look:
        LOOKS[name] = (fixture, opens)
        return opens

    return note


def on(pilot: Pilot[None], kind: type[Screen[Any]], text: str = "") -> Callable[[], bool]:
    return lambda: isinstance(pilot.app.screen, kind) and text in screen_text(app_of_pilot(pilot))


def pane(key: str) -> Look:
    async def focus(pilot: Pilot[None], runtime: FakeRuntime) -> None:
        app = await settled(pilot)
        await tell(pilot, runtime, *BUSY)
        await pilot.press(key)
        await pilot.pause()
        await until(pilot, lambda: app.focused is not None and app.focused is not app.work.chat.prompt)

    return focus


for name, key in (("files", "f2"), ("logs", "f4"), ("suggestions", "f5"), ("chat", "f9")):
    look(f"work-{name}")(pane(key))


@look("work-prompt")
async def _(pilot: Pilot[None], runtime: FakeRuntime) -> None:
    await settled(pilot)
    await tell(pilot, runtime, *BUSY)


@look("work-error")
async def _(pilot: Pilot[None], runtime: FakeRuntime) -> None:
    await settled(pilot)
    await tell(pilot, runtime, *ERROR)


@look("work-find")
async def _(pilot: Pilot[None], runtime: FakeRuntime) -> None:
    await settled(pilot)
    await tell(pilot, runtime, *BUSY)
    await pilot.press("f3", *"server")
    await until(pilot, lambda: "1 of " in screen_text(app_of_pilot(pilot)))


@look("palette")
async def _(pilot: Pilot[None], runtime: FakeRuntime) -> None:
    await settled(pilot)
    await pilot.press("ctrl+p")
    await until(pilot, lambda: "what is here, every key" in screen_text(app_of_pilot(pilot)))


@look("approve")
async def _(pilot: Pilot[None], runtime: FakeRuntime) -> None:
    await settled(pilot)
    await tell(pilot, runtime, *BUSY, ASKED)
    await until(pilot, on(pilot, ApproveScreen))


@look("review")
async def _(pilot: Pilot[None], runtime: FakeRuntime) -> None:
    app = await settled(pilot)
    await tell(pilot, runtime, review.asked(reports=review.PASSED))
    await until(pilot, lambda: isinstance(app.screen, ReviewScreen) and app.screen._seen)
    await pilot.press("j", "space")
    await review.coloured(pilot, app.screen.query_one(DiffView))


@look("form")
async def _(pilot: Pilot[None], runtime: FakeRuntime) -> None:
    await forms.opened(pilot, runtime, forms.FORM)


@look("results", "searched")
async def _(pilot: Pilot[None], runtime: FakeRuntime) -> None:
    app = await results.opened(pilot, runtime, await results.finished(runtime))
    await until(pilot, lambda: "class Retry" in results.place_text(app))


@look("preview")
async def _(pilot: Pilot[None], runtime: FakeRuntime) -> None:
    app = await settled(pilot)
    app.work.preview("src/server.py", 4)
    await until(pilot, lambda: isinstance(app.screen, PreviewScreen) and listed(app.screen))


def logs(pilot: Pilot[None], runtime: FakeRuntime) -> Awaitable[None]:
    return until(pilot, lambda: listed(pilot.app.screen) and pilot.app.screen.query_one(LogEvents).files)


@look("logs", "logged")
async def _(pilot: Pilot[None], runtime: FakeRuntime) -> None:
    await settled(pilot)
    await pilot.press("ctrl+o")
    await logs(pilot, runtime)


@look("log-lines", "logged")
async def _(pilot: Pilot[None], runtime: FakeRuntime) -> None:
    await settled(pilot)
    await pilot.press("ctrl+o")
    await logs(pilot, runtime)
    await pilot.press("tab")
    await until(pilot, lambda: pilot.app.screen.query_one(LogLines).rows)
    await until(pilot, lambda: "Looking for" not in screen_text(app_of_pilot(pilot)))


@look("models")
async def _(pilot: Pilot[None], runtime: FakeRuntime) -> None:
    await settled(pilot)
    await pilot.press("f7")
    await until(pilot, lambda: isinstance(pilot.app.screen, ModelsScreen) and listed(pilot.app.screen))


@look("auth", "given")
async def _(pilot: Pilot[None], runtime: FakeRuntime) -> None:
    await settled(pilot)
    await pilot.press("alt+a")
    await until(pilot, on(pilot, AuthScreen))


@look("sessions", "with_sessions")
async def _(pilot: Pilot[None], runtime: FakeRuntime) -> None:
    app = await settled(pilot)
    said = SessionsScreen(conversation=runtime.session.conversation, keys=app.keys, clock=lambda: MOMENT)
    app.push_screen(said)
    await until(pilot, lambda: len(listed(said)) > 3 and "mail address" in screen_text(app))
    await until(pilot, lambda: all(work.is_finished for work in app.workers if work.group == "look"))
    shown = said.query_one(LineView)
    await until(pilot, lambda: shown.page.units and not shown.page.stale and not shown._bar_late)


@look("learning", "learnt")
async def _(pilot: Pilot[None], runtime: FakeRuntime) -> None:
    await learning.opened(pilot, "Better than the")


@look("stack", "opens")
async def _(pilot: Pilot[None], runtime: FakeRuntime) -> None:
    await stacks.normal(runtime.script, pilot)


@look("stack-progress", "opens")
async def _(pilot: Pilot[None], runtime: FakeRuntime) -> None:
    script: Script = runtime.script
    script.containers, script.steps, script.hold = stacks.UP[:2], stacks.STEPS, asyncio.Event()
    _, screen = await stacks.opened(pilot)
    await until(pilot, lambda: screen._engine)
    await pilot.press("u", "enter")
    await stacks.shows(pilot, "34%")


for name, key in (("up", "u"), ("down", "d"), ("scale", "n")):

    async def _(pilot: Pilot[None], runtime: FakeRuntime, key: str = key) -> None:
        screen = await stacks.normal(runtime.script, pilot)
        screen.choose("dspy-worker")
        await pilot.press(key)
        await until(pilot, lambda: stacks.asked(pilot.app))

    look(f"stack-ask-{name}", "opens")(_)


@look("stack-logs", "opens")
async def _(pilot: Pilot[None], runtime: FakeRuntime) -> None:
    runtime.script.lines = [
        f"dspy-worker-{n % 3}  | 2026-11-28T10:00:{n:02}.000000000Z INFO waits for tasks" for n in range(50)
    ]
    await stacks.normal(runtime.script, pilot)
    await pilot.press("home", "l")
    await stacks.shows(pilot, "50 lines")


@look("topics", "bussed")
async def _(pilot: Pilot[None], runtime: FakeRuntime) -> None:
    runtime.held.told.put_nowait(topics.READING)
    await topics.opened(pilot, "by name")


@look("tail", "bussed")
async def _(pilot: Pilot[None], runtime: FakeRuntime) -> None:
    app, _, tail = await tails.opened(pilot, runtime.held, "logs.* agent.*")
    tail.desk.heard(state="reading")
    tail.desk.take(tails.varied())
    tail.desk.left(0, 4)
    await until(pilot, lambda: "10:00:58" in screen_text(app))


@look("settings", "configured")
async def _(pilot: Pilot[None], runtime: FakeRuntime) -> None:
    await settled(pilot)
    await pilot.press("alt+s")
    await until(pilot, on(pilot, SettingsScreen, "ollama_model"))


@look("why")
async def _(pilot: Pilot[None], runtime: FakeRuntime) -> None:
    runtime.learning.standing = Overview(policy="thompson", scores=37, tools=(suggestions.RECORD,))
    await suggestions.ranked(pilot, runtime)
    await pilot.press("f5", "w")
    await until(pilot, on(pilot, WhyScreen, "12 times"))


@look("help")
async def _(pilot: Pilot[None], runtime: FakeRuntime) -> None:
    await settled(pilot)
    await pilot.press("f1")
    await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen) and listed(pilot.app.screen))


async def rests(pilot: Pilot[None], times: int = 20) -> None:
    """Let the app go on until it drew the same so many times."""
    seen, same = [], 0
    while same < times:
        await pilot.pause(0.02)
        drawn = [list(strip) for strip in pilot.app.screen._compositor.render_strips()]
        seen, same = drawn, same + 1 if drawn == seen else 0


@pytest.fixture
def logged(runtime: FakeRuntime) -> FakeRuntime:
    runtime.logs = GivenLogs(MORNING, "logs/server.log", "logs/access.log")
    return runtime


@pytest.fixture
def given(runtime: FakeRuntime, repository: Path) -> FakeRuntime:
    runtime.config = load(root=repository, env={})
    return runtime


@pytest.fixture
def configured(runtime: FakeRuntime, repository: Path) -> FakeRuntime:
    runtime.config = load(root=repository, env={"OLLAMA_MODEL": "qwen3:4b"}, user_file=repository / "none")
    return runtime


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", LOOKS)
def test_screen(
    request: pytest.FixtureRequest, snap_compare: Callable[..., bool], name: str, size: tuple[int, int]
) -> None:
    fixture, opener = LOOKS[name]
    if fixture in ("opens", "bussed"):
        runtime: Any = request.getfixturevalue("runtime")
        if fixture == "opens":
            runtime.script = request.getfixturevalue("opens")
        else:
            runtime.held = request.getfixturevalue("bus")
    else:
        runtime = request.getfixturevalue(fixture)
    found: list[str] = []

    async def run(pilot: Pilot[None]) -> None:
        await opener(pilot, runtime)
        await rests(pilot)
        found.extend(faults(pilot.app.screen))
        found.extend(await focus_unseen(pilot))
        read = [app_of_pilot(pilot).work.transcript, *pilot.app.screen.query(LineView)]
        await until(pilot, lambda: not any(each.page.stale or each._bar_late for each in read))
        await rests(pilot)

    same = snap_compare(app_of(runtime), terminal_size=size, run_before=run)
    assert not found
    assert same
