"""The form of a server on screen: by keys alone, checked beside its fields, nothing sent by accident."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from agent_core.events import ApprovalGiven, ApprovalNeeded
from agent_core.forms import Field, Filled, Form
from tests.fakes.screen import FakeRuntime
from tests.tui.conftest import HOSTILE, app_of, screen_text, settled, tell, until
from tui.screens.form import FormScreen
from tui.screens.form_field import FieldBox

Compare = Callable[..., bool]
FORM = Form(
    asker="tables",
    message="Which table shall I book for tonight?",
    fields=(
        Field(title="Name", kind="text", description="Who it is for", required=True, least=2.0, most=20.0),
        Field(title="People", kind="int", default="2", least=1.0, most=8.0, required=True),
        Field(title="Place", kind="choice", options=("Inside", "In the garden", "At the bar"), chosen=(0,)),
        Field(title="Dishes", kind="choices", options=("Soup", "Fish", "Cake"), least=1.0, most=2.0),
        Field(title="When", kind="text", format="date"),
    ),
)
SECRET = Form(
    asker="tables",
    message="Sign in, please.",
    warning="It seems to ask for a secret. Servers must not do that.",
    fields=(Field(title="Password", kind="text", secret=True),),
)


def asked(form: Form) -> ApprovalNeeded:
    return ApprovalNeeded(
        turn_id="t1", call_id="c9", action="run", command="x", reason="", rule="", form=form
    )


async def opened(pilot: Pilot[None], runtime: FakeRuntime, form: Form) -> FormScreen:
    app = await settled(pilot)
    await tell(pilot, runtime, asked(form))
    await until(pilot, lambda: isinstance(app.screen, FormScreen) and app.screen.is_armed)
    screen = app.screen
    assert isinstance(screen, FormScreen)
    await until(pilot, lambda: screen.focused is not None or not form.fields)
    return screen


async def typed(pilot: Pilot[None], text: str) -> None:
    await pilot.press(*("space" if char == " " else char for char in text))


async def test_it_is_filled_in_by_keys(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        await opened(pilot, runtime, FORM)
        await typed(pilot, "Ada L")
        await pilot.press("enter", "backspace", "4", "tab", "down", "space", "tab")
        await pilot.press("space", "down", "down", "enter", "tab", "ctrl+s")
        await until(pilot, lambda: runtime.session.filled)
    assert runtime.session.filled == {"c9": Filled(action="accept", values=("Ada L", "4", (1,), (0, 2), ""))}
    assert not runtime.session.answers


@pytest.mark.parametrize(("key", "action"), [("ctrl+n", "decline"), ("escape", "cancel")])
async def test_it_is_declined_or_closed(runtime: FakeRuntime, key: str, action: str) -> None:
    async with app_of(runtime).run_test(size=(80, 24)) as pilot:
        await opened(pilot, runtime, FORM)
        await pilot.press("x", key)
        await until(pilot, lambda: runtime.session.filled)
    assert runtime.session.filled["c9"] == Filled(action=action)  # type: ignore[arg-type]


async def test_what_is_wrong_is_said_beside_the_field_and_nothing_sent(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, runtime, FORM)
        await pilot.press("tab", "9", "ctrl+s")
        boxes = [*screen.query(FieldBox)]
        await until(pilot, lambda: screen.focused is boxes[0].editor)
        assert [box.is_wrong for box in boxes] == [True, True, False, False, False]
        text = screen_text(pilot.app)  # type: ignore[arg-type]
        assert "An answer is wanted." in text and "It has to be 1 to 8." in text
        assert not runtime.session.filled
        await typed(pilot, "Ada")
        assert not boxes[0].is_wrong
        await pilot.press("tab", "backspace", "ctrl+s")
        await until(pilot, lambda: runtime.session.filled)
    assert runtime.session.filled["c9"].values[:2] == ("Ada", "2")


async def test_a_secret_is_hidden_and_sent_only_when_asked_twice(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, runtime, SECRET)
        await typed(pilot, "hunter2")
        assert "hunter2" not in screen_text(pilot.app)  # type: ignore[arg-type]
        assert "It seems to ask for a secret" in screen_text(pilot.app)  # type: ignore[arg-type]
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "once more sends it" in screen_text(pilot.app))  # type: ignore[arg-type]
        await pilot.press("3")
        await until(pilot, lambda: "once more" not in screen_text(pilot.app))  # type: ignore[arg-type]
        await pilot.press("ctrl+s")
        assert not runtime.session.filled and screen.is_current
        await pilot.press("ctrl+s")
        await until(pilot, lambda: runtime.session.filled)


async def test_what_looks_like_a_key_is_warned_of_in_any_field(runtime: FakeRuntime) -> None:
    form = msgspec.structs.replace(SECRET, warning="", fields=(Field(title="Note", kind="text"),))
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, runtime, form)
        screen.query_one(Input).value = "ghp_" + "a1" * 15
        await pilot.pause()
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "looks like a secret" in screen_text(pilot.app))  # type: ignore[arg-type]
        assert not runtime.session.filled


async def test_early_keys_answer_nothing_and_enter_sends_nothing(
    runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.screens.form.FormScreen", partial(FormScreen, arm_s=3.0))
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        app = await settled(pilot)
        await tell(pilot, runtime, asked(FORM))
        await until(pilot, lambda: isinstance(app.screen, FormScreen))
        await pilot.press("ctrl+s", "escape", "enter")
        assert not runtime.session.filled
        await until(pilot, lambda: app.screen.focused is not None)
        await pilot.press("A", "d", *["enter"] * 6)
        assert isinstance(app.screen, FormScreen) and not runtime.session.filled


async def test_keys_that_come_at_once_go_where_they_belong(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        await opened(pilot, runtime, FORM)
        keys = ["A", "d", "a", "tab", "enter", "down", "space", "tab", "space", "down"]
        keys += ["enter", "tab", *"2026", "minus", "0", "1", "minus", "3", "1", "ctrl+s"]
        for key in keys:
            char = {"minus": "-", "space": " "}.get(key, key if len(key) == 1 else None)
            pilot.app.post_message(events.Key(key, char))
        await until(pilot, lambda: runtime.session.filled)
    assert runtime.session.filled["c9"].values == ("Ada", "2", (1,), (0, 1), "2026-01-31")


async def test_it_goes_when_its_call_ends(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, runtime, FORM)
        await tell(pilot, runtime, ApprovalGiven(turn_id="t1", call_id="c9", decision="no"))
        await until(pilot, lambda: pilot.app.screen is not screen)
    assert not runtime.session.filled


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (40, 12)])
async def test_hostile_and_large_forms_keep_their_keys_on_screen(
    runtime: FakeRuntime, size: tuple[int, int]
) -> None:
    fields = tuple(
        Field(title=f"{HOSTILE} {number}", kind="choice", options=(HOSTILE,) * 20) for number in range(16)
    )
    form = Form(asker=HOSTILE, message=f"{HOSTILE}\n" * 40, fields=fields, warning="It may be a trick.")
    async with app_of(runtime).run_test(size=size) as pilot:
        await opened(pilot, runtime, form)
        for _ in range(15):
            await pilot.press("tab")
        await pilot.pause()
        text = screen_text(pilot.app)  # type: ignore[arg-type]
        assert "send" in text and "\x1b" not in text and "field 16 of 16" in text


def id_of(size: tuple[int, int]) -> str:
    return "x".join(map(str, size))


@pytest.mark.usefixtures("utc")
@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=id_of)
@pytest.mark.parametrize("what", ["form", "wrong", "secret"])
def test_golden(snap_compare: Compare, runtime: FakeRuntime, size: tuple[int, int], what: str) -> None:
    async def run(pilot: Pilot[None]) -> None:
        await opened(pilot, runtime, SECRET if what == "secret" else FORM)
        if what == "wrong":
            await pilot.press("A", "tab", "9", "ctrl+s")
            await pilot.pause()

    assert snap_compare(_app(runtime), terminal_size=size, run_before=run)


def _app(runtime: FakeRuntime) -> Any:
    return app_of(runtime)
