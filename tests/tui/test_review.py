"""The screen of a change: what is ticked of it is what the session gets."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import pytest
from textual.pilot import Pilot
from textual.widgets import TextArea

from agent_core.changes.hunks import choose
from agent_core.changes.model import Chosen, FileChange
from agent_core.events import ApprovalGiven, ApprovalNeeded, ProposedFile
from tests.fakes.changes import FILES, MENDED, PASSED, SERVER, asked
from tests.fakes.screen import FakeRuntime
from tests.tui.conftest import HOSTILE, app_of, screen_text, settled, tell, until
from tui.app import DspyApp
from tui.places import here
from tui.screens.approve import ApproveScreen
from tui.screens.review import ReviewScreen
from tui.screens.review_more import AlwaysScreen, EditScreen
from tui.widgets.checks import Checks
from tui.widgets.diff.view import DiffView

Compare = Callable[..., bool]


@asynccontextmanager
async def asking(
    runtime: FakeRuntime, question: ApprovalNeeded, size: tuple[int, int] = (120, 40)
) -> AsyncGenerator[tuple[Pilot[None], DspyApp, ReviewScreen]]:
    """The screen with a question that takes answers."""
    async with app_of(runtime).run_test(size=size, notifications=True) as pilot:
        app = await settled(pilot)
        await tell(pilot, runtime, question)
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen) and app.screen._seen)
        screen = app.screen
        assert isinstance(screen, ReviewScreen)
        await until(pilot, lambda: screen._armed and screen._seen)
        yield pilot, app, screen


def spot(screen: ReviewScreen) -> tuple[int, int]:
    return screen.query_one(DiffView).spot


def result(chosen: Chosen | None, files: tuple[ProposedFile, ...] = FILES) -> dict[str, str | None]:
    """What is written of the files of a question."""
    assert chosen is not None
    changes = [
        FileChange(
            path=file.path,
            before=None if file.before is None else file.before.encode(),
            after=None if file.after is None else file.after.encode(),
        )
        for file in files
    ]
    return {
        change.path: None if change.after is None else change.after.decode()
        for change in choose(changes, chosen)
    }


async def test_everything_is_applied_unless_something_is_unticked(runtime: FakeRuntime) -> None:
    async with asking(runtime, asked()) as (pilot, app, _):
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.work)
    assert runtime.session.answers == [("t1.7", "once")]
    assert runtime.session.chosen == Chosen()


async def test_hunks_and_files_are_left_out_by_key(runtime: FakeRuntime) -> None:
    async with asking(runtime, asked()) as (pilot, app, screen):
        await pilot.press("j", "space", "j")
        assert spot(screen) == (1, 0)
        await pilot.press("f", "right_square_bracket", "space", "space")
        await until(pilot, lambda: "apply 3 of 5" in screen_text(app))
        await pilot.press("y")
        await until(pilot, lambda: app.screen is app.work)
    assert runtime.session.chosen == Chosen(
        rejected={"src/server.py": (1,)}, left_out=("tests/test_client.py",)
    )
    written = result(runtime.session.chosen)
    assert set(written) == {"src/server.py", "docs/retries.md", "src/legacy_client.py"}
    server = written["src/server.py"] or ""
    assert "import logging" in server and "retries = 3" in server


@pytest.mark.parametrize("key", ["n", "r", "escape"])
async def test_rejecting_asks_nothing_more(runtime: FakeRuntime, key: str) -> None:
    async with asking(runtime, asked()) as (pilot, app, _):
        await pilot.press(key)
        await until(pilot, lambda: app.screen is app.work)
    assert runtime.session.answers == [("t1.7", "no")]


async def test_nothing_ticked_is_a_refusal(runtime: FakeRuntime) -> None:
    async with asking(runtime, asked()) as (pilot, app, _):
        await pilot.press("x")
        await until(pilot, lambda: "apply nothing" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.work)
    assert runtime.session.answers == [("t1.7", "no")]


async def test_always_shows_its_rules_first(runtime: FakeRuntime) -> None:
    async with asking(runtime, asked(FILES[:2])) as (pilot, app, screen):
        await pilot.press("A")
        await until(pilot, lambda: isinstance(app.screen, AlwaysScreen))
        await until(pilot, lambda: "write:tests/test_client.py" in screen_text(app))
        assert here(app.screen)[0] == "Always allow", "its help has it first"
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        assert runtime.session.answers == []
        await pilot.press("A", "enter")
        await until(pilot, lambda: app.screen is app.work)
    assert runtime.session.answers == [("t1.7", "always")]


async def test_a_file_is_edited_before_it_is_written(runtime: FakeRuntime) -> None:
    async with asking(runtime, asked()) as (pilot, app, screen):
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, EditScreen))
        area = app.screen.query_one(TextArea)
        assert (area.text, area.language, area.cursor_location) == (MENDED, "python", (2, 0))
        await pilot.press(*"# Mine", "enter", "escape")
        assert isinstance(app.screen, EditScreen), "what was edited is not dropped by one key"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.screen is screen and "edited by hand" in screen_text(app))
        assert "# Mine" in screen_text(app)
        await pilot.press("j", "space", "y")
        await until(pilot, lambda: app.screen is app.work)
    written = result(runtime.session.chosen)["src/server.py"] or ""
    assert "\n# Mine\nimport logging\n" in written
    assert "retries = 3" in written, "hunks can be left out of what was edited, too"


async def test_what_cannot_be_edited_says_why(runtime: FakeRuntime) -> None:
    files = (
        ProposedFile(path="gone.py", before="x\n", after=None),
        ProposedFile(path="odd.py", before="x\n", after=HOSTILE),
        ProposedFile(path="wide.txt", before="x\n", after="y\n", whole=True),
    )
    async with asking(runtime, asked(files)) as (pilot, app, screen):
        for said in ("nothing to edit", "cannot be shown", "wide encoding"):
            await pilot.press("e")
            await until(pilot, lambda said=said: said in screen_text(app))
            await pilot.press("right_square_bracket")
        assert app.screen is screen


async def test_what_checks_found_shows_where_it_is(runtime: FakeRuntime) -> None:
    async with asking(runtime, asked()) as (pilot, app, screen):
        assert "ruff, pytest fail with it" in screen_text(app)
        assert "not installed" in screen_text(app)
        await pilot.press("c")
        assert spot(screen) == (1, 0)
        await until(pilot, lambda: screen_text(app).count("Undefined name `pytest`") == 2)
        screen.query_one(Checks).focus()
        await pilot.press("enter")
        await until(pilot, lambda: "tests/test_client.py:7" not in screen_text(app))
        await pilot.press("enter", "down", "enter")
        await until(pilot, lambda: screen.query_one(DiffView).has_focus)
        assert runtime.session.answers == []


async def test_what_passed_raises_no_doubt(runtime: FakeRuntime) -> None:
    async with asking(runtime, asked(reports=PASSED)) as (_, app, screen):
        assert "13 passed" in screen_text(app)
        assert not screen.has_class("-doubt")


async def test_what_was_not_checked_says_so(runtime: FakeRuntime) -> None:
    async with asking(runtime, asked(reports=())) as (_, app, _):
        assert "Nothing checked it." in screen_text(app)


async def test_side_by_side_is_remembered(runtime: FakeRuntime) -> None:
    async with asking(runtime, asked(), (110, 40)) as (pilot, app, screen):
        assert not screen.query_one(DiffView).split
        await pilot.press("s")
        await until(pilot, lambda: screen.query_one(DiffView).split)
        await until(pilot, lambda: 'print("listening' in screen_text(app))
        await pilot.press("n")
        await until(pilot, lambda: app.screen is app.work)
        await tell(pilot, runtime, asked(call_id="t2.1"))
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        await until(pilot, lambda: app.screen.query_one(DiffView).split)
        await pilot.resize_terminal(60, 20)
        await until(pilot, lambda: not app.screen.query_one(DiffView).split)


async def test_questions_wait_for_each_other(runtime: FakeRuntime) -> None:
    shell = ApprovalNeeded(
        turn_id="t1", call_id="c2", action="shell", command="ls", reason="", rule="shell:ls"
    )
    async with asking(runtime, asked()) as (pilot, app, screen):
        await tell(pilot, runtime, shell, asked(call_id="t3.1"))
        assert app.screen is screen
        await tell(pilot, runtime, ApprovalGiven(turn_id="t3", call_id="t3.1", decision="no"))
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, EditScreen))
        await tell(pilot, runtime, ApprovalGiven(turn_id="t1", call_id="t1.7", decision="no"))
        await until(pilot, lambda: isinstance(app.screen, ApproveScreen))
        await tell(pilot, runtime, ApprovalGiven(turn_id="t1", call_id="c2", decision="no"))
        await until(pilot, lambda: app.screen is app.work)
    assert runtime.session.answers == []


async def test_keys_typed_ahead_write_nothing(runtime: FakeRuntime) -> None:
    async with asking(runtime, asked()) as (pilot, app, screen):
        screen._armed = screen._seen = False  # as in the moment in which it appears
        await pilot.press("y", "enter", "n", "escape", "A")
        assert app.screen is screen
        assert runtime.session.answers == []


async def test_hostile_text_is_literal_and_in_its_columns(runtime: FakeRuntime) -> None:
    text = f"{HOSTILE}\n\tafter a tab\n日本語 🎉 wide\n{'x' * 30_000}\nends\rodd\u200b"
    files = (
        ProposedFile(path=f"a{HOSTILE}.py", before="old\r\n", after=text, note=HOSTILE),
        ProposedFile(path="blob.bin", before="\0old", after="\0new", whole=True),
        ProposedFile(path="empty.txt", before=None, after=""),
        ProposedFile(path="crlf.txt", before="a\r\nb\r\n", after="a\r\nc\r\n"),
        ProposedFile(path="ends.txt", before="a\r\nb\r\n", after="a\nb\n"),
    )
    for size in ((160, 50), (60, 50)):
        async with asking(runtime, asked(files), size) as (pilot, app, screen):
            drawn = screen_text(app)
            assert "\x1b" not in drawn and "\u202e" not in drawn and "\x07" not in drawn
            assert "[bold]x[/bold]" in drawn and "␛[31m" in drawn, "what would be written is seen"
            assert "ends␍odd⟨U+200B⟩" in drawn and "No newline at end of file" in drawn
            lines = app.screen._compositor.render_strips()
            assert {line.cell_length for line in lines} == {size[0]}
            await pilot.press("G")
            await until(pilot, lambda app=app: "a␍" in screen_text(app))
            assert "binary file" in screen_text(app) and "An empty file" in screen_text(app)
            assert "c␍" not in screen_text(app)
            await pilot.press("k", "space", "y")
            await until(pilot, lambda app=app: app.screen is app.work)
            assert runtime.session.chosen == Chosen(left_out=("crlf.txt",))
            assert screen.files[0].state == "all"


async def test_the_mouse_ticks(runtime: FakeRuntime) -> None:
    async with asking(runtime, asked()) as (pilot, app, screen):
        diff = screen.query_one(DiffView)
        await pilot.click(diff, offset=(1, 1))
        assert screen.files[0].rejected == {0}
        await pilot.click(diff, offset=(1, 0))
        assert screen.files[0].state == "all"
        await pilot.click(diff, offset=(1, 0))
        await pilot.click(screen.query_one("#files"), offset=(6, 2))
        assert spot(screen) == (2, 0)
        await pilot.click(screen.query_one("Hints"), offset=(1, 0))
        await until(pilot, lambda: app.screen is app.work)
    assert runtime.session.chosen == Chosen(left_out=("src/server.py",))


async def test_both_halves_of_a_renamed_file_go_together(runtime: FakeRuntime) -> None:
    files = (
        ProposedFile(path="old.py", before=SERVER, after=None),
        ProposedFile(path="new.py", before=None, after=SERVER.replace("retries = 3", "retries = 4")),
    )
    async with asking(runtime, asked(files)) as (pilot, app, _):
        assert "renamed to new.py" in screen_text(app)
        await pilot.press("j", "space", "y")
        await until(pilot, lambda: app.screen is app.work)
    assert runtime.session.answers == [("t1.7", "no")]


async def test_ten_thousand_lines_and_two_hundred_files(runtime: FakeRuntime) -> None:
    rows = [f"value_{number} = {number}" for number in range(10_000)]
    big = ProposedFile(
        path="big.py",
        before="\n".join(rows),
        after="\n".join(
            row.replace("= ", "= -") if number % 9 == 0 else row for number, row in enumerate(rows)
        ),
    )
    many = [
        ProposedFile(path=f"src/module_{n}.py", before=f"a = {n}\n", after="a = 0\n") for n in range(1, 200)
    ]
    async with asking(runtime, asked((big, *many)), (140, 45)) as (pilot, app, screen):
        await pilot.press("G")
        await until(pilot, lambda: "module_199" in screen_text(app))
        await pilot.press("g", "pagedown", "pagedown", "f", "s", "y")
        await until(pilot, lambda: app.screen is app.work)
        assert len(screen.files) == 200
    assert runtime.session.chosen == Chosen(left_out=("big.py",))


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (180, 50)], ids=["80x24", "120x40", "180x50"])
def test_review(snap_compare: Compare, runtime: FakeRuntime, size: tuple[int, int]) -> None:
    async def look(pilot: Pilot[None]) -> None:
        app = await settled(pilot)
        await tell(pilot, runtime, asked())
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen) and app.screen._seen)
        await pilot.press("j", "j", "space")
        await coloured(pilot, app.screen.query_one(DiffView))

    assert snap_compare(app_of(runtime), terminal_size=size, run_before=look)


async def coloured(pilot: Pilot[None], diff: DiffView) -> None:
    await until(pilot, lambda: not diff._colouring)
    await pilot.pause()


def test_review_in_the_light(snap_compare: Compare, runtime: FakeRuntime) -> None:
    async def look(pilot: Pilot[None]) -> None:
        app = await settled(pilot)
        await pilot.press("ctrl+t")
        await tell(pilot, runtime, asked(reports=PASSED))
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen) and app.screen._seen)
        await pilot.press("space")
        await coloured(pilot, app.screen.query_one(DiffView))

    assert snap_compare(app_of(runtime), terminal_size=(160, 50), run_before=look)


def test_review_without_colour(
    snap_compare: Compare, runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def look(pilot: Pilot[None]) -> None:
        app = await settled(pilot)
        await tell(pilot, runtime, asked())
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen) and app.screen._seen)
        await pilot.press("space")
        await coloured(pilot, app.screen.query_one(DiffView))

    assert snap_compare(app_of(runtime), terminal_size=(120, 40), run_before=look)


async def test_the_list_of_files_ticks_files(runtime: FakeRuntime) -> None:
    async with asking(runtime, asked()) as (pilot, app, screen):
        await pilot.press("shift+tab", "down", "down", "space", "up", "space", "space", "enter")
        assert app.screen is screen, "Enter in the list looks at the file"
        assert spot(screen) == (1, 0)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.work)
    assert runtime.session.chosen == Chosen(left_out=("docs/retries.md",))


async def test_it_is_usable_at_every_size(runtime: FakeRuntime) -> None:
    async with asking(runtime, asked(), (160, 50)) as (pilot, app, screen):
        await pilot.press("j")
        for size in ((60, 20), (40, 12), (100, 30), (160, 50)):
            await pilot.resize_terminal(*size)
            await until(pilot, lambda size=size: screen.size == size)
            await until(pilot, lambda: "17-32" in screen_text(app) and "apply" in screen_text(app))
            assert spot(screen) == (0, 1)
            assert "fail with it" in screen_text(app)
        await pilot.press("space", "enter")
        await until(pilot, lambda: app.screen is app.work)
    assert runtime.session.chosen == Chosen(rejected={"src/server.py": (1,)})
