"""Golden screens: every state at the sizes that people have. `make snapshots` shows and renews them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from agent_core.errors import ErrorInfo
from agent_core.events import (
    ApprovalNeeded,
    ContextPacked,
    Event,
    ModelChanged,
    ReasoningDelta,
    TextDelta,
    ToolFinished,
    ToolStarted,
    TurnFinished,
    TurnStarted,
    Usage,
)
from tests.fakes.digests import MORNING
from tests.fakes.logs import GivenLogs
from tests.fakes.screen import FakeRuntime
from tests.tui.conftest import app_of, app_of_pilot, listed, screen_text, settled, tell, until
from tui.screens.approve import ApproveScreen
from tui.screens.help import HelpScreen
from tui.screens.log_events import LogEvents
from tui.screens.preview import PreviewScreen
from tui.widgets.loglines import LogLines

Compare = Callable[..., bool]
SIZES = [(80, 24), (120, 36), (200, 60)]
NARROW_AND_USUAL = SIZES[:2]
QUESTION = "Where does the program start, and what does it load first?"
ANSWER = '''The entry point is `main` in **src/app/main.py**, line 1:

```python
def main() -> int:
    """Begin."""
    return 0
```

- it is called by the server, see src/server.py:4
- 日本語 and emoji 🎉 keep their columns
- `[bold]markup[/bold]` stays what it is

| file | lines |
|---|---|
| src/server.py | 5 |
'''
BUSY: list[Event] = [
    TurnStarted(turn_id="t1", text=QUESTION, kind="task"),
    ContextPacked(turn_id="t1", used=2310, window=8192, items=()),
    ReasoningDelta(turn_id="t1", text="I should look for main."),
    ToolStarted(turn_id="t1", call_id="c1", name="grep", command='grep "def main" .', action="read"),
    ToolFinished(
        turn_id="t1", call_id="c1", name="grep", summary="1 match in 1 file",
        text="src/app/main.py:1:def main()", data={}, seconds=0.04,
    ),
    TextDelta(turn_id="t1", text=ANSWER),
    ToolStarted(turn_id="t1", call_id="c2", name="cat", command="cat src/server.py:1-40", action="read"),
]  # fmt: skip
REFUSED = ErrorInfo(
    "model-unreachable",
    "Ollama does not answer at localhost:11434 (connection refused)",
    "Start it with `ollama serve`, or set OPENAI_BASE_URL and MODEL_NAME.",
)
ERROR: list[Event] = [
    ModelChanged(provider="ollama", model="qwen3:1.7b", state="unreachable", window=8192),
    TurnStarted(turn_id="t1", text="Why does the build fail?", kind="task"),
    TurnFinished(
        turn_id="t1", outcome="stopped", reason=REFUSED.message, text="", exit=4, seconds=0.2, usage=Usage(),
        error=REFUSED,
    ),
]  # fmt: skip
ASKED = ApprovalNeeded(
    turn_id="t1",
    call_id="c3",
    action="shell",
    command="git log --oneline -5 && rm -rf build",
    reason="It runs a shell command.",
    rule="shell:git log --oneline -5 && rm -rf build",
)

pytestmark = pytest.mark.usefixtures("utc")


def before(
    runtime: FakeRuntime, *events: Event, then: Callable[[Pilot[None]], Awaitable[Any]] | None = None
) -> Callable[[Pilot[None]], Awaitable[None]]:
    """What happens before the picture is taken."""

    async def run(pilot: Pilot[None]) -> None:
        app = await settled(pilot)
        await tell(pilot, runtime, *events)
        if then is not None:
            await then(pilot)
        await pilot.pause()
        await until(pilot, lambda: not app.work.transcript._bar_late)

    return run


def id_of(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


@pytest.mark.parametrize("size", SIZES, ids=id_of)
def test_empty(snap_compare: Compare, without_model: FakeRuntime, size: tuple[int, int]) -> None:
    assert snap_compare(app_of(without_model), terminal_size=size, run_before=before(without_model))


@pytest.mark.parametrize("size", SIZES, ids=id_of)
def test_busy(snap_compare: Compare, runtime: FakeRuntime, size: tuple[int, int]) -> None:
    async def queue(pilot: Pilot[None]) -> None:
        runtime.session.running = "t1"
        runtime.session.submit("And which tests cover it?")
        await until(pilot, runtime.read)

    assert snap_compare(app_of(runtime), terminal_size=size, run_before=before(runtime, *BUSY, then=queue))


@pytest.mark.parametrize("size", SIZES, ids=id_of)
def test_error(snap_compare: Compare, runtime: FakeRuntime, size: tuple[int, int]) -> None:
    assert snap_compare(app_of(runtime), terminal_size=size, run_before=before(runtime, *ERROR))


@pytest.mark.parametrize("size", NARROW_AND_USUAL, ids=id_of)
def test_approval(snap_compare: Compare, runtime: FakeRuntime, size: tuple[int, int]) -> None:
    async def shown(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: isinstance(pilot.app.screen, ApproveScreen))

    run = before(runtime, *BUSY, ASKED, then=shown)
    assert snap_compare(app_of(runtime), terminal_size=size, run_before=run)


def test_approval_without_colour(
    snap_compare: Compare, runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has the keys is heavy, since nothing behind it gets darker there."""
    monkeypatch.setenv("NO_COLOR", "1")

    async def shown(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: isinstance(pilot.app.screen, ApproveScreen))
        work = app_of_pilot(pilot).work
        assert pilot.app.screen.query_one(".frame").styles.border_top[0] == "heavy"
        await until(pilot, lambda: work.chat.prompt.styles.border_top[0] == "round")

    run = before(runtime, *BUSY, ASKED, then=shown)
    assert snap_compare(app_of(runtime), terminal_size=(100, 30), run_before=run)


async def test_the_prompt_looks_as_if_it_had_the_keys_only_where_it_has_them(
    runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with app_of(runtime).run_test(size=(100, 30)) as pilot:
        app = await settled(pilot)
        edge = lambda: app.work.chat.prompt.styles.border_top[0]  # noqa: E731
        assert edge() == "heavy"
        for key in ("f1", "ctrl+p", "alt+k"):
            await pilot.press(key)
            await until(pilot, lambda: app.screen is not app.work and edge() == "round")
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is app.work and edge() == "heavy")


@pytest.mark.parametrize("size", NARROW_AND_USUAL, ids=id_of)
def test_help(snap_compare: Compare, runtime: FakeRuntime, size: tuple[int, int]) -> None:
    async def open_it(pilot: Pilot[None]) -> None:
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen) and listed(pilot.app.screen))

    assert snap_compare(app_of(runtime), terminal_size=size, run_before=before(runtime, then=open_it))


def test_preview(snap_compare: Compare, runtime: FakeRuntime) -> None:
    async def open_it(pilot: Pilot[None]) -> None:
        app = await settled(pilot)
        app.work.preview("src/server.py", 4)
        await until(pilot, lambda: isinstance(app.screen, PreviewScreen) and listed(app.screen))

    assert snap_compare(app_of(runtime), terminal_size=(120, 36), run_before=before(runtime, then=open_it))


def test_narrow_with_files(snap_compare: Compare, runtime: FakeRuntime) -> None:
    """Where panes fold away, a key brings one back beside the conversation."""

    async def unfold(pilot: Pilot[None]) -> None:
        app = await settled(pilot)
        await pilot.press("f2", "down", "right")
        await until(pilot, lambda: any(item.key.startswith("src/") for item in app.work.files.items))
        await until(pilot, lambda: app.work.chat.size.width < 80)

    assert snap_compare(
        app_of(runtime), terminal_size=(80, 24), run_before=before(runtime, *ERROR, then=unfold)
    )


def test_light(snap_compare: Compare, runtime: FakeRuntime) -> None:
    async def light(pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+t")

    assert snap_compare(
        app_of(runtime), terminal_size=(120, 36), run_before=before(runtime, *BUSY, then=light)
    )


def test_without_colour(snap_compare: Compare, runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR: focus and cursor show by shape."""
    monkeypatch.setenv("NO_COLOR", "1")

    async def files(pilot: Pilot[None]) -> None:
        await pilot.press("f2", "down")

    assert snap_compare(
        app_of(runtime), terminal_size=(120, 36), run_before=before(runtime, *BUSY, then=files)
    )


@pytest.mark.parametrize("size", SIZES, ids=id_of)
def test_log_events(snap_compare: Compare, runtime: FakeRuntime, size: tuple[int, int]) -> None:
    async def show(pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+o")
        await until(pilot, lambda: listed(pilot.app.screen) and pilot.app.screen.query_one(LogEvents).files)

    runtime.logs = GivenLogs(MORNING, "logs/server.log", "logs/access.log")
    assert snap_compare(app_of(runtime), terminal_size=size, run_before=before(runtime, then=show))


@pytest.mark.parametrize("size", NARROW_AND_USUAL, ids=id_of)
def test_log_lines(snap_compare: Compare, runtime: FakeRuntime, size: tuple[int, int]) -> None:
    async def show(pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+o")
        screen = pilot.app.screen
        await until(pilot, lambda: screen.query_one(LogEvents).files)
        await pilot.press("tab")
        await until(pilot, lambda: screen.query_one(LogLines).rows)
        await pilot.press("slash", *"quer")
        await until(pilot, lambda: screen.query_one(LogLines).page.matching == 1)

    runtime.logs = GivenLogs(MORNING, "logs/server.log", "logs/access.log")
    assert snap_compare(app_of(runtime), terminal_size=size, run_before=before(runtime, then=show))


def test_no_logs(snap_compare: Compare, runtime: FakeRuntime) -> None:
    async def show(pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+o")
        await until(pilot, lambda: "log_files" in screen_text(app_of_pilot(pilot)))

    assert snap_compare(app_of(runtime), terminal_size=(80, 24), run_before=before(runtime, then=show))
