"""The part of the Learning screen about offline training: policies, runs, starting and stopping."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from agent_core.errors import ErrorInfo
from agent_core.events import ToolFinished, TrainingChanged, TurnFinished, Usage
from agent_core.rl.beside import Came, Follows
from agent_core.rl.offline.begun import Begun, forget, note
from agent_core.rl.offline.comparing import Comparison, Verdict
from agent_core.rl.offline.config import TrainingConfig
from agent_core.rl.offline.ended import Ended, keep_ended
from agent_core.rl.offline.options import Options
from agent_core.rl.offline.progress import Point
from agent_core.rl.offline.registry import About
from agent_core.rl.offline.running import registry_of
from agent_core.rl.trained import keep_report
from tests.fakes.screen import FakeRuntime
from tests.tui.conftest import HOSTILE, MOMENT, app_of, screen_text, settled, tell, until
from tui.app import DspyApp
from tui.screens import training_said as said
from tui.screens.learning import LearningScreen
from tui.screens.learning_plots import CurvePlot
from tui.screens.training import COMMAND, Policies, Run

Compare = Callable[..., bool]
HOUR = 3600.0
TRAIN = "rl train --steps 20000 --skip-gepa"
SIZES = [(80, 24), (120, 40), (200, 60)]

pytestmark = pytest.mark.usefixtures("utc")


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ages are told from a moment that does not move."""
    monkeypatch.setitem(LearningScreen.__init__.__kwdefaults__, "clock", lambda: float(MOMENT))  # pyright: ignore


def compared(verdict: Verdict) -> Comparison:
    saved = {
        "better": (0.72, 0.31, 1.1),
        "no better": (0.02, -0.4, 0.5),
        "not enough evidence": (0.0, 0.0, 0.0),
    }
    return Comparison(
        changes=30,
        policy=1.61,
        fixed=2.33,
        order=("run_tests", "build", "lint"),
        oracle=1.12,
        bandits={"epsilon-greedy": 2.02, "ucb1": 2.4, "thompson": 2.11},
        saved=saved[verdict],
        gap_closed=None,
        verdict=verdict,
    )


def about(hours: float, verdict: Verdict) -> About:
    points = tuple(
        Point(update=n, steps=n * 500, held_out=1.5 + 1.6 / (1 + n / 4), share=0.4) for n in range(41)
    )
    return About(
        version=0, at=MOMENT - hours * HOUR, actions=("run_tests", "lint", "build"), config=TrainingConfig(),
        options=Options(steps=20_000), data="d", project="p", changes=240, seconds=9.0, curve=points,
        comparison=compared(verdict), usual=(2.0, 1.0, 3.0), rates=(0.6, 0.1, 0.4),
    )  # fmt: skip


@pytest.fixture
def trained(runtime: FakeRuntime, tmp_path: Path) -> FakeRuntime:
    """A workspace with policies, the second of which is in use."""
    registry = registry_of(runtime.workspace)
    weights = tmp_path / "p.npz"
    weights.write_bytes(b"of no matter here")
    found: tuple[tuple[float, Verdict], ...] = ((50, "not enough evidence"), (3, "better"), (1, "no better"))
    for hours, verdict in found:
        registry.add(weights, about(hours, verdict))
    registry.promote(2)
    return runtime


def goes_on(told: str = "", point: tuple[int, float] | None = None) -> TrainingChanged:
    return TrainingChanged(command=TRAIN, state="running", told=told, point=point)


def finished(
    error: ErrorInfo | None = None, told: str = "policy 1: saves 0.7 s", version: int = 0
) -> TrainingChanged:
    return TrainingChanged(command=TRAIN, state="ended", told=told, error=error, version=version)


def turn_ended(error: ErrorInfo | None = None) -> TurnFinished:
    return TurnFinished(
        turn_id="t1", outcome="stopped", reason="", text="", exit=1, seconds=1.0, usage=Usage(), error=error
    )


async def test_the_report_of_the_last_training_is_shown(runtime: FakeRuntime) -> None:
    """What a line in the conversation has no room for: what is wrong with the configuration, each prompt."""
    folder = runtime.workspace.ensure_state_dir("rl")
    keep_report(folder, TRAIN, "left out: build is not here\n.dspy_rl.json: n_envz is unknown")
    async with app_of(runtime).run_test(size=(120, 40)) as pilot:
        app, _ = await opened(pilot, "n_envz is unknown")
        assert "Last training" in screen_text(app) and "left out: build" in screen_text(app)


async def hangs(_: Follows) -> Came:
    await asyncio.Event().wait()
    return Came(said="")


async def opened(pilot: Pilot[None], text: str) -> tuple[DspyApp, LearningScreen]:
    """The screen, once it says something, at its end."""
    app = await settled(pilot)
    await pilot.press("alt+l")
    await until(pilot, lambda: isinstance(app.screen, LearningScreen))
    await pilot.press("G")
    await until(pilot, lambda: text in screen_text(app))
    assert isinstance(app.screen, LearningScreen)
    return app, app.screen


async def test_policies_their_worth_and_their_course(trained: FakeRuntime) -> None:
    async with app_of(trained).run_test(size=(120, 60)) as pilot:
        app, screen = await opened(pilot, "Order of checks")
        await until(pilot, lambda: screen.query(CurvePlot) and screen.query_one(CurvePlot).display)
        shown = screen_text(app)
        rows = [line for line in shown.splitlines() if " h ago" in line or " days ago" in line]
        assert ["in use" in row for row in rows] == [False, True, False]
        assert "saves 0.72 s over the best fixed order" in rows[1] and "✓   2" in rows[1]
        assert "not enough evidence" in rows[2]
        for part in ("policy 2: seconds to the first failure on 30 bugs", "an oracle", "by steps"):
            assert part in shown
        assert "best fixed order (run_tests, build, lint)" in shown


async def test_without_a_policy_the_next_step_is_said(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(80, 24)) as pilot:
        app, screen = await opened(pilot, "No policy was trained yet")
        assert "t trains one" in screen_text(app)
        assert not screen.query(CurvePlot)


async def test_a_training_is_started_followed_and_shown(runtime: FakeRuntime, tmp_path: Path) -> None:
    async with app_of(runtime).run_test(size=(120, 40)) as pilot:
        app, screen = await opened(pilot, "No policy was trained yet")
        await pilot.press("t")
        await until(pilot, lambda: isinstance(screen.focused, Input))
        box = screen.query_one(Input)
        assert box.value == COMMAND
        await pilot.press("escape")
        assert not runtime.session.submitted
        await pilot.press("t", "end", *" --seed 3", "enter")
        assert runtime.session.submitted == [f"{COMMAND} --seed 3"]
        await until(pilot, lambda: "waits for its turn" in screen_text(app))
        await tell(pilot, runtime, goes_on(), turn_ended())
        await tell(pilot, runtime, goes_on("recording 3 of 240 runs: lint"))
        await until(pilot, lambda: "recording 3 of 240 runs: lint" in screen_text(app))
        assert "stop training" in screen_text(app)
        weights = tmp_path / "p.npz"
        weights.write_bytes(b"")
        registry_of(runtime.workspace).add(weights, about(0, "no better"))
        await tell(pilot, runtime, finished())
        await until(pilot, lambda: "no better than" in screen_text(app))
        assert "policy 1: saves 0.7 s" in screen_text(app) and "stop training" not in screen_text(app)


async def test_a_training_that_runs_is_stopped(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        runtime.training.begin(TRAIN, hangs)
        app, _ = await opened(pilot, "stop training")
        runtime.training.say("training, 512 of 20,000 steps")
        runtime.session.running = "t1"
        await pilot.press("t")
        await until(pilot, lambda: "✗ The training was stopped" in screen_text(app))
        assert runtime.session.cancelled == 0, "what is said meanwhile goes on"
        assert "training, 512 of 20,000 steps" in screen_text(app) and not runtime.training.goes_on
        await pilot.press("escape")
        await until(pilot, lambda: "Training: The training was stopped" in screen_text(app))


async def test_prompts_alone_are_an_end_too(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(120, 40)) as pilot:
        app, _ = await opened(pilot, "No policy was trained yet")
        await tell(pilot, runtime, goes_on(), finished(told="order of checks: left alone"))
        await until(pilot, lambda: "order of checks: left alone" in screen_text(app))


async def test_one_that_waits_is_taken_back(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(120, 40)) as pilot:
        app, _ = await opened(pilot, "No policy was trained yet")
        runtime.session.running = "t0"
        await pilot.press("t", "enter")
        await until(pilot, lambda: "stop training" in screen_text(app))
        await pilot.press("t")
        await until(pilot, lambda: "It was taken back" in screen_text(app))
        assert runtime.session.cancelled == 0 and not runtime.session.queue


async def test_one_that_is_refused_says_why(runtime: FakeRuntime) -> None:
    refused = ErrorInfo("training_fault", "PyTorch is not installed", "pip install it")
    async with app_of(runtime).run_test(size=(120, 40)) as pilot:
        app, _ = await opened(pilot, "No policy was trained yet")
        await pilot.press("t", "enter")
        await tell(pilot, runtime, turn_ended(refused))
        await until(pilot, lambda: "✗ PyTorch is not installed" in screen_text(app))
        assert "→ pip install it" in screen_text(app)


async def test_a_refusal_is_told_once(runtime: FakeRuntime) -> None:
    refused = ErrorInfo("permission", "You refused run 'pytest'")
    async with app_of(runtime).run_test(size=(120, 40)) as pilot:
        app, _ = await opened(pilot, "No policy was trained yet")
        await pilot.press("t", "enter")
        await tell(pilot, runtime, turn_ended(refused))
        await until(pilot, lambda: "✗ You refused run 'pytest'" in screen_text(app))
        assert screen_text(app).count("You refused") == 1 and "last:" not in screen_text(app)


async def test_one_that_ends_without_a_word_was_not_taken_back(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(120, 40)) as pilot:
        app, _ = await opened(pilot, "No policy was trained yet")
        await pilot.press("t", "enter")
        await tell(pilot, runtime, turn_ended())
        await until(pilot, lambda: "It ended" in screen_text(app))
        assert "taken back" not in screen_text(app)


async def test_one_that_was_stopped_is_listed_and_proposed_to_go_on(runtime: FakeRuntime) -> None:
    folder = runtime.workspace.ensure_state_dir("rl")
    stopped = ErrorInfo("interrupted", "It was stopped")
    keep_ended(folder, "rl train --steps 300", ErrorInfo("training", "The training was killed"))
    begun = Begun(
        options=Options(), config=TrainingConfig(), changes=6, logs={}, command="rl train --steps 900"
    )
    note(folder, begun)
    keep_ended(folder, "rl train --steps 900", stopped, told="recording 3 of 12 runs")
    async with app_of(runtime).run_test(size=(120, 40)) as pilot:
        app, screen = await opened(
            pilot, "rl train --steps 900: It was stopped (last: recording 3 of 12 runs)"
        )
        shown = screen_text(app)
        assert "`rl train --steps 900 --resume` goes on with it" in shown
        assert (
            "rl train --steps 300: The training was killed" in shown and shown.count("goes on with it") == 1
        )
        await pilot.press("t")
        box = screen.query_one(Input)
        assert box.value == "/rl train --steps 900 --resume"
        await pilot.press("escape")
        forget(folder)
        await tell(pilot, runtime, goes_on(), finished())
        await until(pilot, lambda: "goes on with it" not in screen_text(app))
        await pilot.press("t")
        assert box.value == COMMAND


async def test_the_course_is_drawn_while_it_trains(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(120, 60)) as pilot:
        app, screen = await opened(pilot, "No policy was trained yet")
        await tell(pilot, runtime, goes_on("training"), goes_on("training", (500, 3.0)))
        assert not screen.query(CurvePlot)
        await tell(pilot, runtime, goes_on("training", (1000, 2.0)))
        await until(pilot, lambda: screen.query(CurvePlot) and screen.query_one(CurvePlot).display)
        await until(pilot, lambda: "1,000" in screen_text(app) and "by steps" in screen_text(app))
        await tell(pilot, runtime, goes_on("training", (1500, 1.5)))
        await until(pilot, lambda: "1,500" in screen_text(app))


async def test_the_status_line_says_how_far_it_is_and_leads_there(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(140, 40)) as pilot:
        app = await settled(pilot)
        await tell(pilot, runtime, goes_on("recording 3 of 240 runs, 4 min left: lint, a.py:3"))
        await until(pilot, lambda: "◌ recording 3 of 240 runs" in screen_text(app))
        row = screen_text(app).splitlines()[-1]
        await pilot.click("#status", offset=(row.index("recording") + 2, 0))
        await until(pilot, lambda: isinstance(app.screen, LearningScreen))
        await pilot.press("escape")
        await tell(pilot, runtime, finished())
        await until(pilot, lambda: "recording" not in screen_text(app).splitlines()[-1])


async def test_it_ends_with_the_program_which_has_to_be_wanted_twice(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(120, 40)) as pilot:
        app = await settled(pilot)
        runtime.training.begin(TRAIN, hangs)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: app._notifications)
        (note,) = app._notifications
        assert note.message.startswith("A training goes on") and "ends both" in note.message
        assert app.is_running and runtime.training.goes_on
        await pilot.press("ctrl+q")
    assert app.return_code == 0
    await runtime.training.aclose()
    assert runtime.training.farewell == (f"The training was ended; `{TRAIN} --resume` goes on with it.",)


@pytest.mark.parametrize("typed", ["!rm -rf .", "rl reset", "/rl status", "rl", "rl trainer"])
async def test_nothing_but_training_is_run_here(runtime: FakeRuntime, typed: str) -> None:
    async with app_of(runtime).run_test(size=(80, 24)) as pilot:
        app, screen = await opened(pilot, "No policy was trained yet")
        await pilot.press("t")
        screen.query_one(Input).value = typed
        await pilot.press("enter")
        await until(pilot, lambda: "Only rl train is run here" in screen_text(app))
        assert not runtime.session.submitted
        assert screen.focused is screen.query_one(Input), "it can be mended"


async def test_a_training_is_a_command_whatever_is_typed_behind_it(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(80, 24)) as pilot:
        _, screen = await opened(pilot, "No policy was trained yet")
        await pilot.press("t")
        screen.query_one(Input).value = "rl train my dog"
        await pilot.press("enter")
        assert runtime.session.submitted == ["/rl train my dog"]


async def test_the_training_that_was_started_is_in_view(trained: FakeRuntime) -> None:
    async with app_of(trained).run_test(size=(80, 24)) as pilot:
        app, screen = await opened(pilot, "by steps")
        page, part = screen.query_one("#page"), screen.query_one("#training")

        async def leave() -> None:
            await pilot.press("g")
            await pilot.pause()
            assert page.scroll_y == 0

        def in_view() -> bool:
            return page.scroll_y > 0 and part.region.y == page.region.y

        await leave()
        await pilot.press("t", "enter")
        await until(pilot, lambda: in_view() and "waits for" in screen_text(app))
        await leave()
        await tell(pilot, trained, goes_on())
        await until(pilot, in_view)
        await leave()
        await tell(pilot, trained, goes_on("recording 3 of 240 runs"))
        await pilot.pause()
        assert page.scroll_y == 0, "one may read elsewhere"
        await tell(pilot, trained, finished())
        await until(pilot, lambda: in_view() and "saves 0.7 s" in screen_text(app))


async def test_what_was_just_trained_is_judged_though_another_is_in_use(trained: FakeRuntime) -> None:
    async with app_of(trained).run_test(size=(120, 60)) as pilot:
        app, _ = await opened(pilot, "policy 2: seconds to the first failure")
        await tell(pilot, trained, goes_on(), finished(version=3))
        await until(pilot, lambda: "policy 3: seconds to the first failure" in screen_text(app))
        await tell(pilot, trained, goes_on())
        await until(pilot, lambda: "policy 2: seconds to the first failure" in screen_text(app))


async def test_a_file_in_the_place_of_the_policies_is_none(runtime: FakeRuntime) -> None:
    place = runtime.workspace.ensure_state_dir("rl") / "policies"
    place.write_text("of no matter")
    async with app_of(runtime).run_test(size=(80, 24)) as pilot:
        await opened(pilot, "No policy was trained yet")


async def test_what_else_the_session_does_is_no_training(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(120, 40)) as pilot:
        app, _ = await opened(pilot, "No policy was trained yet")
        call = ToolFinished(
            turn_id="t1", call_id="c1", name="rl", summary="31 of 240", text="", data={}, seconds=1.0
        )
        await tell(pilot, runtime, call, turn_ended())
        assert "31 of 240" not in screen_text(app) and app.work.training.run is None


@pytest.mark.parametrize("width", [20, 60, 76, 110, 190])
def test_nothing_is_wider_than_there_is_room(width: int) -> None:
    odd = msgspec.structs.replace(compared("better"), order=(HOSTILE,), bandits={HOSTILE: 3.0})
    found = tuple(msgspec.structs.replace(about(1, "better"), version=n, comparison=odd) for n in range(9))
    fault = ErrorInfo("x", HOSTILE, HOSTILE)
    ended = tuple(Ended(at=n, command=HOSTILE, error=fault, told=HOSTILE, go_on=HOSTILE) for n in range(5))
    for run in (
        None,
        Run(command=HOSTILE, state="waiting"),
        Run(command="", state="running", told=HOSTILE),
        Run(command="", state="stopping", told=HOSTILE),
        Run(command="", state="ended", told=HOSTILE, error=fault),
    ):
        for policies in (Policies(), Policies(found=found, in_use=3, ended=ended)):
            for line in said.trainings(policies, run, width, key="t", now=MOMENT):
                assert "\x1b" not in line.text
                assert line.cells <= max(width, 24), line.text


def look(text: str) -> Callable[[Pilot[None]], object]:
    async def at(pilot: Pilot[None]) -> None:
        await opened(pilot, text)
        await pilot.pause()

    return at


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_picture(snap_compare: Compare, trained: FakeRuntime, size: tuple[int, int]) -> None:
    assert snap_compare(app_of(trained), terminal_size=size, run_before=look("by steps"))
