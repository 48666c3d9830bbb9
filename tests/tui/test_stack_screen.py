"""The Stack screen over an engine that follows a script: what it shows, asks and does."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input

from agent_core.errors import NoEngine, StackFault
from stack.engine.values import Step
from stack.running import Running
from tests.fakes.engine import Script, container, use
from tests.fakes.screen import FakeRuntime
from tests.tui.conftest import HOSTILE, app_of, at_once, screen_text, settled, until
from tui.app import DspyApp
from tui.screens.stack import StackScreen
from tui.screens.stack_ask import StackAsk
from tui.screens.stack_rows import HISTORY
from tui.screens.stack_said import keyed
from tui.widgets.streamlines import MOST, StreamLines

Compare = Callable[..., bool]
FOLDER = "docker/lightweight"
SIZES = [(80, 24), (100, 30), (120, 36), (200, 60)]
BUILT = {"build": {"context": "."}, "image": "dspy-code:sample"}
SERVICES: dict[str, dict[str, Any]] = {
    "volumes": {"image": "bb:1"},
    "kafka": {
        "image": "apache/kafka:4.3.1", "ports": [{"target": 9092, "published": "9092"}],
        "depends_on": {"volumes": {"condition": "service_completed_successfully"}},
    },
    "spark": {"image": "apache/spark:4.2.0-python3"},
    "ollama": {"image": "ollama/ollama:0.17.4", "ports": [{"target": 11434, "published": "11434"}]},
    "dspy-agent": BUILT,
    "dspy-worker": BUILT,
    "dspy-worker-backend": BUILT,
    "dspy-worker-frontend": BUILT,
    "dspy-router": BUILT,
    "trainer": BUILT,
    "prometheus": {"image": "prom/prometheus:v3.7.3", "profiles": ["monitoring"]},
    "grafana": {
        "image": "grafana/grafana:12.3.0", "profiles": ["monitoring"], "ports": [{"published": "3000"}],
    },
}  # fmt: skip
UP = (
    container("volumes", state="exited"),
    container("kafka", ports=(9092,)),
    container("spark"),
    container("ollama", ports=(11434,)),
    container("dspy-agent"),
    *(container("dspy-worker", number=number) for number in (1, 2, 3)),
    container("dspy-worker-backend"),
    container("dspy-worker-frontend"),
    container("dspy-router"),
    container("trainer"),
)
USES = tuple(
    use(one.name, 0.013 * number, (180 << 20) + (number << 24)) for number, one in enumerate(UP) if one.works
)
UNWELL = (
    *UP[:2], container("spark", state="exited", code=137), *UP[3:6],
    container("dspy-worker", number=2, state="exited", code=1), *UP[8:11],
    container("trainer", health="unhealthy"),
)  # fmt: skip
STEPS = [
    Step("Image apache/kafka:4.3.1", "Pulling", 41 << 20, 120 << 20),
    Step("Container sample-volumes-1", "Exited"),
    Step("Container sample-kafka-1", "Healthy"),
    Step("Container sample-spark-1", "Waiting"),
    Step("Container sample-dspy-worker-1", "Starting"),
    Step("", "Step 4/9 : RUN pip install --no-index --find-links /wheels dspy-code"),
]


@pytest.fixture
def script() -> Script:
    """A stack of twelve services, nothing of which runs."""
    return Script(SERVICES)


@pytest.fixture
def opens(script: Script, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    """The screen opens the stack of the script."""
    folder = repository / FOLDER
    folder.mkdir(parents=True)
    (folder / "docker-compose.yml").write_text("name: sample\n")

    async def open_stack(root: Path, *, stack_dir: str, look: bool) -> Running:
        assert root == repository
        return script.stack(root / stack_dir)

    monkeypatch.setattr("tui.screens.stack_desk.open_stack", open_stack)
    return script


async def opened(pilot: Pilot[None], text: str = "All services") -> tuple[DspyApp, StackScreen]:
    """The screen, once it says something."""
    app = await settled(pilot)
    await pilot.press("alt+k")
    await until(pilot, lambda: isinstance(app.screen, StackScreen) and text in screen_text(app))
    assert isinstance(app.screen, StackScreen)
    return app, app.screen


def _shows(app: DspyApp, text: str) -> bool:
    return text in screen_text(app)


async def shows(pilot: Pilot[None], *texts: str) -> None:
    """Wait until the screen says all of it."""
    app = pilot.app
    assert isinstance(app, DspyApp)
    for text in texts:
        try:
            await until(pilot, partial(_shows, app, text))
        except AssertionError:
            raise AssertionError(f"{text!r} is not in\n{screen_text(app)}") from None


def asked(app: App[Any]) -> bool:
    return isinstance(app.screen, StackAsk)


# What it shows


def test_a_hint_names_the_key_beside_its_command() -> None:
    runs = keyed("`stack logs a` shows it; `stack ps` how it stands; `stack restart a` tries.", "<{}>".format)
    assert "".join(text for text, _, _ in runs) == (
        "`stack logs a` or <stack.logs> shows it; `stack ps` how it stands; `stack restart a` or"
        " <stack.restart> tries."
    )
    assert [text for text, style, _ in runs if style == "mark"] == ["<stack.logs>", "<stack.restart>"]


async def test_services_and_what_they_use(opens: Script, runtime: FakeRuntime) -> None:
    opens.containers, opens.uses = UP, USES
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        app, screen = await opened(pilot, "11/11")
        await shows(
            pilot, "Docker 20.10.24, compose 2.40.3", "only with monitoring", "3/3", "9 healthy", "2 off"
        )
        await shows(pilot, "Stack: sample in docker/lightweight", "9092", "11434")
        screen.choose("kafka")
        await shows(
            pilot, "apache/kafka:4.3.1", "9092 to 9092/tcp", "sample-kafka-1", "Up 2 minutes (healthy)"
        )
        screen.choose("grafana")
        await shows(pilot, "monitoring (not active)", "3000 once it runs")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.work)


async def test_what_changes_is_seen_and_only_that_is_drawn(opens: Script, runtime: FakeRuntime) -> None:
    opens.containers = UP
    async with app_of(runtime).run_test(size=(100, 30)) as pilot:
        _, screen = await opened(pilot, "11/11")
        before = screen._rows.rows
        opens.containers = UNWELL
        opens.happen()
        await shows(pilot, "8/10", "1/2", "failed")
        same = [old is new or old == new for old, new in zip(before, screen._rows.rows, strict=True)]
        assert sum(same) >= 7
        screen.choose("spark")
        await shows(pilot, "want of memory", "`stack logs spark` or l shows its last words", "override.yml")


async def test_the_cursor_stays_on_its_service(opens: Script, runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(100, 30)) as pilot:
        _, screen = await opened(pilot)
        screen.choose("trainer")
        opens.containers = (*UP, container("another"))
        opens.happen()
        await shows(pilot, "another")
        assert screen.chosen is not None and screen.chosen.state.name == "trainer"


async def test_hostile_names_are_literal(opens: Script, runtime: FakeRuntime) -> None:
    opens.services = {**SERVICES, HOSTILE: {"image": HOSTILE, "profiles": [HOSTILE]}}
    opens.project = HOSTILE
    async with app_of(runtime).run_test(size=(200, 60)) as pilot:
        _, screen = await opened(pilot)
        await shows(pilot, "[bold]x[/bold] ⟨U+202E⟩evil")
        screen.choose(HOSTILE)
        await pilot.press("u")
        await shows(pilot, "Start [bold]x[/bold]")


# Nothing to show


async def test_no_stack_can_be_written_and_is_found(
    script: Script, repository: Path, runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.screens.stack._AGAIN_S", 0.02)
    async with app_of(runtime).run_test(size=(80, 24)) as pilot:
        _, screen = await opened(pilot, "There is no stack in docker/lightweight")
        await pilot.press("u")
        await pilot.press("i")
        assert runtime.session.submitted == ["/stack init"]

        async def open_stack(root: Path, *, stack_dir: str, look: bool) -> Running:
            return script.stack(root / stack_dir)

        monkeypatch.setattr("tui.screens.stack_desk.open_stack", open_stack)
        await shows(pilot, "All services", "12 off")
        assert not screen.can_init
        await pilot.press("i")
        assert runtime.session.submitted == ["/stack init"]


async def test_an_engine_that_goes_and_comes_back(
    opens: Script, runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stack.watch._AGAIN_S", 0.02)
    opens.fault = NoEngine("The container engine does not answer", hint="Start it.")
    async with app_of(runtime).run_test(size=(80, 24)) as pilot:
        await opened(pilot, "The container engine does not answer.")
        await shows(pilot, "Start it.", "It is tried again by itself.")
        opens.fault, opens.containers = None, UP
        await shows(pilot, "All services", "11/11")
        opens.fault = NoEngine("You may not talk to the container engine", hint="Add yourself to the group.")
        opens.happen()
        await shows(pilot, "You may not talk to the container engine.", "what was last known", "11/11")
        opens.fault = None
        await until(pilot, lambda: "last known" not in screen_text(app_of_screen(pilot)))


def app_of_screen(pilot: Pilot[None]) -> DspyApp:
    assert isinstance(pilot.app, DspyApp)
    return pilot.app


async def test_files_that_are_removed(
    opens: Script, repository: Path, runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.screens.stack._AGAIN_S", 0.02)
    async with app_of(runtime).run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        (repository / FOLDER / "docker-compose.yml").unlink()
        opens.fault = StackFault("There is no file docker-compose.yml")

        async def open_stack(root: Path, *, stack_dir: str, look: bool) -> Running:
            raise StackFault(f"There is no stack in {stack_dir}", hint="`stack init` writes its files.")

        monkeypatch.setattr("tui.screens.stack_desk.open_stack", open_stack)
        opens.happen()
        await shows(pilot, "There is no stack in docker/lightweight", "writes its files")


# What it asks and does


async def test_the_exact_command_runs_once_it_was_shown(opens: Script, runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(100, 30)) as pilot:
        app, screen = await opened(pilot)
        for key, command in (
            ("u", "docker compose up --detach --wait"),
            ("s", "docker compose --profile '*' stop"),
            ("r", "docker compose --profile '*' restart"),
            ("d", "docker compose --profile '*' down --remove-orphans"),
            ("b", "docker compose build"),
            ("p", "docker compose pull --ignore-buildable"),
        ):
            await pilot.press(key)
            await shows(pilot, f"$ {command}")
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is screen)
        assert opens.ran == []
        screen.choose("kafka")
        await pilot.press("r")
        await shows(pilot, "Restart kafka?", "restart kafka")
        await pilot.press("enter")
        await shows(pilot, "restart kafka", "done in 0 s")
        assert opens.ran == [("restart", "kafka")]
        await pilot.press("o")
        await until(pilot, lambda: "done in" not in screen_text(app))


async def test_builds_and_profiles_can_be_ticked(opens: Script, runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(100, 30)) as pilot:
        app, _ = await opened(pilot)
        await pilot.press("u")
        await shows(pilot, "[ ] build the images first", "[ ] also the profile monitoring")
        await pilot.press("space", "down", "space")
        await shows(pilot, "docker compose --profile monitoring up --detach --wait --build")
        await pilot.press("up", "space")
        await shows(pilot, "docker compose --profile monitoring up --detach --wait", "[ ] build")
        await pilot.press("enter")
        await until(pilot, lambda: opens.ran == [("up", "--detach", "--wait")] and not asked(app))


async def test_losing_data_is_said(opens: Script, runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("d")
        await shows(pilot, "Volumes stay", "down --remove-orphans")
        assert "This loses" not in screen_text(app_of_screen(pilot))
        await pilot.press("space")
        await shows(pilot, "--volumes", "This loses the volumes with all their data.")


async def test_scaling_takes_a_number_and_says_why_not(opens: Script, runtime: FakeRuntime) -> None:
    opens.containers = UP
    async with app_of(runtime).run_test(size=(80, 24)) as pilot:
        app, screen = await opened(pilot)
        await pilot.press("n")
        assert app.screen is screen
        screen.choose("dspy-worker")
        await pilot.press("n")
        await shows(pilot, "scale dspy-worker=3")
        app.screen.query_one(Input).value = ""
        await shows(pilot, "A number from 0 to 999 is wanted.")
        await pilot.press("enter")
        assert asked(app)
        await pilot.press("5")
        await shows(pilot, "scale dspy-worker=5")
        at_once(app, "0", "enter")
        await shows(pilot, "scale dspy-worker=50")
        assert asked(app) and not opens.ran, "neither what showed before nor what has not shown yet"
        at_once(app, "backspace", "backspace", "5")
        await shows(pilot, "scale dspy-worker=5 ")
        await pilot.press("enter")
        await until(pilot, lambda: opens.ran == [("scale", "dspy-worker=5")])
        screen.choose("kafka")
        await pilot.press("n", "2")
        await shows(pilot, "There can be only one kafka")


async def test_one_thing_at_a_time_and_the_screen_stays_usable(opens: Script, runtime: FakeRuntime) -> None:
    opens.hold, opens.steps = asyncio.Event(), STEPS
    async with app_of(runtime).run_test(size=(100, 36), notifications=True) as pilot:
        app, screen = await opened(pilot)
        await pilot.press("u", "enter")
        await shows(
            pilot, "● up all services", "x cancels", "2 of 5 steps", "sample-kafka-1", "34%", "pip install"
        )
        await pilot.press("s")
        await shows(pilot, "one thing at a time")
        assert app.screen is screen
        await pilot.press("down", "down")
        assert screen.chosen is not None and screen.chosen.state.name == "kafka"
        opens.hold.set()
        await shows(pilot, "✓ up all services")


async def test_a_failure_says_why_and_leads_to_the_service(opens: Script, runtime: FakeRuntime) -> None:
    opens.containers = UNWELL
    opens.failure = StackFault("sample-trainer-1 is not healthy", hint="`stack logs` shows what it says.")
    async with app_of(runtime).run_test(size=(100, 36)) as pilot:
        _, screen = await opened(pilot)
        await pilot.press("u", "enter")
        await shows(pilot, "✗ up all services", "sample-trainer-1 is not healthy.", "shows what it says")
        await until(pilot, lambda: screen.chosen is not None and screen.chosen.state.name == "trainer")


async def test_what_was_cancelled_can_be_cleaned_up(opens: Script, runtime: FakeRuntime) -> None:
    opens.hold = asyncio.Event()
    async with app_of(runtime).run_test(size=(100, 30)) as pilot:
        app, screen = await opened(pilot)
        await pilot.press("x")
        await pilot.press("u", "enter")
        await shows(pilot, "● up all services")
        await pilot.press("x")
        await shows(pilot, "up was cancelled. What it made by then is still there", "down --remove-orphans")
        ask = app.screen
        assert isinstance(ask, StackAsk) and ask._arm_s > 0, "it opened by itself"
        await until(pilot, lambda: ask._armed)
        ask._armed = False  # as in the moment in which it appears
        await pilot.press("enter")
        assert asked(app) and opens.ran == [("up", "--detach", "--wait")]
        opens.hold.set()
        ask._armed = True
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is screen and opens.ran[-1] == ("down", "--remove-orphans"))
        await shows(pilot, "✓ down all services")


async def test_it_goes_on_when_the_screen_is_left(opens: Script, runtime: FakeRuntime) -> None:
    opens.hold = asyncio.Event()
    async with app_of(runtime).run_test(size=(100, 30), notifications=True) as pilot:
        app, screen = await opened(pilot)
        await pilot.press("u")
        await shows(pilot, "$ docker compose up")
        await pilot.press("enter")
        await shows(pilot, "● up all services")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.work)
        await shows(pilot, "up goes on; Alt+K shows it")
        await pilot.press("alt+k")
        await shows(pilot, "● up all services", "All services")
        assert app.screen is not screen
        await pilot.press("alt+k")
        await until(pilot, lambda: app.screen is app.work)
        opens.hold.set()
        await shows(pilot, "Stack: up is done")


async def test_nothing_goes_on_behind_the_closed_screen(opens: Script, runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(80, 24)) as pilot:
        app, screen = await opened(pilot)
        await pilot.press("q")
        await until(pilot, lambda: app.screen is app.work and not screen.is_attached)
        groups = {worker.group for worker in app.workers if not worker.is_finished}
        assert not groups & {"watch", "engine", "stack"}
        assert not [task for task in asyncio.all_tasks() if "_Watching" in repr(task.get_coro())]


# Logs


async def test_logs_are_followed_filtered_and_paused(opens: Script, runtime: FakeRuntime) -> None:
    opens.containers = UP
    opens.lines = [
        f"dspy-worker-{n % 2 + 1}  | 2026-11-28T10:00:{n:02}.0Z {'INFO' if n % 5 else 'ERROR'} step {n}"
        for n in range(60)
    ]
    async with app_of(runtime).run_test(size=(80, 24)) as pilot:
        app, screen = await opened(pilot, "11/11")
        screen.choose("dspy-worker")
        await pilot.press("l")
        await shows(pilot, "Logs: dspy-worker", "INFO step 59", "60 lines · following", "dspy-worker-2 │")
        assert opens.asked_logs[-1][-1] == "dspy-worker"
        await pilot.press("p")
        opens.more.put_nowait(
            "dspy-worker-1  | 2026-11-28T10:01:01.000000000Z later password=hunter2secret99"
        )
        await shows(pilot, "paused, 1 line below")
        assert "later" not in screen_text(app)
        await pilot.press("p")
        await shows(pilot, "later password=••••••", "61 lines · following")
        await pilot.press("slash", *"error step")
        await shows(pilot, "12 matches in 61 lines", "ERROR step 55")
        assert "INFO" not in screen_text(app)
        await pilot.press("escape")
        await shows(pilot, "INFO step 59", "later")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        assert not [worker for worker in app.workers if worker.group == "follow" and not worker.is_finished]


async def test_what_is_read_stays_while_a_container_floods(opens: Script, runtime: FakeRuntime) -> None:
    opens.lines = [f"a-1  | 2026-11-28T10:00:00.{n:09}Z line {n}" for n in range(MOST)]
    async with app_of(runtime).run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("l")
        await shows(pilot, f"line {MOST - 1}", "20,000 lines · following")
        await pilot.press("p")
        for n in range(MOST, 3 * MOST):
            opens.more.put_nowait(f"a-1  | 2026-11-28T10:00:01.{n:09}Z flood {n}")
        await shows(pilot, "more waits", f"line {MOST - 1}")
        await pilot.pause(0.5)
        await shows(pilot, f"line {MOST - 1}")
        assert opens.more.qsize() > MOST  # what waits is kept by the engine
        await pilot.press("p")
        await shows(pilot, f"flood {3 * MOST - 1}", "following")


async def test_however_many_lines_come_at_once_keys_get_their_turn(
    opens: Script, runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    opens.lines = [f"a-{n % 2}  | 2026-11-28T10:00:00.{n:09}Z line {n}" for n in range(5000)]
    bites: list[int] = []
    add = StreamLines.add

    def noted(lines: StreamLines, new: Sequence[tuple[str, str]]) -> None:
        bites.append(len(new))
        add(lines, new)

    monkeypatch.setattr(StreamLines, "add", noted)
    async with app_of(runtime).run_test(size=(80, 24)) as pilot:
        app, _ = await opened(pilot)
        await pilot.press("l")
        await shows(pilot, "line 4999", "5,000 lines · following")
        kept = [entry.text for entry in app.screen.query_one(StreamLines).kept]
    assert max(bites) <= 500 and kept == [f"line {n}" for n in range(5000)]


async def test_hostile_and_long_lines(opens: Script, runtime: FakeRuntime) -> None:
    opens.lines = [f"a-1  | 2026-11-28T10:00:00.000000000Z {HOSTILE} " + "x" * 100 + "end"]
    async with app_of(runtime).run_test(size=(80, 24)) as pilot:
        app, _ = await opened(pilot)
        await pilot.press("l")
        await shows(pilot, "[bold]x[/bold] ⟨U+202E⟩evil", "…", "all services")
        await pilot.press("w")
        await shows(pilot, "xend", "wrapped")
        await pilot.press("w", *["right"] * 8)
        await shows(pilot, "xend", "from column 65")
        await pilot.press("left", "q")
        await until(pilot, lambda: isinstance(app.screen, StackScreen))


async def test_logs_that_cannot_be_read(opens: Script, runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        opens.fault = NoEngine("The container engine does not answer", hint="Start it.")
        await pilot.press("l")
        await shows(pilot, "The container engine does not answer. Start it.")


async def test_containers_become_what_the_log_pane_is_about(opens: Script, runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        app, screen = await opened(pilot)
        screen.choose("kafka")
        await pilot.press("l")
        await shows(pilot, "Logs: kafka")
        await pilot.press("i")
        await until(pilot, lambda: runtime.logs.asked[-1].sources == ("compose:kafka",))
        await pilot.press("escape", "escape")
        await shows(pilot, "compose:kafka", "Back to the log files")
        app.work.logs.focus()
        app.work.logs.put_cursor(len(app.work.logs.items) - 1)
        await pilot.press("enter")
        await shows(pilot, "logs/server.log")
        await until(pilot, lambda: runtime.logs.asked[-1].sources == ())


async def test_the_mouse_chooses_and_opens(opens: Script, runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(100, 30)) as pilot:
        app, screen = await opened(pilot)
        await pilot.click("#services", offset=(5, 3))
        assert screen.chosen is not None and screen.chosen.state.name == "spark"
        assert app.screen is screen
        await pilot.click("#services", offset=(5, 3))
        await shows(pilot, "Logs: spark")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        await pilot.click("Hints", offset=(1, 0))
        await shows(pilot, "Start spark?")


# Pictures


def prepared(screen: StackScreen) -> None:
    """Histories as after a while."""
    for number, name in enumerate(SERVICES):
        history = screen._histories._of[name]
        if history:
            history.extend(abs((n * number) % 7 - 3) / 20 for n in range(HISTORY - 1))
            history.append(0.013 * number)
    screen._take_services(screen.reading)


async def normal(script: Script, pilot: Pilot[None]) -> StackScreen:
    script.containers, script.uses = UP, USES
    _, screen = await opened(pilot, "11/11")
    await until(pilot, lambda: all(one.history for one in screen._services if one.state.running))
    await until(pilot, lambda: screen._engine)
    prepared(screen)
    screen.choose("kafka")
    await pilot.pause()
    return screen


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_picture(opens: Script, runtime: FakeRuntime, snap_compare: Compare, size: tuple[int, int]) -> None:
    async def before(pilot: Pilot[None]) -> None:
        await normal(opens, pilot)

    assert snap_compare(app_of(runtime), terminal_size=size, run_before=before)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_picture_of_what_is_unwell(
    opens: Script, runtime: FakeRuntime, snap_compare: Compare, size: tuple[int, int]
) -> None:
    async def before(pilot: Pilot[None]) -> None:
        opens.containers = UNWELL
        _, screen = await opened(pilot, "8/10")
        await until(pilot, lambda: screen._engine)
        screen.choose("spark")
        await shows(pilot, "exit code 137")

    assert snap_compare(app_of(runtime), terminal_size=size, run_before=before)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_picture_of_progress(
    opens: Script, runtime: FakeRuntime, snap_compare: Compare, size: tuple[int, int]
) -> None:
    async def before(pilot: Pilot[None]) -> None:
        opens.containers, opens.steps, opens.hold = UP[:2], STEPS, asyncio.Event()
        _, screen = await opened(pilot)
        await until(pilot, lambda: screen._engine)
        await pilot.press("u", "enter")
        await shows(pilot, "34%")

    assert snap_compare(app_of(runtime), terminal_size=size, run_before=before)


def test_picture_of_a_failure(opens: Script, runtime: FakeRuntime, snap_compare: Compare) -> None:
    async def before(pilot: Pilot[None]) -> None:
        opens.containers = UNWELL
        opens.failure = StackFault(
            "sample-trainer-1 is not healthy",
            hint="`stack logs` shows what it says; `stack ps` how it stands.",
        )
        _, screen = await opened(pilot)
        await until(pilot, lambda: screen._engine)
        await pilot.press("u", "enter")
        await shows(pilot, "is not healthy.", "its health check fails")

    assert snap_compare(app_of(runtime), terminal_size=(100, 36), run_before=before)


@pytest.mark.parametrize("key", ["u", "d"])
def test_picture_of_a_question(opens: Script, runtime: FakeRuntime, snap_compare: Compare, key: str) -> None:
    async def before(pilot: Pilot[None]) -> None:
        await normal(opens, pilot)
        await pilot.press("home", key)
        await until(pilot, lambda: asked(pilot.app))
        await pilot.press("space")
        await shows(pilot, "--build" if key == "u" else "This loses")

    assert snap_compare(app_of(runtime), terminal_size=(100, 30), run_before=before)


def test_picture_without_an_engine(opens: Script, runtime: FakeRuntime, snap_compare: Compare) -> None:
    async def before(pilot: Pilot[None]) -> None:
        opens.fault = NoEngine(
            "You may not talk to the container engine",
            hint="Add yourself to the group docker (`sudo usermod -aG docker $USER`, then log in again).",
        )
        await opened(pilot, "You may not talk")

    assert snap_compare(app_of(runtime), terminal_size=(80, 24), run_before=before)


def test_picture_without_a_stack(runtime: FakeRuntime, snap_compare: Compare) -> None:
    async def before(pilot: Pilot[None]) -> None:
        await opened(pilot, "There is no stack")

    assert snap_compare(app_of(runtime), terminal_size=(80, 24), run_before=before)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_picture_of_logs(
    opens: Script, runtime: FakeRuntime, snap_compare: Compare, size: tuple[int, int]
) -> None:
    async def before(pilot: Pilot[None]) -> None:
        names = ("kafka-1", "dspy-worker-1", "dspy-worker-2", "trainer-1")
        said = ("INFO topic logs.raw.backend created", "INFO waits for tasks", "WARN retried 3 times",
                "ERROR could not open /data/lance: permission denied")  # fmt: skip
        opens.lines = [
            f"{names[n % 4]}  | 2026-11-28T10:00:{n:02}.000000000Z 2026-11-28 10:00:{n:02} {said[n * 7 % 4]}"
            for n in range(50)
        ]
        await normal(opens, pilot)
        await pilot.press("home", "l")
        await shows(pilot, "50 lines")
        await pilot.press("slash", *"permission|retried", "enter")
        await shows(pilot, "matches in 50 lines")

    assert snap_compare(app_of(runtime), terminal_size=size, run_before=before)


def test_picture_in_the_light(opens: Script, runtime: FakeRuntime, snap_compare: Compare) -> None:
    app = app_of(runtime)
    app.theme = "dspy-light"

    async def before(pilot: Pilot[None]) -> None:
        await normal(opens, pilot)

    assert snap_compare(app, terminal_size=(100, 30), run_before=before)


def test_picture_without_colour(
    opens: Script, runtime: FakeRuntime, snap_compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def before(pilot: Pilot[None]) -> None:
        opens.containers = UNWELL
        _, screen = await opened(pilot, "8/10")
        await until(pilot, lambda: screen._engine)
        screen.choose("trainer")
        await shows(pilot, "its health check fails")

    assert snap_compare(app_of(runtime), terminal_size=(100, 30), run_before=before)
