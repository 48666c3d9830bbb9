"""Every theme: what has to be read can be, the focus shows, and nothing has a colour of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import pytest
from rich.style import Style
from textual.color import Color
from textual.pilot import Pilot
from textual.theme import BUILTIN_THEMES, Theme

from agent_core.config import Settings
from agent_core.theme_names import ThemeName
from tests.fakes.screen import INFO, FakeRuntime, fake_runtime
from tests.tui.conftest import app_of, settled, until
from tests.tui.test_golden import BUSY, before
from tui.theme import CONTRAST_DARK, CONTRAST_LIGHT, DARK, LIGHT, PLAIN, THEMES, completed, opposite, ratio
from tui.widgets.transcript.palette import _SPECS, Palette

OURS = [theme for theme in THEMES if not theme.ansi]
SECONDARY = {"h1-rule"}
"""What helps, and can be done without; of text, nothing is."""
DECORATION = {"rule", "void"}
"""Lines between things and hatching: nothing is lost with them."""
FILLS = ("", "panel", "prompt", "head", "hunk", "add-line", "del-line", "found", "selected")
MARKED = ("add-word", "del-word")
"""Backgrounds on which text of any colour stands, and those of a few letters."""
WHERE = ("background", "surface")
TCSS = sorted((Path(__file__).resolve().parents[2] / "tui").rglob("*.tcss"))
SOURCES = sorted((Path(__file__).resolve().parents[2] / "tui").rglob("*.py"))


def tokens(theme: Theme) -> dict[str, str]:
    return completed({**theme.to_color_system().generate(), **theme.variables})


def palette(theme: Theme, where: str) -> Palette:
    found = tokens(theme)
    return Palette(found, foreground=Color.parse(found["foreground"]), background=Color.parse(found[where]))


def contrast(style: Style) -> float:
    assert style.color and style.bgcolor
    front, back = style.color, style.bgcolor
    return ratio(Color.from_rich_color(front), Color.from_rich_color(back))


def on(color: str, behind: str, found: dict[str, str]) -> float:
    """The contrast of a token, with its share, on another."""
    token, _, percent = color.partition(" ")
    name = found.get(token, token)
    value, _, of_token = name.partition(" ")
    share = float((percent or of_token or "100%").rstrip("%")) / 100
    background = Color.parse(found[behind])
    return ratio(background.blend(Color.parse(value), share, 1.0), background)


def least(theme: Theme, name: str) -> float:
    high = theme.name in (CONTRAST_DARK, CONTRAST_LIGHT)
    if name in DECORATION:
        return 3.0 if high else 1.0
    if name in SECONDARY:
        return 4.5 if high else 3.0
    return 7.0 if high else 4.5


def roles() -> list[str]:
    return [name for name, spec in _SPECS.items() if "fg=" in spec or name in FILLS]


@pytest.mark.parametrize("theme", OURS, ids=lambda theme: theme.name)
def test_contrast_of_every_role(theme: Theme) -> None:
    low = {
        (where, name): round(found, 2)
        for where in WHERE
        for name in roles()
        if (found := contrast(palette(theme, where).style(name))) < least(theme, name)
    }
    assert not low


@pytest.mark.parametrize("theme", OURS, ids=lambda theme: theme.name)
def test_contrast_of_text_on_what_is_marked(theme: Theme) -> None:
    """Code in a change, in a block, on the row with the cursor."""
    coloured = ["", "title", "mark", "ok", "bad", "warn", "kw", "const", "cls", "str", "num", "fn", "builtin"]
    low = {
        (fill, name): round(found, 2)
        for fill in FILLS
        for name in coloured
        if (found := contrast(palette(theme, "surface").style(name, fill))) < least(theme, name)
    }
    low |= {
        (fill, name): round(found, 2)
        for fill in MARKED
        for name in coloured
        if (found := contrast(palette(theme, "surface").style(f"{name} {fill}"))) < 3.0
    }
    assert not low


@pytest.mark.parametrize("theme", OURS, ids=lambda theme: theme.name)
def test_contrast_of_the_style_sheets(theme: Theme) -> None:
    found = tokens(theme)
    high = theme.name in (CONTRAST_DARK, CONTRAST_LIGHT)
    text = 7.0 if high else 4.5
    low = {
        (name, where): round(value, 2)
        for where in WHERE
        for name, need in {
            "foreground": text, "frame-title": text, "frame-note": text, "placeholder": text,
            "text-primary": text, "text-warning": text, "text-error": text, "border": 3.0, "warning": 3.0,
            "error": 3.0, "border-blurred": 3.0 if high else 1.25, "scrollbar": 3.0 if high else 1.25,
            "scrollbar-active": 3.0,
        }.items()
        if (value := on(name, where, found)) < need
    }  # fmt: skip
    for front, behind in (
        ("foreground", "panel"), ("block-cursor-foreground", "block-cursor-background"),
        ("input-cursor-foreground", "input-cursor-background"),
    ):  # fmt: skip
        if (value := on(front, behind, found)) < text:
            low[front, behind] = round(value, 2)
    assert not low


def used(path: Path) -> Iterator[str]:
    yield from re.findall(r"\$([a-z][a-z0-9-]*)", path.read_text())


def test_style_sheets_name_no_colour_and_only_measured_tokens() -> None:
    sheets = [*TCSS, *(path for path in SOURCES if "DEFAULT_CSS" in path.read_text())]
    known = tokens(OURS[0])
    for sheet in sheets:
        assert set(used(sheet)) <= set(known), sheet
    for path in (*TCSS, *SOURCES):
        if path.name != "theme.py":
            assert not re.search(r"#[0-9a-fA-F]{6}\b|\brgb\(", path.read_text()), path


def test_the_names_are_those_that_there_are() -> None:
    names = get_args(ThemeName)
    assert set(names) == {theme.name for theme in THEMES} | set(BUILTIN_THEMES)
    assert names[: len(THEMES)] == tuple(theme.name for theme in THEMES)


def test_light_and_dark_keep_family_and_contrast() -> None:
    assert opposite(CONTRAST_DARK, dark=True) == CONTRAST_LIGHT
    assert opposite(CONTRAST_LIGHT, dark=False) == CONTRAST_DARK
    assert opposite(LIGHT, dark=False) == DARK and opposite(DARK, dark=True) == LIGHT
    assert opposite("solarized-light", dark=False) == "solarized-dark"
    assert opposite("nord", dark=True) == LIGHT
    themes = {**BUILTIN_THEMES, **{theme.name: theme for theme in THEMES}}
    for name, theme in themes.items():
        assert themes[opposite(name, dark=theme.dark)].dark is not theme.dark, name


@pytest.mark.parametrize("name", sorted(BUILTIN_THEMES))
def test_frames_show_in_every_theme(name: str) -> None:
    found = tokens(BUILTIN_THEMES[name])
    if Color.parse(found["background"]).ansi is None:
        assert on("border-blurred", "background", found) >= 1.25
        assert on("border", "background", found) > on("border-blurred", "background", found)
        assert on("frame-title", "background", found) >= min(4.5, on("foreground", "background", found))
        assert on("placeholder", "background", found) >= min(4.5, on("foreground", "background", found))
        for role in ("primary", "secondary", "accent", "success", "warning", "error"):
            plain = on("foreground", "background", found)
            assert on(f"text-{role}", "background", found) >= min(4.5, plain), role


@pytest.mark.parametrize("name", [DARK, LIGHT, CONTRAST_DARK, CONTRAST_LIGHT, PLAIN, "nord", "ansi-light"])
async def test_focus_shows_in_every_theme(repository: Path, name: str) -> None:
    await _focus_shows(fake_runtime(repository, info=INFO, settings=Settings(theme=name)))  # pyright: ignore[reportArgumentType]


async def test_focus_shows_without_colour(runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    await _focus_shows(runtime, shape=True)


async def test_focus_shows_by_its_shape_where_contrast_is_high(repository: Path) -> None:
    settings = Settings(theme=CONTRAST_DARK)
    await _focus_shows(fake_runtime(repository, info=INFO, settings=settings), shape=True)


async def _focus_shows(runtime: FakeRuntime, *, shape: bool = False) -> None:
    """Cells of what has the focus differ from what they are without; with `shape`, not by colour alone."""
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        for pane in (
            app.work.files,
            app.work.logs,
            app.work.suggestions,
            app.work.chat.prompt,
            app.work.transcript,
        ):
            other = app.work.files if pane is not app.work.files else app.work.logs
            pictures: list[list[tuple[str, object]]] = []
            for focused in (other, pane):
                focused.focus()
                await until(pilot, lambda focused=focused: app.focused is focused)
                await pilot.pause()
                strips = app.screen._compositor.render_strips()
                region = pane.region
                pictures.append(
                    [
                        (segment.text, segment.style if not shape else shapes_of(segment.style))
                        for strip in strips[region.y : region.bottom]
                        for segment in strip.crop(region.x, region.right)
                    ]
                )
            assert pictures[0] != pictures[1], pane


def shapes_of(style: Style | None) -> tuple[object, ...]:
    return (style.bold, style.reverse, style.underline) if style else ()


async def test_a_switch_of_the_theme_keeps_the_cursor_in_sight(runtime: FakeRuntime) -> None:
    """Where there are shades it is one; where there are none it is reversed, at once."""
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        app.work.files.focus()
        await until(pilot, lambda: app.focused is app.work.files)
        assert not any(row.overlays for row in app.work.files.rows)
        app.theme = CONTRAST_LIGHT
        await until(pilot, lambda: any(row.overlays for row in app.work.files.rows))
        await pilot.press("ctrl+t")
        assert app.theme == CONTRAST_DARK
        app.theme = DARK
        await until(pilot, lambda: not any(row.overlays for row in app.work.files.rows))


async def test_the_cursor_is_where_the_focus_is(runtime: FakeRuntime) -> None:
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        for key, pane in (("f2", app.work.files), ("f4", app.work.logs), ("f5", app.work.suggestions)):
            await pilot.press(key)
            await until(pilot, lambda pane=pane: any(row.line.fill == "prompt" for row in pane.rows))
            others = {app.work.files, app.work.logs, app.work.suggestions} - {pane}
            assert not any(row.line.fill == "prompt" for other in others for row in other.rows)


@pytest.mark.parametrize("name", [CONTRAST_DARK, CONTRAST_LIGHT])
def test_picture(snap_compare: Callable[..., bool], repository: Path, utc: None, name: ThemeName) -> None:
    runtime = fake_runtime(repository, info=INFO, settings=Settings(theme=name))

    async def files(pilot: Pilot[None]) -> None:
        await pilot.press("f2", "down")

    run = before(runtime, *BUSY, then=files)
    assert snap_compare(app_of(runtime), terminal_size=(120, 36), run_before=run)


async def test_without_colours_the_key_changes_none(
    runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = app_of(runtime)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+t")
        assert app.theme == PLAIN
