"""The screen over a small repository that is the same every time, and golden screens in `snapshots/`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_textual_snapshot import SVGImageExtension
from syrupy.location import PyTestLocation
from textual import events
from textual.keys import _character_to_key  # pyright: ignore[reportPrivateUsage]
from textual.pilot import Pilot
from textual.screen import Screen

from agent_core.config import Settings
from tests.fakes.screen import INFO, FakeRuntime, fake_runtime
from tui.app import DspyApp
from tui.widgets.rows import Item, Rows
from tui.widgets.transcript.lines import Line

SNAPSHOTS = Path(__file__).resolve().parents[2] / "snapshots"
HOSTILE = "\x1b]0;owned\x07\x1b[31m[bold]x[/bold] \u202eevil"
MOMENT = 1_763_978_400  # 2025-11-24 10:00:00 UTC
FILES = {
    ".gitignore": "build/\n*.log\n",
    "README.md": "# Sample\n",
    "src/app/main.py": 'def main() -> int:\n    """Begin."""\n    return 0\n',
    "src/app/a_module_with_quite_a_long_name.py": "VALUE = 1\n",
    "src/server.py": "import os\n\n\ndef serve(port: int) -> None:\n    print(port)\n",
    "tests/test_main.py": "def test_main():\n    pass\n",
    "build/out.o": "x\n",
    "logs/access.log": "GET / 200\nGET /missing 404\n",
    "logs/server.log": "10:00:00 INFO listening on port 8080\n10:00:01 WARNING slow query: 1204 ms\n"
    "10:00:02 ERROR could not connect to db:5432\n",
}


def _location(cls: type[SVGImageExtension], *, test_location: PyTestLocation) -> str:
    return str(SNAPSHOTS / test_location.basename)


SVGImageExtension.dirname = classmethod(_location)  # pyright: ignore[reportAttributeAccessIssue]


@pytest.fixture(autouse=True)
def truecolor(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same colours wherever the tests run."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a commit, a changed file and a new one."""
    root = tmp_path / "sample"
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def git(*arguments: str) -> None:
        who = {f"GIT_{kind}_{what}": "t" for kind in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        subprocess.run(
            ["git", *arguments], cwd=root, check=True, capture_output=True, env={**os.environ, **who, **quiet}
        )

    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-q", "-m", "begin")
    (root / "README.md").write_text("# Sample\n\nIt says something.\n")
    (root / "notes.txt").write_text("new\n")
    for number, name in enumerate(("logs/access.log", "logs/server.log")):
        os.utime(root / name, (MOMENT + number, MOMENT + number))
    return root


@pytest.fixture
def runtime(repository: Path) -> FakeRuntime:
    """A runtime with a model."""
    return fake_runtime(repository, info=INFO)


@pytest.fixture
def without_model(repository: Path) -> FakeRuntime:
    """A runtime without a model."""
    return fake_runtime(repository, info=None, settings=Settings())


def app_of(runtime: FakeRuntime) -> DspyApp:
    """The application with a clock that stands still."""
    return DspyApp(runtime, clock=lambda: 100.0)  # pyright: ignore[reportArgumentType]


def at_once(app: DspyApp, *keys: str) -> None:
    """Keys as they come in one piece, with nothing done in between."""
    for key in keys:
        name = _character_to_key(key) if len(key) == 1 else key
        app.post_message(events.Key(name, key if len(key) == 1 else None))


async def until(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    """Let the app go on until something holds."""
    for _ in range(20_000):
        if condition():
            await pilot.pause()
            return
        await pilot.pause(0.005)
    raise AssertionError("it never came to that")


def listed(screen: Screen[Any]) -> list[Item]:
    """The items of a dialog's list, once it is there."""
    lists = screen.query(Rows)
    return lists.first().items if lists else []


async def settled(pilot: Pilot[None]) -> DspyApp:
    """Wait until the screen is filled: welcome, files, logs, git, model."""
    app = pilot.app
    assert isinstance(app, DspyApp)
    work = app.work
    await until(
        pilot, lambda: work.transcript.page.units and work.status.status.branch and work.status.status.state
    )
    await until(pilot, lambda: work.suggestions.items and work.files.items and work.logs.items)
    return app


async def tell(pilot: Pilot[None], runtime: FakeRuntime, *events: object) -> None:
    """Publish events and wait until the screen shows them."""
    runtime.publish(*events)  # pyright: ignore[reportArgumentType]
    await until(pilot, lambda: runtime.read())
    app = pilot.app
    assert isinstance(app, DspyApp)
    await pilot.pause()
    app.work.transcript.update_now()
    shown = app.work.transcript
    await until(pilot, lambda: not shown.page.stale and not shown._bar_late)


def screen_text(app: DspyApp) -> str:
    """What is on the screen."""
    lines = app.screen._compositor.render_strips()
    return "\n".join(strip.text for strip in lines)


def app_of_pilot(pilot: Pilot[None]) -> DspyApp:
    """The application that a pilot steers."""
    assert isinstance(pilot.app, DspyApp)
    return pilot.app


def text_of(app: DspyApp) -> str:
    """The conversation as plain text."""
    page = app.work.transcript.page
    lines: list[Line] = [line for unit in range(len(page)) for line in page.lines(unit)]
    return "\n".join(line.text for line in lines)
