"""What has no room: it says so with an ellipsis, and what matters most is what stays."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.pilot import Pilot

from agent_core.config import load
from agent_core.events import ErrorInfo
from tests.fakes.fitting import faults
from tests.fakes.screen import FakeRuntime
from tests.tui import test_results as results
from tests.tui import test_sessions_screen as sessions
from tests.tui.conftest import app_of, listed, screen_text, settled, until
from tests.tui.test_results import searched
from tests.tui.test_sessions_screen import with_sessions
from tui.app import DspyApp
from tui.screens import stack_said
from tui.screens.help import HelpScreen
from tui.screens.preview import PreviewScreen
from tui.screens.settings import SettingsScreen
from tui.widgets.rows import Rows
from tui.widgets.transcript.lines import at_most, wrap

__all__ = ["searched", "with_sessions"]
LONG = "def serve(" + ", ".join(f"argument_{number}: int" for number in range(12)) + ") -> None: ..."
DEEP = "src/" + "/".join(f"folder_{number:02}" for number in range(14)) + "/the_file_itself.py"


@pytest.fixture
def configured(runtime: FakeRuntime, repository: Path) -> FakeRuntime:
    runtime.config = load(root=repository, env={}, user_file=repository / "none")
    return runtime


async def previewed(pilot: Pilot[None], path: str) -> tuple[DspyApp, Rows]:
    app = await settled(pilot)
    app.work.preview(path)
    await until(pilot, lambda: isinstance(app.screen, PreviewScreen) and listed(app.screen))
    return app, app.screen.query_one(Rows)


@pytest.mark.parametrize("width", [80, 120])
async def test_a_line_of_code_ends_with_an_ellipsis_at_either_side(
    runtime: FakeRuntime, repository: Path, width: int
) -> None:
    (repository / "long.py").write_text(f"{LONG}\nimport os\n# 日本語 {'長' * 90}\n")
    async with app_of(runtime).run_test(size=(width, 24)) as pilot:
        app, rows = await previewed(pilot, "long.py")
        room = rows.scrollable_content_region.width
        shown = [row.line.text for row in rows.rows]
        assert shown[0].endswith("…") and cell_len(shown[0]) == room
        assert shown[1].endswith("import os")
        assert shown[2].endswith("…") and room - 1 <= cell_len(shown[2]) <= room
        assert not faults(app.screen)
        await pilot.press("right")
        await until(pilot, lambda: "│ …" in rows.rows[0].line.text)
        assert "│ …(argument_0" in rows.rows[0].line.text
        await pilot.press(*["right"] * 60)
        await until(pilot, lambda: rows.rows[0].line.text.endswith("..."))
        await pilot.press("left")
        await until(pilot, lambda: "…t) -> None: ..." in rows.rows[0].line.text)


async def test_a_path_on_a_frame_is_shortened_in_its_middle_at_every_size(
    runtime: FakeRuntime, repository: Path
) -> None:
    (repository / DEEP).parent.mkdir(parents=True)
    (repository / DEEP).write_text("x = 1\n")
    async with app_of(runtime).run_test(size=(200, 40)) as pilot:
        app, _ = await previewed(pilot, DEEP)
        for size in ((200, 40), (80, 24), (60, 20), (120, 36)):
            await pilot.resize_terminal(*size)
            await until(pilot, lambda: "/the_file_itself.py ─" in screen_text(app))
            assert "─ src/" in screen_text(app) and "…" in screen_text(app)


async def test_the_lines_of_a_place_that_was_found_end_with_an_ellipsis(searched: FakeRuntime) -> None:
    path = searched.workspace.root / "src" / "retry.py"
    path.write_text(path.read_text().replace("class Retry:", f"class Retry:  # {'far and ' * 40}"))
    async with app_of(searched).run_test(size=(80, 24)) as pilot:
        app = await results.opened(pilot, searched, await results.finished(searched))
        await until(pilot, lambda: "class Retry" in results.place_text(app))
        row = next(row for row in app.screen.query_one("#place", Rows).rows if "class" in row.line.text)
        assert row.line.text.endswith("…")
        assert not faults(app.screen)


async def test_a_file_keeps_its_name_rather_than_its_size(runtime: FakeRuntime, repository: Path) -> None:
    folder = repository / "package"
    folder.mkdir()
    for name in ("_exceptions.py", "_api.py", f"{'a_long_name_' * 4}.py"):
        (folder / name).write_bytes(b"x" * 7782)
    async with app_of(runtime).run_test(size=(80, 24)) as pilot:
        app = await settled(pilot)
        await pilot.press("f2")
        app.work.files.put_cursor(next(i for i, it in enumerate(app.work.files.items) if it.key == "package"))
        await pilot.press("right")
        await until(pilot, lambda: "_api.py" in screen_text(app))
        shown = [row.line.text for row in app.work.files.rows]
        assert any("_exceptions.py " in text and "KB" not in text for text in shown)
        assert any("_api.py " in text and "7.6 KB" in text for text in shown)
        assert any("a_" in text and "…" in text and "_.py" in text for text in shown)


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 36)])
async def test_help_is_not_cut(runtime: FakeRuntime, size: tuple[int, int]) -> None:
    async with app_of(runtime).run_test(size=size) as pilot:
        app = await settled(pilot)
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen) and listed(app.screen))
        rows, seen = app.screen.query_one(Rows), list[str]()
        for top in range(0, len(rows.items), rows.size.height):
            rows.scroll_to(y=top, animate=False, force=True, immediate=True)
            await pilot.pause()
            seen += [row.line.text for row in rows.rows]
        assert len(seen) >= len(rows.items)
        assert not [text for text in seen if text.endswith("…")]
        assert not faults(app.screen)


@pytest.mark.parametrize("width", [80, 100, 120])
async def test_settings_keep_their_names(configured: FakeRuntime, width: int) -> None:
    async with app_of(configured).run_test(size=(width, 36)) as pilot:
        app = await settled(pilot)
        await pilot.press("alt+s")
        await until(pilot, lambda: isinstance(app.screen, SettingsScreen) and listed(app.screen))
        lines = [row.line.text for row in app.screen.query_one("#settings", Rows).rows]
        assert any("first_token_timeout " in text for text in lines)
        assert "Esc close" in screen_text(app), "the way out is among the keys that have room"


@pytest.mark.parametrize("width", [80, 100])
async def test_a_session_keeps_its_name_and_its_way_out(with_sessions: FakeRuntime, width: int) -> None:
    async with app_of(with_sessions).run_test(size=(width, 30)) as pilot:
        app, screen = await sessions.opened(pilot)
        await until(pilot, lambda: "shorten the README" in screen_text(app))
        row = next(
            row.line.text for row in screen.query_one("#found", Rows).rows if "README" in row.line.text
        )
        assert row.endswith(" ago") and ("turn" in row) == (width == 80)
        assert "Esc close" in screen_text(app)


async def test_what_failed_in_the_stack_has_its_mark_and_an_arrow_to_what_is_next() -> None:
    info = ErrorInfo("engine", "The container engine does not answer", "Start it, or run `stack init`.")
    lines = stack_said.fault(info, "It is tried again.", 30, shown=str, bad=True)
    assert [line.text for line in lines] == [
        "✗ The container engine does", "  not answer.", "",
        "→ Start it, or run `stack", "  init` or stack.init.", "",
        "It is tried again.",
    ]  # fmt: skip
    assert stack_said.fault(info, "", 80, shown=str, bad=False)[0].text.startswith("The container")


@given(st.text("ab 日…", max_size=120), st.integers(1, 5), st.integers(4, 30))
def test_rows_that_have_no_room_leave_an_ellipsis(text: str, count: int, width: int) -> None:
    lines = wrap([(text, "", None)], width)
    shown = at_most(lines, count, width)
    assert len(shown) == min(len(lines), count)
    assert all(line.cells <= width for line in shown)
    assert len(lines) <= count or shown[-1].text.endswith("…")


async def test_why_a_list_is_empty_ends_with_an_ellipsis_where_it_has_no_room(runtime: FakeRuntime) -> None:
    async with app_of(runtime).run_test(size=(80, 24)) as pilot:
        app = await settled(pilot)
        await pilot.press("f2")
        app.work.files.set_items([], empty="word " * 200)
        assert app.work.files.rows[-1].line.text.endswith("…")
        assert not faults(app.screen)
