"""The log screen and the log pane: over real files, with a given digest."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from agent_core.errors import LogFault
from agent_core.logs.api import Digest, KeyEvent, SourceFacts
from agent_core.logs.page import LogPage
from agent_core.logs.pattern import Pattern
from tests.fakes.digests import CRASH, MORNING
from tests.fakes.logs import GivenLogs
from tests.fakes.screen import FakeRuntime
from tests.tui.conftest import app_of, app_of_pilot, settled, until
from tests.tui.test_work_screen import HOSTILE, screen_text
from tui.screens.help import HelpScreen
from tui.screens.log_events import LogEvents
from tui.screens.log_pick import LogPicker
from tui.screens.logs import LogScreen
from tui.screens.preview import PreviewScreen
from tui.widgets.choices import Choices
from tui.widgets.logevents import CHRONIC, headline
from tui.widgets.loglines import LogLines
from tui.widgets.rows import Rows

pytestmark = pytest.mark.usefixtures("utc")


@pytest.fixture
def logged(runtime: FakeRuntime) -> FakeRuntime:
    """A runtime with a digest of the sample's two logs."""
    runtime.logs = GivenLogs(MORNING, "logs/server.log", "logs/access.log")
    return runtime


def log(runtime: FakeRuntime) -> Path:
    return runtime.workspace.root / "logs/server.log"


async def opened(pilot: Pilot[None], key: str = "ctrl+o") -> LogScreen:
    await settled(pilot)
    await pilot.press(key)
    await until(pilot, lambda: isinstance(pilot.app.screen, LogScreen))
    screen = pilot.app.screen
    assert isinstance(screen, LogScreen)
    await until(pilot, lambda: screen.query_one(LogEvents).files)
    return screen


def listed(screen: LogScreen) -> list[str]:
    keys = [item.key for item in screen.query_one("#events", Choices).items]
    return [key for key in keys if key and not key.startswith(CHRONIC)]


def told(screen: LogScreen) -> str:
    items = screen.query_one("#event", Rows).items
    return "\n".join("".join(run[0] for run in item.lead) + item.text for item in items)


def lines(screen: LogScreen) -> list[str]:
    texts = [row.line.text.removesuffix("┃").rstrip() for row in screen.query_one(LogLines).rows]
    return [text for text in texts if text]


async def shows(pilot: Pilot[None], screen: LogScreen, *wanted: str) -> None:
    await until(pilot, lambda: lines(screen) == list(wanted))


async def in_lines(pilot: Pilot[None], screen: LogScreen) -> LogLines:
    await pilot.press("tab")
    await until(pilot, lambda: screen.shows_lines and lines(screen))
    return screen.query_one(LogLines)


async def test_events_beside_what_they_say(logged: FakeRuntime) -> None:
    async with app_of(logged).run_test(size=(140, 40)) as pilot:
        screen = await opened(pilot)
        assert listed(screen) == ["crash", "slow", "changed"]
        said = told(screen)
        assert "ConnectionRefusedError: [Errno 111] could not connect to db:5432" in said
        assert '  File "/srv/app/src/server.py", line 5, in serve' in said, "the indentation stays"
        assert "→ src/server.py:5" in said
        assert "also in line 9, 12" in said
        await pilot.press("down")
        await until(pilot, lambda: "40x its usual rate" in told(screen))
        assert "[bold]SELECT[/bold]" in told(screen), "no markup"
        assert "2 more left out" in str(screen.query_one(".frame").border_subtitle)


async def test_what_changes_is_followed_and_ends_with_the_screen(logged: FakeRuntime) -> None:
    async with app_of(logged).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot)
        await pilot.press("down")
        before = len(logged.logs.following)
        logged.logs.tell(msgspec.structs.replace(MORNING, events=(MORNING.events[2], *MORNING.events[:2])))
        await until(pilot, lambda: listed(screen) == ["changed", "crash", "slow"])
        current = screen.query_one(LogEvents).current
        assert current is not None
        assert current.id == "slow", "the cursor stays on its event"
        await pilot.press("escape")
        await until(pilot, lambda: len(logged.logs.following) == before - 1)


async def test_a_pattern_filters_events_and_lines(logged: FakeRuntime) -> None:
    async with app_of(logged).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot)
        await pilot.press("slash", *"max_conn")
        await until(pilot, lambda: listed(screen) == ["changed"])
        await pilot.press("escape")
        await until(pilot, lambda: len(listed(screen)) == 3)
        assert not screen.query_one("#filter", Input).display
        await pilot.press("home")
        await in_lines(pilot, screen)
        await pilot.press("slash", *"err")
        await shows(pilot, screen, "10:00:02 ERROR could not connect to db:5432")
        with log(logged).open("a") as file:
            file.write("10:00:03 INFO fine\n10:00:04 ERROR again\n")
        await shows(pilot, screen, "10:00:02 ERROR could not connect to db:5432", "10:00:04 ERROR again")
        assert "2 matches" in str(screen.query_one(".frame").border_subtitle)
        await pilot.press("ctrl+u", *"nothing")
        await until(pilot, lambda: "No line matches." in lines(screen))


async def test_a_filter_goes_on_in_the_file_that_lies_there_now(
    logged: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    searches: list[str] = []
    search = LogPage.search

    def counted(page: LogPage, pattern: Pattern) -> int:
        searches.append(pattern.text)
        return search(page, pattern)

    monkeypatch.setattr(LogPage, "search", counted)
    async with app_of(logged).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot)
        await in_lines(pilot, screen)
        await pilot.press("slash", *"err", "enter")
        await shows(pilot, screen, "10:00:02 ERROR could not connect to db:5432")
        log(logged).unlink()
        await shows(pilot, screen, "The file is gone.")
        await pilot.pause(0.5)
        log(logged).write_text("10:00:09 INFO begin\n10:00:10 ERROR another\n")
        await shows(pilot, screen, "10:00:10 ERROR another")
        assert len(searches) <= 3, "once for each file"


async def test_no_pattern_holds_up_the_screen(logged: FakeRuntime) -> None:
    log(logged).write_text("a" * 3000 + "!\n10:00:04 ERROR aaa\n")
    async with app_of(logged).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot)
        await in_lines(pilot, screen)
        await pilot.press("slash", *"(a+)+$")
        await shows(pilot, screen, "10:00:04 ERROR aaa")


async def test_from_match_to_match_within_what_lies_around(logged: FakeRuntime) -> None:
    log(logged).write_text("".join(f"10:00:{n:02} INFO line {n}\n" for n in range(60)))
    async with app_of(logged).run_test(size=(120, 30)) as pilot:
        screen = await opened(pilot)
        widget = await in_lines(pilot, screen)
        await pilot.press("slash", *"0$", "enter")
        await until(pilot, lambda: len(lines(screen)) == 6)
        await pilot.press("end", "m", "N")
        await until(pilot, lambda: widget.current and widget.current.text.endswith("line 40"))
        assert "10:00:41 INFO line 41" in lines(screen)
        await pilot.press("N", "n", "n")
        await until(pilot, lambda: widget.current and widget.current.text.endswith("line 50"))
        await pilot.press("n")
        await until(pilot, lambda: "No line below matches" in said(pilot))


async def test_going_to_a_line_a_share_and_a_time(logged: FakeRuntime) -> None:
    log(logged).write_text("".join(f"2025-11-24 10:{n:02}:00 INFO line {n}\n" for n in range(60)))
    async with app_of(logged).run_test(size=(120, 30)) as pilot:
        screen = await opened(pilot)
        widget = await in_lines(pilot, screen)
        for typed, wanted in (("12", "11"), ("50%", "30"), ("10:45", "45"), ("9m", "50")):
            await pilot.press("colon", *typed, "enter")
            await until(pilot, lambda w=wanted: widget.current and widget.current.text.endswith(f"line {w}"))
        await pilot.press("colon", *"soon", "enter")
        await until(pilot, lambda: any("is no time" in text for text in said(pilot)))
        await pilot.press("escape")
        assert screen.query_one("#place", Input).display is False


async def test_going_to_a_line_from_the_events(logged: FakeRuntime) -> None:
    async with app_of(logged).run_test(size=(120, 30)) as pilot:
        screen = await opened(pilot)
        await pilot.press("colon", "2")
        await until(pilot, lambda: screen.query_one("#place", Input).value == "2")
        await pilot.press("enter")
        current = screen.query_one(LogLines)
        await until(pilot, lambda: current.current and "slow query" in current.current.text)


async def test_a_line_leads_to_the_code_and_to_the_clipboard(logged: FakeRuntime) -> None:
    log(logged).write_text(
        '10:00:00 ERROR failed\nTraceback:\n  File "/srv/x/src/server.py", line 5, in f\nE: x\n'
    )
    async with app_of(logged).run_test(size=(120, 30)) as pilot:
        screen = await opened(pilot)
        await in_lines(pilot, screen)
        await pilot.press("home", "c")
        await until(pilot, lambda: pilot.app.clipboard == "10:00:00 ERROR failed")
        await pilot.press("o")
        await until(pilot, lambda: isinstance(pilot.app.screen, PreviewScreen))
        await until(pilot, lambda: "print(port)" in screen_text(app_of_pilot(pilot)))


async def test_a_log_is_chosen_by_its_name(logged: FakeRuntime) -> None:
    async with app_of(logged).run_test(size=(120, 30)) as pilot:
        screen = await opened(pilot)
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, LogPicker))
        await pilot.press(*"acc")
        await until(pilot, lambda: len(pilot.app.screen.query_one(Rows).items) == 1)
        await pilot.press("enter")
        await shows(pilot, screen, "GET / 200", "GET /missing 404")
        assert "(2 of 2)" in str(screen.query_one(".frame").border_title)


@pytest.mark.parametrize(("key", "then"), [("tab", LogScreen), ("colon", LogScreen), ("s", LogPicker)])
async def test_keys_that_come_before_the_logs_are_found_wait(
    logged: FakeRuntime, key: str, then: type[object]
) -> None:
    logged.logs.busy = asyncio.Event()
    async with app_of(logged).run_test(size=(120, 30)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(pilot.app.screen, LogScreen))
        screen = pilot.app.screen
        assert isinstance(screen, LogScreen)
        await pilot.press(key)
        assert not screen.shows_lines
        assert not said(pilot)
        logged.logs.busy.set()
        await until(pilot, lambda: isinstance(pilot.app.screen, then))
        await until(pilot, lambda: screen.shows_lines is (then is LogScreen))
        await until(pilot, lambda: isinstance(screen.focused, Input) is (key == "colon"))


async def test_what_was_heard_stays_while_the_process_starts_anew(logged: FakeRuntime) -> None:
    async with app_of(logged).run_test(size=(140, 40)) as pilot:
        screen = await opened(pilot)
        logged.logs.tell(Digest(note="The log process ended (signal 9)."))
        await until(pilot, lambda: "The log process ended" in str(screen.query_one(".frame").border_subtitle))
        assert listed(screen) == ["crash", "slow", "changed"]
        assert any(item.key == CRASH.id for item in app_of_pilot(pilot).work.logs.items)


async def test_noise_that_recurs_is_told_with_its_count(logged: FakeRuntime) -> None:
    async with app_of(logged).run_test(size=(140, 40)) as pilot:
        screen = await opened(pilot)
        await pilot.press("end")
        await until(pilot, lambda: "recurs as it always did · 812 times" in told(screen))
        await pilot.press("right", "down")
        assert screen.query_one(LogEvents).detail.has_focus
        await pilot.press("left")
        assert screen.query_one(LogEvents).list.has_focus


async def test_help_opens_over_the_logs_and_one_key_leaves(logged: FakeRuntime) -> None:
    async with app_of(logged).run_test(size=(120, 30)) as pilot:
        await opened(pilot)
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, LogScreen))
        await pilot.press("ctrl+o")
        await until(pilot, lambda: app_of_pilot(pilot).screen is app_of_pilot(pilot).work)


async def test_the_code_an_event_leads_to(logged: FakeRuntime) -> None:
    async with app_of(logged).run_test(size=(120, 36)) as pilot:
        await opened(pilot)
        await pilot.press("o")
        await until(pilot, lambda: isinstance(pilot.app.screen, PreviewScreen))
        await until(pilot, lambda: "print(port)" in screen_text(app_of_pilot(pilot)))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, LogScreen))
        await pilot.press("down", "o")
        await until(pilot, lambda: "It names no place in this workspace" in said(pilot))


async def test_an_event_is_asked_about(logged: FakeRuntime) -> None:
    async with app_of(logged).run_test(size=(120, 36)) as pilot:
        await opened(pilot)
        await pilot.press("a")
        app = app_of_pilot(pilot)
        await until(pilot, lambda: app.screen is app.work)
        assert "@logs/server.log:3" in app.work.chat.prompt.text


async def test_a_line_is_asked_about(logged: FakeRuntime) -> None:
    async with app_of(logged).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot)
        await in_lines(pilot, screen)
        await pilot.press("up", "a")
        app = app_of_pilot(pilot)
        await until(pilot, lambda: app.screen is app.work)
        assert "@logs/server.log:2" in app.work.chat.prompt.text


async def test_an_event_is_expanded_to_the_lines_of_the_log(logged: FakeRuntime) -> None:
    async with app_of(logged).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: "10:00:02 ERROR could not connect" in told(screen))
        await pilot.press("enter")
        await until(pilot, lambda: "Traceback" in told(screen))


async def test_a_clicked_event_shows_and_expands_when_clicked_again(logged: FakeRuntime) -> None:
    async with app_of(logged).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot)
        await pilot.click("#events", offset=(4, 2))
        await until(pilot, lambda: "reloaded: max_connections" in told(screen))
        await pilot.click("#events", offset=(4, 2))
        await until(pilot, lambda: "GET / 200" in told(screen))
        await pilot.click("#events", offset=(4, 0))
        await until(pilot, lambda: "→ src/server.py:5" in told(screen))


async def test_lines_are_followed_until_paused(logged: FakeRuntime) -> None:
    async with app_of(logged).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot)
        widget = await in_lines(pilot, screen)
        assert widget.current is not None
        assert widget.current.text.startswith("10:00:02"), "where the event is"
        await pilot.press("end")
        await until(pilot, lambda: widget.follows)
        log(logged).write_text(log(logged).read_text() + "".join(f"line {n}\n" for n in range(100)))
        await until(pilot, lambda: lines(screen)[-1] == "line 99")
        await pilot.press("p")
        await until(pilot, lambda: "paused" in str(screen.query_one(".frame").border_subtitle))
        with log(logged).open("a") as file:
            file.write("line 100\n")
        await pilot.pause(0.3)
        assert lines(screen)[-1] == "line 99"
        await pilot.press("p")
        await until(pilot, lambda: lines(screen)[-1] == "line 100")
        await pilot.press("home")
        await until(pilot, lambda: lines(screen)[0].startswith("10:00:00"))
        await pilot.press("right_square_bracket")
        await shows(pilot, screen, "GET / 200", "GET /missing 404")


async def test_a_log_that_is_emptied_rotated_or_removed(logged: FakeRuntime) -> None:
    async with app_of(logged).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot)
        await in_lines(pilot, screen)
        log(logged).write_text("")
        await shows(pilot, screen, "The file is empty.")
        log(logged).write_text("after\n")
        await shows(pilot, screen, "after")
        log(logged).rename(log(logged).with_suffix(".log.1"))
        log(logged).write_text("another\n")
        await shows(pilot, screen, "another")
        log(logged).unlink()
        await shows(pilot, screen, "The file is gone.")
        log(logged).write_text("back\n")
        await shows(pilot, screen, "back")


async def test_what_the_bus_could_not_tell_is_said_with_its_events(logged: FakeRuntime) -> None:
    event = KeyEvent(
        id="api:e", kind="error", level="error", source="bus:api:logs/api.log", first=1, last=1, text="gone"
    )
    sources = (
        SourceFacts(name="bus:ap", note="another's"),
        SourceFacts(name="bus:api", note="2 messages of another version"),
    )
    logged.logs.given = Digest(events=(event,), sources=sources)
    async with app_of(logged).run_test(size=(140, 40)) as pilot:
        screen = await opened(pilot)
        await until(pilot, lambda: "2 messages of another version" in told(screen))
        assert "another's" not in told(screen)


async def test_hostile_lines_and_events_are_literal(logged: FakeRuntime) -> None:
    bad = KeyEvent(
        id="bad", kind="rare", source=f"logs/{HOSTILE}.log", first=1, last=1, text=HOSTILE, component=HOSTILE,
        template=HOSTILE, why=(HOSTILE,), began=float(2**40), ended=float(2**40),
    )  # fmt: skip
    logged.logs.given = Digest(events=(bad,), note=HOSTILE)
    log(logged).write_bytes(
        b"\xff\x00" + HOSTILE.encode("utf-8", "replace") + b"\n" + b"x" * 3_000_000 + b"\n"
    )
    async with app_of(logged).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot)
        await until(pilot, lambda: listed(screen) == ["bad"])
        await in_lines(pilot, screen)
        text = screen_text(app_of_pilot(pilot))
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "[bold]x[/bold]" in text


async def test_no_logs_says_what_to_do(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: "setting log_files names others" in screen_text(app_of_pilot(pilot)))
        await pilot.press("tab")
        await until(pilot, lambda: "There is no log file whose lines could be shown" in said(pilot))


async def test_sources_that_cannot_be_found_say_why(runtime: FakeRuntime) -> None:
    runtime.logs.fail = LogFault("The log process cannot be started", hint="Try again.")
    async with app_of(runtime).run_test(size=(220, 36)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: "Try again." in screen_text(app_of_pilot(pilot)))


async def test_the_pane_shows_what_stands_out(logged: FakeRuntime) -> None:
    async with app_of(logged).run_test(size=(160, 44)) as pilot:
        app = await settled(pilot)
        await until(pilot, lambda: any(item.key == CRASH.id for item in app.work.logs.items))
        await pilot.press("f4", "home", "enter")
        await until(pilot, lambda: isinstance(app.screen, LogScreen))
        screen = app.screen
        assert isinstance(screen, LogScreen)
        await until(pilot, lambda: "ConnectionRefusedError" in told(screen))


async def test_the_pane_opens_the_lines_of_a_log(logged: FakeRuntime) -> None:
    async with app_of(logged).run_test(size=(160, 44)) as pilot:
        app = await settled(pilot)
        await pilot.press("f4", "end", "enter")
        await until(pilot, lambda: isinstance(app.screen, LogScreen))
        screen = app.screen
        assert isinstance(screen, LogScreen)
        await shows(pilot, screen, "GET / 200", "GET /missing 404")
        assert screen.query_one("#filter", Input).display is False


def said(pilot: Pilot[None]) -> list[str]:
    return [notification.message for notification in pilot.app._notifications]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('Exception in thread "main" java.lang.IllegalStateException: gone\n  at Main.a(Main.java:7)',
         "java.lang.IllegalStateException: gone"),
        ("Unhandled exception:\nInstance of 'MyError'\n  #0 main", "Instance of 'MyError'"),
        ("Exception in thread flush-worker:\nIndexError: pop from empty list\n  File \"a.py\", line 3",
         "IndexError: pop from empty list"),
        ("thread 'main' panicked at m.rs:13:67: attempt to divide by zero", 
         "thread 'main' panicked at m.rs:13:67: attempt to divide by zero"),
        ("Traceback (most recent call last):", "Traceback (most recent call last):"),
    ],
)  # fmt: skip
def test_the_row_of_a_trace_says_what_was_thrown(text: str, wanted: str) -> None:
    assert headline(msgspec.structs.replace(CRASH, text=text)) == wanted


async def test_it_names_only_keys_that_do_something(runtime: FakeRuntime) -> None:
    runtime.logs = GivenLogs(Digest())
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: "log_files" in screen_text(app_of_pilot(pilot)))
        await until(pilot, lambda: "Enter expand" not in screen_text(app_of_pilot(pilot)))
        shown = screen_text(app_of_pilot(pilot))
        assert "/ filter   Esc close" in shown
        assert "Tab lines" not in shown and "ask about it" not in shown
