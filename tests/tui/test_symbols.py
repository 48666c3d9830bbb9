"""Marks and lines: one module knows them all, and what stands for each where a terminal cannot show it."""

from __future__ import annotations

import ast
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual._border import BORDER_CHARS
from textual.color import Color
from textual.pilot import Pilot

from agent_core.config import Settings
from tests.fakes.engine import Script
from tests.fakes.screen import INFO, FakeRuntime, fake_runtime
from tests.tui.conftest import app_of, app_of_pilot, screen_text, settled
from tests.tui.test_golden import BUSY, before
from tests.tui.test_stack_screen import normal, opens, script  # noqa: F401
from tui.symbols import TABLE, Level, Plainly, plainly, wanted

Compare = Callable[..., bool]
ROOT = Path(__file__).resolve().parents[2]
GRAPHICS = "☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼"
"""What the code page has where others have control characters."""
READING = {
    "agent_core/agent/claims.py", "agent_core/agent/routing.py", "agent_core/codectx/words.py",
    "agent_core/edits/keys.py", "agent_core/edits/naming.py", "agent_core/logs/traces/rust.py",
    "agent_core/verify/findings/node.py", "tui/symbols.py",
}  # fmt: skip
"""Sources that look for such characters in the text of others, and show none."""


def in_sources() -> Iterator[tuple[str, str]]:
    """Each character beyond ASCII in the texts of the sources, with the file."""
    for package in ("agent_core", "stack", "tui"):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            if name not in READING:
                yield from ((mark, name) for mark in "".join(texts(path)) if ord(mark) > 127)


def texts(path: Path) -> Iterator[str]:
    """The texts that a source has, without what is written for those who read it."""
    tree = ast.parse(path.read_text())
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node.value


def test_every_mark_of_the_sources_is_in_the_table() -> None:
    known = {each.shown for each in TABLE}
    unknown = {
        (mark, name)
        for mark, name in in_sources()
        if mark not in known and ord(mark) < 0x2E80 and unicodedata.category(mark)[0] in "SP"
    }
    assert not unknown


def test_every_frame_of_textual_is_in_the_table() -> None:
    drawn = {mark for rows in BORDER_CHARS.values() for row in rows for mark in row}
    assert {mark for mark in drawn if ord(mark) > 127} <= {each.shown for each in TABLE}


def test_what_stands_for_a_mark_is_as_wide_and_can_be_shown() -> None:
    assert len({each.shown for each in TABLE}) == len(TABLE)
    for each in TABLE:
        assert cell_len(each.shown) == 1, each
        assert len(each.ascii) == 1 and each.ascii.isascii(), each
        console = each.console or each.shown
        assert cell_len(console) == 1 and (console in GRAPHICS or console.encode("cp437")), each


@pytest.mark.parametrize(
    ("setting", "env", "encoding", "level"),
    [
        ("auto", {"TERM": "xterm-256color"}, "UTF-8", "unicode"),
        ("auto", {"TERM": "linux"}, "utf8", "console"),
        ("auto", {"TERM": "dumb"}, "UTF-8", "ascii"),
        ("auto", {"TERM": "xterm"}, "ANSI_X3.4-1968", "ascii"),
        ("auto", {"TERM": "linux"}, "ISO-8859-1", "ascii"),
        ("auto", {}, "utf_8", "unicode"),
        ("auto", {"TERM": "dumb", "TEXTUAL_DRIVER": "of a browser"}, "ascii", "unicode"),
        ("unicode", {"TERM": "dumb"}, "ascii", "unicode"),
        ("console", {"TERM": "xterm"}, "UTF-8", "console"),
        ("ascii", {"TERM": "xterm"}, "UTF-8", "ascii"),
    ],
)
def test_what_a_terminal_can_show(setting: str, env: dict[str, str], encoding: str, level: Level) -> None:
    assert wanted(setting, env, encoding=encoding) == level


@pytest.mark.parametrize("level", ["console", "ascii"])
def test_a_row_stays_as_wide_and_keeps_what_is_no_mark(level: Level) -> None:
    text = "╭─ ✓ a/…/b · 日本語 é ⣿⠁⢀ ▁▄█ Reading … ─╮"
    drawn = plainly(text, level)
    assert cell_len(drawn) == cell_len(text) and "日本語 é" in drawn and "Reading.." in drawn
    bold = Style(bold=True)
    out = Plainly(level).apply([Segment("a", bold), Segment("▸ b", bold)], Color(0, 0, 0))
    assert [each.style for each in out] == [bold, bold] and out[0].text == "a" and out[1].text != "▸ b"


def test_in_ascii() -> None:
    assert plainly("╭─ Chat ─╮ ✗ 3× → a/…/b", "ascii") == "+- Chat -+ x 3x > a/~/b"
    assert plainly("✓ ●", "unicode") == "✓ ●" and not Plainly("unicode").enabled


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["80x24", "120x36"])
def test_picture_in_ascii(snap_compare: Compare, repository: Path, utc: None, size: tuple[int, int]) -> None:
    runtime = fake_runtime(repository, info=INFO, settings=Settings(symbols="ascii"))

    async def run(pilot: Pilot[None]) -> None:
        await before(runtime, *BUSY)(pilot)
        beyond = {mark for mark in screen_text(await settled(pilot)) if ord(mark) > 127}
        assert beyond <= set("日本語🎉"), beyond

    assert snap_compare(app_of(runtime), terminal_size=size, run_before=run)


def test_picture_of_the_stack_in_ascii(
    snap_compare: Compare,
    opens: Script,  # noqa: F811
    repository: Path,
    utc: None,
) -> None:
    runtime = fake_runtime(repository, info=INFO, settings=Settings(symbols="ascii"))

    async def run(pilot: Pilot[None]) -> None:
        await normal(opens, pilot)
        assert screen_text(app_of_pilot(pilot)).isascii()

    assert snap_compare(app_of(runtime), terminal_size=(100, 30), run_before=run)


def test_picture_in_the_font_of_the_console(
    snap_compare: Compare, runtime: FakeRuntime, utc: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "linux")
    monkeypatch.delenv("COLORTERM")

    async def run(pilot: Pilot[None]) -> None:
        await before(runtime, *BUSY)(pilot)
        for mark in set(screen_text(await settled(pilot))) - set("日本語🎉"):
            assert mark in GRAPHICS or mark.encode("cp437")

    assert snap_compare(app_of(runtime), terminal_size=(80, 24), run_before=run)
