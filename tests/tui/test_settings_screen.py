"""The settings on the screen: what it shows, and what its keys write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from agent_core.config import load
from agent_core.config_said import choices, spelled
from agent_core.config_sources import fields, parsed
from tests.fakes.screen import FakeRuntime, fake_runtime
from tests.tui.conftest import app_of, app_of_pilot, screen_text, settled, until
from tui.app import DspyApp
from tui.screens.settings import SettingsScreen
from tui.widgets.rows import Rows
from tui.widgets.sheet import Sheet

Compare = Callable[..., bool]
SIZES = [(80, 24), (120, 36), (200, 60)]


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A user with settings of their own."""
    own = tmp_path / "own" / "dspy-tui"
    own.mkdir(parents=True)
    (own / "config.toml").write_text('max_steps = 12\ndeny = ["shell:rm *"]\n')
    monkeypatch.setenv("XDG_CONFIG_HOME", str(own.parent))
    return {"XDG_CONFIG_HOME": str(own.parent), "HOME": str(tmp_path), "OLLAMA_MODEL": "qwen3:4b"}


@pytest.fixture
def runtime(repository: Path, env: dict[str, str]) -> FakeRuntime:
    found = fake_runtime(repository, env=env)
    found.config = load(root=repository, env=env)
    return found


async def opened(pilot: Pilot[None]) -> tuple[DspyApp, SettingsScreen]:
    app = await settled(pilot)
    await pilot.press("alt+s")
    await until(pilot, lambda: isinstance(app.screen, SettingsScreen))
    await until(pilot, lambda: "ollama_model" in screen_text(app))
    assert isinstance(app.screen, SettingsScreen)
    return app, app.screen


async def at(pilot: Pilot[None], name: str) -> tuple[DspyApp, SettingsScreen]:
    """The screen, filtered, with the cursor on a setting."""
    app, screen = await opened(pilot)
    await pilot.press("slash", *name)
    await pilot.press("enter")
    await go(pilot, screen, name)
    return app, screen


async def go(pilot: Pilot[None], screen: SettingsScreen, name: str) -> None:
    rows = screen.query_one("#settings", Rows)
    await until(pilot, lambda: any(item.key == name for item in rows.items))
    rows.put_cursor(next(at for at, item in enumerate(rows.items) if item.key == name))
    await until(pilot, lambda: screen.chosen is not None and told(screen).startswith(name))


def told(screen: SettingsScreen) -> str:
    """What stands beside the list, in one line."""
    lines = screen.query_one("#details", Sheet).lines(60)
    return " ".join("".join(text for text, *_ in line.runs).strip() for line in lines)


def written(env: dict[str, str]) -> str:
    return (Path(env["XDG_CONFIG_HOME"]) / "dspy-tui" / "config.toml").read_text()


@pytest.mark.parametrize("size", SIZES)
def test_what_it_shows(runtime: FakeRuntime, snap_compare: Compare, size: tuple[int, int]) -> None:
    async def before(pilot: Pilot[None]) -> None:
        await opened(pilot)
        await pilot.press(*["down"] * 2)
        await pilot.pause()

    assert snap_compare(app_of(runtime), terminal_size=size, run_before=before)


def test_a_value_that_does_not_fit_stays_in_its_box(runtime: FakeRuntime, snap_compare: Compare) -> None:
    async def before(pilot: Pilot[None]) -> None:
        await at(pilot, "temperature")
        await pilot.press("enter", "x", "enter")
        await until(pilot, lambda: "✗" in screen_text(app_of_pilot(pilot)))

    assert snap_compare(app_of(runtime), terminal_size=(120, 36), run_before=before)


async def test_enter_takes_the_next_of_a_few_values_and_types_others(
    runtime: FakeRuntime, env: dict[str, str]
) -> None:
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        app, screen = await at(pilot, "think")
        await pilot.press("enter")
        await until(pilot, lambda: "think = true" in written(env))
        await until(pilot, lambda: screen.chosen is not None and screen.chosen.value == "true")
        await pilot.press("u")
        await until(pilot, lambda: "think" not in written(env))
        await pilot.press("escape")
        await until(pilot, lambda: not screen.box("filter").display)
        assert app.screen is screen
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.work)


async def test_a_number_is_typed_and_a_wrong_one_written_nowhere(
    runtime: FakeRuntime, env: dict[str, str]
) -> None:
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        app, screen = await at(pilot, "max_steps")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.focused, Input) and app.focused.value == "12")
        await pilot.press("x", "enter")
        await until(pilot, lambda: "does not fit" in told(screen))
        assert "max_steps = 12\n" in written(env) and screen.box("value").value == "12x"
        await pilot.press("backspace", "backspace", "5", "enter")
        await until(pilot, lambda: "max_steps = 15\n" in written(env))
        await until(pilot, lambda: not screen.box("value").display)
        assert 'deny = ["shell:rm *"]' in written(env)


async def test_the_workspace_is_refused_what_is_its_users(runtime: FakeRuntime, repository: Path) -> None:
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        app, screen = await at(pilot, "ollama_host")
        await pilot.press("w", "enter")
        await until(pilot, lambda: "✗" in screen_text(app) and "only by its user" in told(screen))
        assert not (repository / ".dspy_tui" / "config.toml").exists()


async def test_a_theme_is_seen_at_once_and_what_counts_instead_is_said(
    runtime: FakeRuntime, env: dict[str, str]
) -> None:
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        app, screen = await at(pilot, "theme")
        await pilot.press("enter")
        await until(pilot, lambda: app.theme == "dspy-light")
        await go(pilot, screen, "theme")
        await until(pilot, lambda: screen.chosen is not None and screen.chosen.value == "dspy-light")
        await pilot.press("enter")
        await until(pilot, lambda: app.theme == "dspy-contrast-dark")
        await pilot.press("escape")
        await go(pilot, screen, "ollama_model")
        assert "the variable OLLAMA_MODEL counts instead" in told(screen)


async def test_symbols_are_seen_at_once(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        app, screen = await at(pilot, "symbols")
        for value in ("unicode", "console", "ascii"):
            await pilot.press("enter")
            await until(pilot, lambda value=value: screen.chosen is not None and screen.chosen.value == value)
        await until(pilot, lambda: screen_text(app).isascii())


async def test_only_what_is_set(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        app, _ = await opened(pilot)
        await pilot.press("s")
        await until(pilot, lambda: "3 settings" in screen_text(app))


def test_each_value_is_spelled_as_it_is_read() -> None:
    from agent_core.config import Settings

    for name, field in fields().items():
        value = getattr(Settings(), name)
        for text in (spelled(value), *choices(field)):
            if text:
                parsed(field, text)
        assert parsed(field, spelled(value)) == value or not spelled(value)
