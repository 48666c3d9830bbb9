"""Somebody who looks elsewhere is told that a turn has ended, or asks."""

from __future__ import annotations

from typing import Any

import pytest
from textual import events

from agent_core.config import Settings
from agent_core.events import TurnFinished, Usage
from tests.fakes.screen import fake_runtime
from tests.tui.conftest import HOSTILE, app_of, settled, tell, until
from tui.away import sequence

ENDED = TurnFinished(turn_id="t1", outcome="answered", reason="", text="", exit=0, seconds=1.0, usage=Usage())


@pytest.mark.parametrize(
    ("how", "through", "wanted"),
    [
        ("bell", "", "\x07"),
        ("bell", "tmux", "\x07"),
        ("osc9", "", "\x1b]9;shop: answered\x1b\\"),
        ("osc777", "", "\x1b]777;notify;shop;answered\x1b\\"),
        ("osc9", "tmux", "\x1bPtmux;\x1b\x1b]9;shop: answered\x1b\x1b\\\x1b\\"),
        ("osc9", "screen", "\x1bP\x1b]9;shop: answered\x07\x1b\\"),
        ("off", "", ""),
    ],
)
def test_what_a_terminal_is_sent(how: Any, through: Any, wanted: str) -> None:
    assert sequence(how, "shop", "answered", through=through) == wanted


@pytest.mark.parametrize("how", ["osc9", "osc777"])
def test_no_text_can_end_the_sequence_or_begin_another(how: Any) -> None:
    sent = sequence(how, f"a;b{HOSTILE}", "x" * 5000 + "\x9c\x1b\\\x07\n")
    inside = sent.removeprefix("\x1b]").removesuffix("\x1b\\")
    assert inside.isprintable() and len(sent) < 400 and sent.count(";") == (1 if how == "osc9" else 3)


@pytest.mark.parametrize(("how", "rung"), [("bell", 1), ("off", 0)])
async def test_only_while_another_window_has_the_focus(repository: Any, how: Any, rung: int) -> None:
    runtime = fake_runtime(repository, settings=Settings(notify=how))
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        written: list[str] = []
        driver: Any = app._driver  # pyright: ignore[reportPrivateUsage]
        driver.write = written.append
        await tell(pilot, runtime, ENDED)
        assert "\x07" not in written
        app.post_message(events.AppBlur())
        await until(pilot, lambda: not app.app_focus)
        await tell(pilot, runtime, ENDED)
        assert written.count("\x07") == rung
        app.post_message(events.AppFocus())
        await until(pilot, lambda: app.app_focus)
        await tell(pilot, runtime, ENDED)
        assert written.count("\x07") == rung
