"""The pane of suggestions: what it says of each, its keys, what has to wait, and when it is seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot

from agent_core.errors import LearningFault
from agent_core.events import PlaceOpened, SuggestionsRanked, ToolSuggested, TurnFinished, TurnStarted
from agent_core.rl.api import Overview, Reason, Suggestion, ToolRecord, Waiting
from agent_core.rl.learning import Learned
from agent_core.runtime import open_runtime
from tests.fakes.screen import FakeRuntime
from tests.tui.conftest import HOSTILE, app_of, screen_text, settled, tell, text_of, until
from tui.app import DspyApp
from tui.screens.help import HelpScreen
from tui.screens.learning import LearningScreen
from tui.screens.why import WhyScreen, before, reasons
from tui.telling import Telling

Compare = Callable[..., bool]
NAMES = Reason("symbol", "names a symbol", 0.214)
WHERE = Reason("where", "asks where", 0.08)
FAILED = Reason("failed", "the last turn failed", -0.121)
BIAS = Reason("bias", "does well in general", 0.09)
GREP = Suggestion(
    tool="grep", command="grep -w parse_header", why="where parse_header occurs", probability=0.341,
    value=0.263, reasons=(NAMES, FAILED, BIAS, WHERE),
)  # fmt: skip
ITEMS = (
    GREP,
    Suggestion(tool="intel", command="intel parse_header", why="and what is connected", probability=0.22,
               value=0.2, reasons=(NAMES,)),
    Suggestion(tool="esearch", command="esearch who calls parse_header?", why="places in the code",
               probability=0.18, value=0.17, reasons=(WHERE,)),
    Suggestion(tool="codectx", command="codectx", why="what this project is", probability=0.09, value=0.05),
    Suggestion(tool="tree", command="tree --depth 2", why="the shape of the project", probability=0.003,
               value=-0.02),
)  # fmt: skip
RANKED = SuggestionsRanked(
    items=ITEMS,
    evidence="37 scored",
    decision="x:1",
    waiting=(Waiting("index", 41.2), Waiting("emb-index", 2.0)),
)
RECORD = ToolRecord(
    tool="grep",
    first=12,
    observed=20,
    mean=0.31,
    parts={"accepted": 9, "opened": 4, "cited": 3, "dismissed": 1},
)
SIZES = [(80, 24), (120, 36), (200, 60)]

pytestmark = pytest.mark.usefixtures("utc")


class Clock:
    """Seconds that go forward when they are told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def ranked(pilot: Pilot[None], runtime: FakeRuntime, what: SuggestionsRanked = RANKED) -> DspyApp:
    app = await settled(pilot)
    runtime.learning.given = what
    runtime.learning.propose()
    await until(pilot, lambda: app.work.suggestions.border_subtitle == what.evidence)
    return app


def rows_of(app: DspyApp) -> list[str]:
    return [row.line.text.rstrip() for row in app.work.suggestions.rows if row.line.text.strip()]


async def test_suggestions_say_that_they_rest_on_nothing_and_run(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        pane = app.work.suggestions
        assert pane.border_subtitle == "no evidence yet"
        assert [item.key for item in pane.items][1:] == ["tree --depth 2", "ls"]
        await pilot.press("f8")
        await pilot.press("f5", "2")
        await pilot.press("f5", "down", "down", "enter")
        assert runtime.session.submitted == ['grep "TODO|FIXME"', "tree --depth 2", "ls"]
        assert [number for _, number in runtime.learning.accepted] == [1, 2, 3]
        await pilot.press("f5", "9")
        assert len(runtime.session.submitted) == 3


async def test_probabilities_stand_below_each_other_and_reasons_give_way_first(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(200, 60)) as pilot:
        await ranked(pilot, runtime)
        rows = rows_of(app)
        assert rows[0].startswith("1 grep -w parse_header")
        assert "names a symbol" in rows[0]
        assert [row[-4:] for row in rows[:5]] == [" 34%", " 22%", " 18%", "  9%", " <1%"]
        assert len({len(row) for row in rows[:5]}) == 1
        await pilot.resize_terminal(120, 36)
        await until(pilot, lambda: app.work.suggestions.size.width < 40)
        await pilot.pause()
        rows = rows_of(app)
        assert all("%" in row for row in rows[:5])
        assert rows[2].startswith("3 esearch who calls pa")
        assert not any("asks where" in row for row in rows)


async def test_a_short_command_keeps_its_probability_where_it_is_narrow(runtime: FakeRuntime) -> None:
    tried = Suggestion(tool="ls", command="ls", why="what lies at the top", probability=0.06, trial=True)
    app = app_of(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await ranked(pilot, runtime, msgspec.structs.replace(RANKED, items=(tried, *ITEMS)))
        await pilot.press("f5")
        await until(pilot, lambda: len(rows_of(app)) > 5)
        row = rows_of(app)[0]
        assert row.startswith("1 ls ") and row.endswith(" trial  6%"), row
        assert not any("trial" in other for other in rows_of(app)[1:])


async def test_a_dismissed_one_is_gone_and_the_rest_keeps_counting(runtime: FakeRuntime) -> None:
    clock = Clock()
    app = DspyApp(runtime, clock=clock)  # pyright: ignore[reportArgumentType]
    async with app.run_test(size=(200, 60)) as pilot:
        await ranked(pilot, runtime)
        clock.now += 1
        await pilot.press("f5", "down", "d")
        await until(pilot, lambda: len(rows_of(app)) == 6)
        decision = app.work.suggestions.decision
        assert runtime.learning.dismissed == [(decision, 2)]
        assert rows_of(app)[1].startswith("2 esearch")
        assert rows_of(app)[4].endswith("again in 41 s")
        await pilot.press("2")
        assert runtime.session.submitted == ["esearch who calls parse_header?"]


async def test_what_waits_counts_down_and_is_asked_for_again(runtime: FakeRuntime) -> None:
    clock = Clock()
    app = DspyApp(runtime, clock=clock)  # pyright: ignore[reportArgumentType]
    async with app.run_test(size=(200, 60)) as pilot:
        await ranked(pilot, runtime)
        pane = app.work.suggestions
        assert [row.split("  ")[-1].strip() for row in rows_of(app)[5:]] == ["again in 42 s", "again in 2 s"]
        clock.now += 1.2
        pane.tick()
        assert [row.split("  ")[-1].strip() for row in rows_of(app)[5:]] == ["again in 40 s", "again in 1 s"]
        before_it = runtime.learning.proposed
        clock.now += 1
        runtime.learning.given = msgspec.structs.replace(RANKED, waiting=(Waiting("index", 39.0),))
        pane.tick()
        await until(pilot, lambda: len(rows_of(app)) == 6)
        assert runtime.learning.proposed == before_it + 1
        await pilot.press("f5", "end", "enter")
        assert runtime.session.submitted == ["tree --depth 2"], "what waits is not to be chosen"


async def test_seconds_go_by_on_their_own(runtime: FakeRuntime) -> None:
    app = DspyApp(runtime)  # pyright: ignore[reportArgumentType]
    async with app.run_test(size=(200, 60)) as pilot:
        await ranked(pilot, runtime, msgspec.structs.replace(RANKED, waiting=(Waiting("index", 0.3),)))
        runtime.learning.given = msgspec.structs.replace(RANKED, waiting=())
        await until(pilot, lambda: len(rows_of(app)) == 5)


async def test_a_list_counts_as_seen_only_where_it_can_be(runtime: FakeRuntime) -> None:
    learning = runtime.learning
    app = app_of(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert learning.seen == [], "folded away"
        await pilot.press("f5")
        await until(pilot, lambda: learning.seen == ["w:1"])
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        learning.propose()
        await until(pilot, lambda: app.work.suggestions.decision == "w:2")
        assert learning.seen == ["w:1", ""], "covered"
        await pilot.press("escape")
        await until(pilot, lambda: learning.seen == ["w:1", "", "w:2"])
        await pilot.press("f5")
        await until(pilot, lambda: "suggestions" not in app.work.shown)
        learning.propose()
        await until(pilot, lambda: app.work.suggestions.decision == "w:3")
        await pilot.resize_terminal(90, 36)
        await pilot.pause()
        assert learning.seen == ["w:1", "", "w:2", ""], "hidden by the person"
        await pilot.press("f5")
        await until(pilot, lambda: learning.seen[-1] == "w:3")


async def test_the_cursor_begins_anew_with_a_list_that_nobody_is_in(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await ranked(pilot, runtime)
        pane = app.work.suggestions
        await pilot.press("f5", "down")
        turned = msgspec.structs.replace(RANKED, items=ITEMS[::-1], decision="x:2", evidence="38 scored")
        await ranked(pilot, runtime, turned)
        assert pane.chosen == (4, ITEMS[1]), "it stays on what somebody looks at"
        await pilot.press("f6")
        again = msgspec.structs.replace(RANKED, decision="x:3", evidence="39 scored")
        await ranked(pilot, runtime, again)
        assert pane.chosen == (1, ITEMS[0])
        assert pane.scroll_y == 0


@pytest.mark.parametrize(
    ("now", "run", "taken"),
    [(ITEMS[::-1], "grep -w parse_header", [5]), (ITEMS[1:], "grep -w parse_header", [])],
)
async def test_why_runs_what_it_tells_of_also_where_the_list_changed_meanwhile(
    runtime: FakeRuntime, now: tuple[Suggestion, ...], run: str, taken: list[int]
) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await ranked(pilot, runtime)
        await pilot.press("f5", "w")
        await until(pilot, lambda: isinstance(app.screen, WhyScreen))
        await ranked(
            pilot, runtime, msgspec.structs.replace(RANKED, items=now, decision="x:2", evidence="38 scored")
        )
        await pilot.press("enter")
        await until(pilot, lambda: runtime.session.submitted)
        assert runtime.session.submitted == [run]
        assert [number for _, number in runtime.learning.accepted] == taken


def learned(runtime: FakeRuntime) -> Learned:
    return Learned(
        workspace=runtime.workspace,
        bus=runtime.bus,
        registry=runtime.registry,
        cooldowns=runtime.cooldowns,
        index=runtime.index,
    )


async def test_real_learning_is_asked_told_and_looked_at(runtime: FakeRuntime) -> None:
    runtime.learning = learning = learned(runtime)  # pyright: ignore
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await pilot.press("f8")
        assert runtime.session.submitted == [app.work.suggestions.items[0].key]
        await pilot.press("alt+l")
        await until(
            pilot, lambda: isinstance(app.screen, LearningScreen) and "1 decision," in screen_text(app)
        )
        assert "Nothing scored yet" in screen_text(app)
        await learning.aclose()
    again = learned(runtime)
    overview = await again.overview()
    await again.aclose()
    assert [each.status for each in overview.recent] == ["accepted"]


async def test_what_was_covered_at_once_was_not_seen(
    runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent_core.rl.learning._SEEN_S", 600.0)
    runtime.learning = learning = learned(runtime)  # pyright: ignore
    app = app_of(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("f5")
        await until(pilot, lambda: learning._seeing)
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen) and learning._seeing is None)
        assert (await learning.overview()).decisions == 0
        monkeypatch.setattr("agent_core.rl.learning._SEEN_S", 0.1)
        await pilot.press("escape")
        for _ in range(1000):
            if (await learning.overview()).decisions:
                break
            await pilot.pause(0.1)
        assert (await learning.overview()).decisions == 1
        await learning.aclose()


async def test_a_suggestion_that_is_gone_runs_nothing(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await ranked(pilot, runtime)
        runtime.learning.current = None
        await pilot.press("f8")
        await until(pilot, lambda: app._notifications)
        assert runtime.session.submitted == []


async def test_why_tells_the_reasons_and_runs_or_dismisses(runtime: FakeRuntime) -> None:
    learning = runtime.learning
    learning.standing = Overview(policy="thompson", scores=37, tools=(RECORD,))
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await ranked(pilot, runtime)
        await pilot.press("f5", "w")
        await until(pilot, lambda: isinstance(app.screen, WhyScreen) and "12 times" in screen_text(app))
        shown = screen_text(app)
        for said in (
            "Why grep -w parse_header",
            "+0.214",
            "-0.121",
            "expected reward",
            "34.1%",
            "9 accepted",
        ):
            assert said in shown
        await pilot.press("d")
        await until(pilot, lambda: app.screen is app.work)
        assert [number for _, number in learning.dismissed] == [1]
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, WhyScreen))
        await pilot.press("enter")
        await until(pilot, lambda: runtime.session.submitted == ["intel parse_header"])


async def test_why_without_evidence_and_where_nothing_can_be_read(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        runtime.learning.fail = LearningFault("the disk is full", hint="Make room.")
        await pilot.press("f5", "w")
        await until(pilot, lambda: isinstance(app.screen, WhyScreen) and "Make room" in screen_text(app))
        assert "No evidence yet" in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.work)


@pytest.mark.parametrize("width", [12, 40, 90])
def test_why_fits_every_width_and_shows_words_literally(width: int) -> None:
    odd = msgspec.structs.replace(
        GREP, why=HOSTILE, reasons=tuple(Reason(f"f{n}", HOSTILE, 0.3 - n / 20) for n in range(15))
    )
    for line in (*reasons(odd, RECORD, width), *before(RECORD, width)):
        assert "\x1b" not in line.text
        assert line.cells <= max(width, 40)
    assert "2 others" in "".join(line.text for line in reasons(odd, RECORD, 90))


@pytest.mark.parametrize("width", [40, 90])
@pytest.mark.parametrize(
    ("observed", "said"),
    [
        (0, "assumed: it was never observed"),
        (1, "mostly assumed: observed 1 time"),
        (34, "observed 34 times"),
    ],
)
def test_why_says_how_much_of_what_is_expected_is_known(width: int, observed: int, said: str) -> None:
    tried = msgspec.structs.replace(GREP, trial=True)
    lines = [line.text for line in reasons(tried, ToolRecord(tool="grep", observed=observed), width)]
    expected = next(n for n, text in enumerate(lines) if text.startswith("expected reward"))
    assert said in " ".join(lines[expected : expected + 2])
    assert "first here to learn more of it" in " ".join(lines[expected + 1 :])


async def test_the_conversation_tells_what_was_suggested(runtime: FakeRuntime) -> None:
    hostile = Suggestion(tool="grep", command=f"grep {HOSTILE}", why="")
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await tell(
            pilot,
            runtime,
            TurnStarted(turn_id="t1", text="who calls parse_header?", kind="task"),
            ToolSuggested(turn_id="t1", suggestion=GREP, decision="x:2"),
            ToolSuggested(turn_id="t1", suggestion=hostile, decision="x:3"),
        )
        assert "RL suggested tool: grep -w parse_header (34%) · names a symbol\n" in text_of(app)
        assert "\x1b" not in text_of(app)
        assert "[bold]x[/bold]" in text_of(app)


async def test_a_saved_conversation_tells_it_again(runtime: FakeRuntime, repository: Path) -> None:
    real = open_runtime(
        repository,
        env={"DSPY_TUI_PROVIDER": "none"},
        interactive=True,
        flags={"index_in_background": "false"},
    )
    with real.bus.subscribe() as happened:
        real.session.submit("who calls serve?")
        async for event in happened:
            if isinstance(event, TurnFinished):
                break
    saved = real.session.conversation.id
    await real.aclose()
    loaded = runtime.session.conversation.store.load(saved)
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        app = await settled(pilot)
        await Telling(app.work.transcript).replay(loaded.records)
        assert "RL suggested tool: " in text_of(app)


async def test_opening_a_place_is_told_wherever_it_is_opened(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        with runtime.bus.subscribe() as happened:
            app.work.preview("src/server.py", 4)
            await pilot.pause()
            await pilot.press("escape", "f2", "end", "enter")
            await pilot.pause()
        told: list[Any] = [event async for event in happened if isinstance(event, PlaceOpened)]
        assert [(event.path, event.line) for event in told] == [("src/server.py", 4), ("README.md", 0)]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_picture(snap_compare: Compare, runtime: FakeRuntime, size: tuple[int, int]) -> None:
    async def look(pilot: Pilot[None]) -> None:
        app = await ranked(pilot, runtime)
        await tell(
            pilot,
            runtime,
            TurnStarted(turn_id="t1", text="who calls parse_header?", kind="task"),
            ToolSuggested(turn_id="t1", suggestion=GREP, decision="x:2"),
        )
        await pilot.press("f5", "down")
        await until(pilot, lambda: app.work.suggestions.has_focus and not app.work.transcript._bar_late)

    assert snap_compare(app_of(runtime), terminal_size=size, run_before=look)


def drawn_as_chosen(app: DspyApp, text: str) -> bool:
    """Whether a row behind a dialog looks as while it had the focus: otherwise than the one below it."""
    rows = app.screen._compositor.render_strips()
    at = next((number for number, row in enumerate(rows) if text in row.text), None)
    if at is None:
        return False
    column = rows[at].text.index(text)
    here, below = (next(iter(row.crop(column, column + 1))).style for row in rows[at : at + 2])
    return here is not None and below is not None and here.bgcolor != below.bgcolor


@pytest.mark.parametrize("size", SIZES[:2], ids=lambda size: f"{size[0]}x{size[1]}")
def test_picture_of_why(snap_compare: Compare, runtime: FakeRuntime, size: tuple[int, int]) -> None:
    async def look(pilot: Pilot[None]) -> None:
        app = await ranked(pilot, runtime)
        await pilot.press("f5", "w")
        await until(pilot, lambda: isinstance(app.screen, WhyScreen) and "12 times" in screen_text(app))
        await until(pilot, lambda: not drawn_as_chosen(app, "grep -w parse_header"))

    runtime.learning.standing = Overview(policy="thompson", scores=37, tools=(RECORD,))
    assert snap_compare(app_of(runtime), terminal_size=size, run_before=look)
