"""The Learning screen: what it says in every state, its keys, and what it does."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

import msgspec
import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from agent_core.errors import LearningFault
from agent_core.events import SuggestionsRanked
from agent_core.rl.api import (
    SAFE_TOOLS,
    Estimate,
    Evaluation,
    Overview,
    Reason,
    Scored,
    Suggestion,
    ToolRecord,
)
from tests.fakes.screen import FakeRuntime
from tests.tui.conftest import HOSTILE, MOMENT, app_of, screen_text, settled, until
from tui.app import DspyApp
from tui.screens import learning_said as said
from tui.screens.learning import LearningScreen
from tui.screens.learning_plots import RewardPlot, ValuePlot, chosen, dated, smoothed
from tui.widgets.sheet import Sheet

Compare = Callable[..., bool]
HOUR = 3600.0


def scored(number: int) -> Scored:
    tool = SAFE_TOOLS[number % 5]
    status = ("accepted", "ignored", "used", "dismissed")[number % 4]
    parts = {tool: {"accepted": 1.0, "opened": 1.0}} if number % 4 == 0 else {}
    return Scored(
        id=f"w:{number}", at=MOMENT - number * HOUR, surface="pane", policy="thompson", first=tool,
        propensity=0.9 / (number + 1), status=status, reward=0.5 if parts else 0.0, parts=parts,
    )  # fmt: skip


STANDING = Overview(
    policy="thompson",
    decisions=1310,
    scores=1204,
    resets=1,
    broken=2,
    state_file=".dspy_rl_state.json",
    events_file=".dspy_rl_events.jsonl",
    tools=tuple(
        ToolRecord(
            tool=tool, first=7 * n * n, observed=12 * n * n, mean=0.62 / n - 0.07 if n < 11 else None,
            parts={
                "accepted": 5 * n, "used": 3, "opened": 2 * n, "cited": n, "verified": n // 3, "dismissed": 1
            },
        )
        for n, tool in enumerate(SAFE_TOOLS, 1)
    ),
    recent=tuple(scored(number) for number in range(30)),
    rewards=tuple(
        (MOMENT - (1204 - n) * HOUR, 0.25 + 0.2 * math.tanh((n - 500) / 200) + 0.1 * math.sin(n / 25))
        for n in range(1204)
    ),
)  # fmt: skip
VALUES = (
    ("learned", 0.412, 911, 0.03),
    ("most used", 0.301, 340, 0.05),
    ("rules", 0.263, 288, 0.06),
    ("uniform", 0.174, 204, 0.08),
)
EVALUATION = Evaluation(
    decisions=1204,
    since=MOMENT - 1204 * HOUR,
    until=MOMENT,
    estimates=(
        *(
            Estimate(
                policy=name, method=method, ess=n, enough=True, value=mean, low=mean - half, high=mean + half
            )
            for name, mean, n, half in VALUES
            for method in ("snips", "dr")
        ),
        Estimate(policy="shown", method="mean", ess=1204, enough=True, value=0.36, low=0.34, high=0.38),
    ),
    beats=("rules", "uniform"),
    verdict="Better than the rules and than uniform suggestions; not told apart from the most used tool.",
)  # fmt: skip
LITTLE = Evaluation(
    decisions=12,
    since=MOMENT - HOUR,
    until=MOMENT,
    estimates=tuple(
        Estimate(policy=name, method=method, ess=3.2, enough=False)
        for name, *_ in VALUES
        for method in ("snips", "dr")
    ),
    verdict="Not enough evidence: the effective sample size is 3 of 30.",
)  # fmt: skip
FEW = msgspec.structs.replace(
    STANDING, decisions=14, scores=12, broken=0, tools=STANDING.tools[:3], recent=STANDING.recent[:4],
    rewards=STANDING.rewards[:12],
)  # fmt: skip
SIZES = [(80, 24), (120, 40), (200, 60)]

pytestmark = pytest.mark.usefixtures("utc")


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ages are told from a moment that does not move."""
    monkeypatch.setitem(LearningScreen.__init__.__kwdefaults__, "clock", lambda: float(MOMENT))  # pyright: ignore


@pytest.fixture
def learnt(runtime: FakeRuntime) -> FakeRuntime:
    """A runtime in which much was learnt."""
    runtime.learning.standing = STANDING
    runtime.learning.evaluation = EVALUATION
    return runtime


async def opened(pilot: Pilot[None], text: str) -> tuple[DspyApp, LearningScreen]:
    """The screen, once it says something."""
    app = await settled(pilot)
    await pilot.press("alt+l")
    await until(pilot, lambda: isinstance(app.screen, LearningScreen) and text in screen_text(app))
    assert isinstance(app.screen, LearningScreen)
    return app, app.screen


async def test_it_shows_value_reward_tools_and_decisions(learnt: FakeRuntime) -> None:
    async with app_of(learnt).run_test(size=(120, 60)) as pilot:
        app, screen = await opened(pilot, "0.382 to 0.442")
        shown = screen_text(app)
        for part in ("1,310 decisions, 1,204 scored, 1 reset, 2 broken lines", "2025-10-05 to 2025-11-24"):
            assert part in shown
        for part in ("doubly robust", "SNIPS", "mean reward, 95 % interval", "━", "verified"):
            assert part in shown
        assert screen.query_one(ValuePlot).display and screen.query_one(RewardPlot).display
        await pilot.press("G")
        await until(pilot, lambda: "29 h ago" in screen_text(app) and "just now" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.work)


async def test_what_was_shown_is_compared_too(learnt: FakeRuntime) -> None:
    lines = [line.text for line in said.worth(EVALUATION, 110)]
    assert [line.split()[0] for line in lines[4:]] == ["learned", "most", "rules", "uniform", "shown"]
    assert lines[-1].split() == ["shown", "0.360", "0.340", "to", "0.380", "1,204"]


async def test_it_can_be_left_while_it_evaluates(learnt: FakeRuntime) -> None:
    learnt.learning.hold = asyncio.Event()
    async with app_of(learnt).run_test(size=(80, 24)) as pilot:
        app, _ = await opened(pilot, "evaluating …")
        assert "1,204 scored" in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.work)


async def test_what_is_suggested_now_and_why(learnt: FakeRuntime) -> None:
    speaks = (Reason("symbol", "names a symbol", 0.2), Reason("where", "asks where", 0.1))
    items = (
        Suggestion("grep", f"grep {HOSTILE}", "where it occurs", 0.341, 0.3, speaks),
        *(Suggestion(tool, tool, "a look", 0.2) for tool in ("tree", "ls", "ctx")),
    )
    learnt.learning.given = SuggestionsRanked(items=items, evidence="1,204 scored")
    async with app_of(learnt).run_test(size=(120, 40)) as pilot:
        _, screen = await opened(pilot, "what it suggests")
        rows = [line.text for line in screen.query_one("#next", Sheet).lines(100)]
        assert rows[0].startswith("Now")
        assert [row[:5].strip() for row in rows[1:]] == ["34%", "20%", "20%"]
        assert rows[1].endswith("names a symbol, asks where") and "\x1b" not in rows[1]
        assert rows[2].split() == ["20%", "tree", "a", "look"]


async def test_nothing_was_scored_yet(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(80, 24)) as pilot:
        _, screen = await opened(pilot, "Nothing scored yet")
        assert not screen.query(ValuePlot)


@pytest.mark.parametrize(("size", "whole"), [((80, 24), True), ((120, 40), False)])
async def test_a_small_terminal_belongs_to_it(
    runtime: FakeRuntime, size: tuple[int, int], whole: bool
) -> None:
    app = app_of(runtime)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await pilot.press("alt+l")
        await until(pilot, lambda: isinstance(app.screen, LearningScreen))
        await pilot.pause()
        assert (app.screen.query_one(".frame").region.size == size) is whole


async def test_there_is_not_enough_evidence(runtime: FakeRuntime) -> None:
    runtime.learning.standing, runtime.learning.evaluation = FEW, LITTLE
    async with app_of(runtime).run_test(size=(120, 40)) as pilot:
        app, screen = await opened(pilot, "Not enough evidence: the")
        assert screen_text(app).count("not enough evidence") == 8
        assert not screen.query_one(ValuePlot).display
        assert screen.query_one(RewardPlot).display


async def test_one_reward_is_no_course(runtime: FakeRuntime) -> None:
    standing = msgspec.structs.replace(FEW, scores=1, rewards=STANDING.rewards[:1])
    runtime.learning.standing, runtime.learning.evaluation = standing, LITTLE
    async with app_of(runtime).run_test(size=(120, 40)) as pilot:
        _, screen = await opened(pilot, "Not enough evidence")
        assert not screen.query(RewardPlot)


async def test_a_fault_is_told_and_looked_at_again(learnt: FakeRuntime) -> None:
    learnt.learning.fail = LearningFault("the state cannot be read", hint="Reset it.")
    async with app_of(learnt).run_test(size=(80, 24)) as pilot:
        app, _ = await opened(pilot, "the state cannot be read")
        await pilot.press("f", "x", "e")
        assert learnt.learning.done == []
        learnt.learning.fail = None
        await pilot.press("r")
        await until(pilot, lambda: "1,204 scored" in screen_text(app))
        learnt.learning.fail = LearningFault("the disk is full")
        await pilot.press("f")
        await until(pilot, lambda: [each.severity for each in app._notifications] == ["error"])


async def test_freezing_and_thawing(learnt: FakeRuntime) -> None:
    async with app_of(learnt).run_test(size=(120, 40)) as pilot:
        app, _ = await opened(pilot, "freeze")
        await pilot.press("f")
        await until(pilot, lambda: "thaw" in screen_text(app))
        assert "frozen: records, learns nothing" in screen_text(app)
        await pilot.press("f")
        await until(pilot, lambda: learnt.learning.done == [True, False])


async def test_resetting_asks_first_and_names_the_backup(learnt: FakeRuntime) -> None:
    async with app_of(learnt).run_test(size=(120, 40)) as pilot:
        app, _ = await opened(pilot, "1,204 scored")
        await pilot.press("y", "x")
        await until(pilot, lambda: "Forget what was learnt?" in screen_text(app))
        await pilot.press("escape", "y")
        assert learnt.learning.done == []
        await pilot.press("x", "y")
        await until(pilot, lambda: "Nothing scored since the reset" in screen_text(app))
        assert learnt.learning.done == ["reset"]
        assert ".dspy_rl_state.json.bak" in screen_text(app)


async def test_exporting_asks_for_a_path(learnt: FakeRuntime) -> None:
    async with app_of(learnt).run_test(size=(120, 40)) as pilot:
        app, screen = await opened(pilot, "1,204 scored")
        await pilot.press("e")
        await until(pilot, lambda: isinstance(screen.focused, Input))
        await pilot.press("escape")
        await until(pilot, lambda: screen.focused is None)
        await pilot.press("e", "home", *"out/", "enter")
        await until(pilot, lambda: learnt.learning.done == ["out/dspy-rl-events.jsonl"])
        await until(pilot, lambda: "Written to out/" in screen_text(app))
        await pilot.press("q")
        await until(pilot, lambda: app.screen is app.work)


async def test_every_key_is_clicked_too(learnt: FakeRuntime) -> None:
    async with app_of(learnt).run_test(size=(120, 40)) as pilot:
        _, screen = await opened(pilot, "1,204 scored")
        await pilot.click("LearningScreen Hints", offset=(20, 0))
        await until(pilot, lambda: learnt.learning.done == [True])
        assert screen.query_one("#page").scroll_offset.y == 0  # pyright: ignore


@pytest.mark.parametrize("width", [20, 60, 76, 110, 190])
def test_nothing_is_wider_than_there_is_room(width: int) -> None:
    odd = msgspec.structs.replace(
        STANDING, policy=HOSTILE, trouble=HOSTILE,
        tools=(ToolRecord(tool=HOSTILE, mean=0.4, observed=10**9),),
        recent=(msgspec.structs.replace(scored(0), first=HOSTILE, parts={HOSTILE: {"opened": 1.0}}),),
    )  # fmt: skip
    told = msgspec.structs.replace(EVALUATION, verdict=HOSTILE)
    for lines in (
        said.standing(odd, width),
        said.worth(told, width),
        said.worth(LITTLE, width),
        said.tools(odd.tools, width),
        said.tools(STANDING.tools, width),
        said.recent(odd.recent, width, now=MOMENT),
    ):
        for line in lines:
            assert "\x1b" not in line.text
            assert line.cells <= max(width, 56), line.text


@pytest.mark.parametrize("width", [76, 110, 190])
def test_columns_stand_below_each_other_whatever_is_counted(width: int) -> None:
    counted = [
        ToolRecord(tool="ctx", first=10**n, observed=3 * 10**n, mean=0.5, parts={"accepted": 10**n - 1})
        for n in range(1, 10)
    ]
    lines = [line.text for line in said.tools(counted, width)[2:]]
    assert len({line.index(" 0.500") for line in lines}) == 1, lines


def test_one_estimate_of_each_policy_is_drawn() -> None:
    drawn = [(each.policy, each.method) for each in chosen(EVALUATION.estimates)]
    assert drawn == [*((name, "dr") for name, *_ in VALUES), ("shown", "mean")]
    assert chosen(LITTLE.estimates) == []


@pytest.mark.parametrize("over", [1, 3, 10])
def test_a_mean_is_of_what_was_before(over: int) -> None:
    rewards = [float(n) for n in range(10)]
    means = smoothed(rewards, over)
    assert len(means) == 10
    assert means[-1] == pytest.approx(sum(rewards[-over:]) / over)
    assert means[0] == 0.0
    assert smoothed([], over) == []


def picture(runtime: FakeRuntime, text: str, *keys: str) -> Callable[[Pilot[None]], object]:
    async def look(pilot: Pilot[None]) -> None:
        await opened(pilot, text)
        await pilot.press(*keys)
        await pilot.pause()

    return look


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_picture(snap_compare: Compare, learnt: FakeRuntime, size: tuple[int, int]) -> None:
    assert snap_compare(app_of(learnt), terminal_size=size, run_before=picture(learnt, "Better than the"))


def test_picture_of_the_lists(snap_compare: Compare, learnt: FakeRuntime) -> None:
    look = picture(learnt, "Better than the", "G")
    assert snap_compare(app_of(learnt), terminal_size=(120, 40), run_before=look)


def test_picture_of_the_plots_where_it_is_narrow(snap_compare: Compare, learnt: FakeRuntime) -> None:
    look = picture(learnt, "Better than the", "pagedown")
    assert snap_compare(app_of(learnt), terminal_size=(80, 24), run_before=look)


def test_picture_in_the_light(snap_compare: Compare, learnt: FakeRuntime) -> None:
    look = picture(learnt, "Better than the", "ctrl+t")
    assert snap_compare(app_of(learnt), terminal_size=(120, 40), run_before=look)


def test_picture_without_colour(
    snap_compare: Compare, learnt: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    look = picture(learnt, "Better than the")
    assert snap_compare(app_of(learnt), terminal_size=(120, 40), run_before=look)


def test_picture_of_too_little(snap_compare: Compare, runtime: FakeRuntime) -> None:
    runtime.learning.standing, runtime.learning.evaluation = FEW, LITTLE
    look = picture(runtime, "Not enough evidence")
    assert snap_compare(app_of(runtime), terminal_size=(120, 40), run_before=look)


def test_picture_of_nothing(snap_compare: Compare, runtime: FakeRuntime) -> None:
    look = picture(runtime, "Nothing scored yet", "x")
    assert snap_compare(app_of(runtime), terminal_size=(80, 24), run_before=look)


def test_dates_below_a_plot_differ_where_the_moments_do() -> None:
    assert len(set(dated([MOMENT, MOMENT + 20, MOMENT + 55]))) == 3
    assert all(len(date) == len("11-24 10:00") for date in dated([MOMENT, MOMENT + HOUR, MOMENT + 40 * HOUR]))
    assert dated([MOMENT]) and dated([]) == []
