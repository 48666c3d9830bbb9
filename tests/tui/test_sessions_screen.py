"""The screen of saved sessions, over real files; and a conversation that is shown again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from agent_core.events import (
    ReasoningDelta,
    SessionOpened,
    TextDelta,
    ToolFinished,
    ToolStarted,
    TurnFinished,
    TurnStarted,
    Usage,
)
from agent_core.masking import mask_secrets
from agent_core.session.saved import saving as savings
from agent_core.session.saved.conversation import Conversation
from agent_core.session.saved.saving import Saving
from agent_core.session.saved.store import SavedSessions
from agent_core.workspace import Workspace
from tests.fakes.screen import FakeRuntime, fake_runtime
from tests.tui.conftest import (
    HOSTILE,
    MOMENT,
    app_of,
    at_once,
    listed,
    screen_text,
    settled,
    tell,
    text_of,
    until,
)
from tui.app import DspyApp
from tui.screens.sessions import SessionsScreen
from tui.widgets.transcript import Transcript

pytestmark = pytest.mark.usefixtures("utc")
DAY = 86_400.0
Compare = Callable[..., bool]


def begun(root: Path, age: float, *prompts: str, name: str = "", ends: bool = True) -> str:
    """A saved session of so many days ago; returns its id."""
    now = [MOMENT - age * DAY]
    store = SavedSessions(Workspace.open(root))
    saving = Saving(store=store, mask=mask_secrets, enabled=True, clock=lambda: now[0])
    conversation = Conversation(store=store, saving=saving)
    for prompt in prompts:
        turn_id = conversation.next_turn_id()
        call_id = f"{turn_id}.1"
        for event in (
            TurnStarted(turn_id=turn_id, text=prompt, kind="task"),
            ReasoningDelta(turn_id=turn_id, text="Where could that be?"),
            ToolStarted(
                turn_id=turn_id, call_id=call_id, name="grep", command="grep retry", action="read"
            ),
            ToolFinished(
                turn_id=turn_id, call_id=call_id, name="grep", summary="2 matches", text="a\nb", data={},
                seconds=0.5,
            ),
            TextDelta(turn_id=turn_id, text=f"This answers *{prompt}* in `src/server.py:4`.\n"),
        ):  # fmt: skip
            conversation.take(event)
            now[0] += 3
        if ends:
            usage = Usage(prompt_tokens=1800, completion_tokens=40)
            conversation.take(
                TurnFinished(
                    turn_id=turn_id, outcome="answered", reason="", text="", exit=0, seconds=9, usage=usage
                )
            )
    if name:
        conversation.rename(name)
    conversation.close()
    return conversation.id


@pytest.fixture
async def with_sessions(repository: Path, monkeypatch: pytest.MonkeyPatch) -> FakeRuntime:
    """A runtime over a sample with four saved sessions."""
    ids = iter(f"20251124-10000{number}-00a{number}" for number in range(9))
    monkeypatch.setattr(savings, "new_id", lambda _: next(ids))
    begun(repository, 9, "what is this project?", HOSTILE)
    begun(repository, 3, "where is the retry?", "and who calls it?", name="retry policy")
    begun(repository, 1, "shorten the README", ends=False)
    begun(repository, 0.1, "why does login fail for users without a mail address?", name="login form")
    return fake_runtime(repository)


async def opened(pilot: Pilot[None]) -> tuple[DspyApp, SessionsScreen]:
    app = await settled(pilot)
    await pilot.press("ctrl+s")
    await until(pilot, lambda: isinstance(app.screen, SessionsScreen) and len(listed(app.screen)) > 3)
    assert isinstance(app.screen, SessionsScreen)
    return app, app.screen


def titles(screen: SessionsScreen) -> list[str]:
    return [item.text for item in listed(screen)]


async def test_what_was_said_is_shown_beside_the_list(with_sessions: FakeRuntime) -> None:
    async with app_of(with_sessions).run_test(size=(120, 36)) as pilot:
        app, screen = await opened(pilot)
        await until(pilot, lambda: "This answers" in screen_text(app))
        assert titles(screen)[0] == "login form"
        assert "thought for 3.0 s" in screen_text(app)
        await pilot.press("down", "down")
        await until(pilot, lambda: "and who calls it?" in screen_text(app))
        await pilot.press("G")
        await until(pilot, lambda: "what is this project?" in screen_text(app))
        assert "owned" not in screen_text(app)


async def test_letters_filter_and_enter_resumes(with_sessions: FakeRuntime) -> None:
    async with app_of(with_sessions).run_test(size=(100, 30)) as pilot:
        app, screen = await opened(pilot)
        await pilot.press("slash", *"retry")
        await until(pilot, lambda: len(listed(screen)) == 1)
        chosen = screen.current
        assert chosen is not None
        assert chosen.name == "retry policy"
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.work)
        assert with_sessions.session.submitted == [f"/resume {chosen.id}"]


async def test_enter_is_about_all_that_was_typed_before_it(with_sessions: FakeRuntime) -> None:
    """However fast: neither another session nor a part of a name."""
    async with app_of(with_sessions).run_test(size=(100, 30)) as pilot:
        app, screen = await opened(pilot)
        await pilot.press("r")
        screen.query_one(Input).value = ""
        at_once(app, *"a longer name", "enter")
        await until(pilot, lambda: "a longer name" in titles(screen))
        wanted = next(
            saved for saved in with_sessions.session.conversation.store.list() if saved.name == "retry policy"
        )
        await pilot.press("slash")
        at_once(app, *"retry", "enter")
        await until(pilot, lambda: app.screen is app.work)
        assert with_sessions.session.submitted == [f"/resume {wanted.id}"]


async def test_a_session_is_renamed_forked_exported_and_deleted_when_asked(
    with_sessions: FakeRuntime,
) -> None:
    store = with_sessions.session.conversation.store
    async with app_of(with_sessions).run_test(size=(100, 30)) as pilot:
        app, screen = await opened(pilot)
        first = screen.current
        assert first is not None
        await pilot.press("r")
        screen.query_one(Input).value = ""
        await pilot.press(*"mail", "enter")
        await until(pilot, lambda: titles(screen)[0] == "mail")
        await pilot.press("d", "escape")
        assert len(store.list()) == 4
        await pilot.press("d", "down", "y")
        assert len(store.list()) == 4, "the question was about another one"
        await pilot.press("up", "d", "y")
        await until(pilot, lambda: len(listed(screen)) == 3)
        assert first.id not in [saved.id for saved in store.list()]
        await pilot.press("f")
        await until(pilot, lambda: app.screen is app.work)
        assert with_sessions.session.submitted[-1].startswith("/fork --of ")


async def test_the_session_that_is_open_is_not_deleted(with_sessions: FakeRuntime) -> None:
    conversation = with_sessions.session.conversation
    await conversation.prepare(conversation.store.list()[0].id)
    conversation.switch()
    async with app_of(with_sessions).run_test(size=(100, 30)) as pilot:
        app, screen = await opened(pilot)
        assert screen.current is not None and screen.current.id == conversation.id
        await pilot.press("d", "y")
        await until(pilot, lambda: any("open here" in note.message for note in app._notifications))
        assert len(conversation.store.list()) == 4
    conversation.close()


async def test_no_sessions_say_how_they_come(repository: Path) -> None:
    runtime = fake_runtime(repository)
    async with app_of(runtime).run_test(size=(80, 24)) as pilot:
        app = await settled(pilot)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "No conversation is saved" in screen_text(app))
        await pilot.press("f", "r", "e", "d", "y", "enter")
        await pilot.press("escape")
        assert runtime.session.submitted == []


async def test_a_resumed_conversation_takes_the_place_of_the_one_shown(with_sessions: FakeRuntime) -> None:
    conversation = with_sessions.session.conversation
    async with app_of(with_sessions).run_test(size=(100, 40)) as pilot:
        app = await settled(pilot)
        await tell(pilot, with_sessions, TurnStarted(turn_id="x.1", text="something else", kind="task"))
        loaded = conversation.store.load(conversation.store.find("retry").id)
        conversation.earlier = loaded.records
        opening = SessionOpened(session_id=loaded.saved.id, name="retry policy", turns=2, waiting=("more",))
        await tell(pilot, with_sessions, opening)
        await until(pilot, lambda: "Resumed: retry policy, 2 turns" in text_of(app))
        shown = text_of(app)
        assert "something else" not in shown
        assert "where is the retry?" in shown
        assert "thought for 3.0 s" in shown
        assert "Never ran: more" in shown


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["80x24", "120x36"])
def test_sessions(snap_compare: Compare, with_sessions: FakeRuntime, size: tuple[int, int]) -> None:
    async def look(pilot: Pilot[None]) -> None:
        app = await settled(pilot)
        screen = SessionsScreen(
            conversation=with_sessions.session.conversation, keys=app.keys, clock=lambda: MOMENT
        )
        app.push_screen(screen)
        await until(pilot, lambda: len(listed(screen)) > 3)
        await pilot.press("down")
        await until(pilot, lambda: "cut off" in screen_text(app) or "shorten the README" in screen_text(app))
        await pilot.press("down")
        await until(pilot, lambda: "who calls it?" in screen_text(app))
        await until(pilot, lambda: all(work.is_finished for work in app.workers if work.group == "look"))
        said = screen.query_one(Transcript)
        await until(pilot, lambda: not said.page.stale and not said._bar_late)  # the bar moves now and then
        await pilot.pause()

    assert snap_compare(app_of(with_sessions), terminal_size=size, run_before=look)
