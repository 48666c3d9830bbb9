"""The screen of search results: over a real small repository and an index of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from agent_core.config import Settings
from agent_core.errors import IndexFault
from agent_core.events import Event, ToolFinished
from agent_core.index.api import SearchMode
from agent_core.tools.base import ToolContext
from agent_core.tools.emb_index import EmbIndexTool
from agent_core.tools.esearch import EsearchTool
from agent_core.tools.index import IndexTool
from agent_core.tools.intel import IntelTool
from agent_core.tools.places import SearchArgs
from tests.fakes.screen import FakeRuntime, fake_runtime
from tests.tui.conftest import app_of, at_once, listed, settled, tell, until
from tests.tui.test_work_screen import HOSTILE, screen_text, text_of
from tui.app import DspyApp
from tui.found import Results, Spot, of_event
from tui.screens.preview import PreviewScreen
from tui.screens.results import ResultsScreen

pytestmark = pytest.mark.usefixtures("utc")

MORE = {
    "src/retry.py": '"""Trying again."""\n\nfrom src.server import serve\n\n\n'
    "class Retry:\n    def backoff(self, attempt: int) -> float:\n        return 2.0**attempt\n",
    "docs/retrying.md": "# Trying\n\nA retry waits, and then waits twice as long.\n",
}


@pytest.fixture
def searched(repository: Path) -> FakeRuntime:
    """A runtime over the sample with something to be found in it."""
    for name, text in MORE.items():
        (repository / name).parent.mkdir(exist_ok=True)
        (repository / name).write_text(text)
    return fake_runtime(repository)


async def finished(runtime: FakeRuntime, query: str = "retry backoff", name: str = "intel") -> ToolFinished:
    """The event with which a search command ends."""
    intel = IntelTool(index=runtime.index, logs=runtime.logs)
    tool = intel if name == "intel" else EsearchTool(index=runtime.index)
    result = await tool.run(
        SearchArgs(query=query), ToolContext(workspace=runtime.workspace, settings=Settings())
    )
    data = {**result.data, "hits": msgspec.to_builtins(result.hits), "note": result.note, "changed": []}
    return ToolFinished(
        turn_id="t1",
        call_id="c1",
        name=name,
        summary=result.summary,
        text=result.text,
        data=data,
        seconds=0.02,
    )


def results_of(app: DspyApp) -> ResultsScreen:
    assert isinstance(app.screen, ResultsScreen)
    return app.screen


async def opened(pilot: Pilot[None], runtime: FakeRuntime, *events: Event, key: str = "ctrl+r") -> DspyApp:
    app = await settled(pilot)
    await tell(pilot, runtime, *events)
    await pilot.press(key)
    await until(pilot, lambda: isinstance(app.screen, ResultsScreen))
    await pilot.pause()
    return app


def place_text(app: DspyApp) -> str:
    rows = results_of(app)._place_rows
    return "\n".join("".join(run[0] for run in item.lead) + item.text for item in rows.items)


async def test_the_last_results_with_the_place_beside_them(searched: FakeRuntime) -> None:
    async with app_of(searched).run_test(size=(120, 36)) as pilot:
        app = await opened(pilot, searched, await finished(searched))
        await until(pilot, lambda: "class Retry" in place_text(app))
        assert [item.text for item in results_of(app)._list.items] == [
            "src/retry.py:1-8",
            "docs/retrying.md:1-3",
        ]
        assert "speaks of backoff, retr; connected with src/server.py" in place_text(app)
        assert "related: src/server.py" in place_text(app)
        await pilot.press("down")
        await until(pilot, lambda: "waits twice as long" in place_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.work)


async def test_enter_opens_the_file_at_the_place_and_esc_leads_back(searched: FakeRuntime) -> None:
    async with app_of(searched).run_test(size=(120, 36)) as pilot:
        app = await opened(pilot, searched, await finished(searched))
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, PreviewScreen) and listed(app.screen))
        assert searched.index.looked_at == ["docs/retrying.md"]
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ResultsScreen))
        assert results_of(app)._list.cursor == 1, "the list is as it was left"


async def test_a_file_is_opened_where_its_place_is_seen(searched: FakeRuntime) -> None:
    lines = [f"line_{number} = {number}\n" for number in range(1, 401)]
    (searched.workspace.root / "src" / "long.py").write_text("".join(lines))
    async with app_of(searched).run_test(size=(120, 36)) as pilot:
        app = await opened(pilot, searched, await finished(searched))
        app.work.preview("src/long.py", 250)
        await until(pilot, lambda: isinstance(app.screen, PreviewScreen) and listed(app.screen))
        await settled(pilot)
        assert "line_250 = 250" in screen_text(app)


@pytest.mark.parametrize("through_preview", [False, True])
async def test_a_place_goes_into_the_prompt(searched: FakeRuntime, through_preview: bool) -> None:
    async with app_of(searched).run_test(size=(120, 36)) as pilot:
        app = await opened(pilot, searched, await finished(searched))
        if through_preview:
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, PreviewScreen) and listed(app.screen))
        await pilot.press("a")
        await until(pilot, lambda: app.screen is app.work)
        assert app.work.chat.prompt.text == ("@src/retry.py:1 " if through_preview else "@src/retry.py:1-8 ")


async def test_the_mouse_opens_a_place(searched: FakeRuntime) -> None:
    async with app_of(searched).run_test(size=(120, 36)) as pilot:
        app = await opened(pilot, searched, await finished(searched))
        await pilot.click("#found", offset=(8, 1))
        await until(pilot, lambda: isinstance(app.screen, PreviewScreen))


async def test_searching_while_typing(searched: FakeRuntime) -> None:
    async with app_of(searched).run_test(size=(120, 36)) as pilot:
        app = await opened(pilot, searched, key="ctrl+g")
        assert app.screen.query_one(Input).has_focus
        await pilot.press(*"retry backoff")
        await until(pilot, lambda: len(results_of(app)._list.items) == 2)
        assert searched.index.asked[-1] == ("retry backoff", "hybrid", 10, None)
        await pilot.press("down")
        await until(pilot, lambda: "waits twice as long" in place_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PreviewScreen))
        await pilot.press("escape", "escape")
        await until(pilot, lambda: app.screen is app.work)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: isinstance(app.screen, ResultsScreen))
        assert app.screen.query_one(Input).value == "retry backoff", "they are the last results now"


async def test_enter_opens_nothing_of_an_earlier_query(searched: FakeRuntime) -> None:
    async with app_of(searched).run_test(size=(120, 36)) as pilot:
        app = await opened(pilot, searched, await finished(searched))
        await pilot.press("slash")
        await until(pilot, lambda: app.screen.query_one(Input).has_focus)
        at_once(app, *" more", "enter")
        await until(pilot, lambda: searched.index.asked and searched.index.asked[-1][0].endswith(" more"))
        assert isinstance(app.screen, ResultsScreen)
        await until(pilot, lambda: results_of(app)._results.query.endswith(" more"))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PreviewScreen))


async def test_letters_are_typed_while_the_query_has_the_focus(searched: FakeRuntime) -> None:
    async with app_of(searched).run_test(size=(120, 36)) as pilot:
        app = await opened(pilot, searched, await finished(searched))
        await pilot.press("slash", "end", *"a/q")
        await until(pilot, lambda: app.screen.query_one(Input).value == "retry backoffa/q")
        await until(pilot, lambda: searched.index.asked[-1][:2] == ("retry backoffa/q", "graph"))
        app.screen.query_one(Input).value = ""
        await until(pilot, lambda: not results_of(app)._list.items)


async def test_a_fault_of_the_index_is_said_in_place_of_results(searched: FakeRuntime) -> None:
    searched.index.fail = IndexFault("the disk is full", hint="Free some space.")
    async with app_of(searched).run_test(size=(120, 36)) as pilot:
        app = await opened(pilot, searched, key="ctrl+g")
        await pilot.press("x")
        await until(pilot, lambda: results_of(app)._list.empty == "the disk is full. Free some space.")
        searched.index.fail = None
        await pilot.press("backspace", *"zeppelin")
        await until(pilot, lambda: results_of(app)._list.empty == "Nothing was found.")


async def test_without_results_it_says_how_to_get_some(searched: FakeRuntime) -> None:
    async with app_of(searched).run_test(size=(120, 36)) as pilot:
        app = await settled(pilot)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: [note.message for note in app._notifications])
        assert [note.message for note in app._notifications] == [
            "Nothing was searched for yet; Ctrl+G searches the code"
        ]
        assert app.screen is app.work


async def test_a_file_that_is_gone_says_so(searched: FakeRuntime) -> None:
    event = await finished(searched)
    (searched.workspace.root / "src" / "retry.py").unlink()
    async with app_of(searched).run_test(size=(120, 36)) as pilot:
        app = await opened(pilot, searched, event)
        await until(pilot, lambda: "src/retry.py does not exist." in place_text(app))


async def test_hostile_names_and_text_are_literal(searched: FakeRuntime) -> None:
    (searched.workspace.root / "src" / "odd[red].py").write_text(f"# retry backoff {HOSTILE}\n")
    async with app_of(searched).run_test(size=(120, 36)) as pilot:
        app = await opened(pilot, searched, await finished(searched, "retry backoff red odd"))
        await until(pilot, lambda: "retry backoff [bold]x[/bold]" in place_text(app))
        assert "src/odd[red].py:1" in screen_text(app)
        assert "\x1b" not in screen_text(app) and "\u202e" not in screen_text(app)


async def test_a_file_with_a_line_end_in_its_name_is_shown_on_one_line_and_opened(
    searched: FakeRuntime,
) -> None:
    (searched.workspace.root / "src" / "od\nd.py").write_text("def retry_backoff_oddly():\n    return 1\n")
    async with app_of(searched).run_test(size=(120, 36)) as pilot:
        app = await opened(pilot, searched, await finished(searched, "retry backoff oddly"))
        await until(pilot, lambda: "def retry_backoff_oddly" in place_text(app))
        assert "src/od d.py:1" in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PreviewScreen) and listed(app.screen))
        assert searched.index.looked_at == ["src/od\nd.py"]
        assert "def retry_backoff_oddly" in screen_text(app)
        assert "src/od d.py" in screen_text(app)


async def test_suggestions_follow_what_the_index_needs(searched: FakeRuntime) -> None:
    index = searched.index
    for tool in (IndexTool, EmbIndexTool):
        searched.registry.add(tool(index=index, cooldowns=searched.cooldowns))
    async with app_of(searched).run_test(size=(120, 36)) as pilot:
        app = await settled(pilot)
        commands = lambda: [item.text for item in app.work.suggestions.items if item.can_choose]  # noqa: E731
        assert commands()[-1] == "index"
        await index.build(on_progress=lambda _: None)
        await until(pilot, lambda: commands()[-1] == "emb-index" and "index" not in commands())
        await searched.cooldowns.begin("emb-index")
        index.change(behind=2)
        await until(pilot, lambda: commands()[-1] == "index")
        waits = app.work.suggestions.items[-1]
        assert (waits.text, waits.can_choose) == ("emb-index", False)


async def test_the_index_opens_in_the_background(repository: Path) -> None:
    runtime = fake_runtime(repository, index_in_background=True)
    async with app_of(runtime).run_test(size=(120, 36)) as pilot:
        app = await settled(pilot)
        await until(pilot, lambda: app.work.status.status.index.startswith("indexing 0/"))
    broken = fake_runtime(repository, index_in_background=True)
    broken.index.fail = IndexFault("the process cannot be started")
    async with app_of(broken).run_test(size=(120, 36)) as pilot:
        app = await settled(pilot)
        await until(pilot, lambda: "the process cannot be started" in text_of(app))


async def test_only_search_commands_leave_results(searched: FakeRuntime) -> None:
    event = await finished(searched)
    found = of_event(event)
    assert found is not None
    assert (found.command, found.query, found.mode) == ("intel", "retry backoff", "graph")
    assert found.spots[0].cited == "src/retry.py:1-8" and found.note
    for other in (
        msgspec.structs.replace(event, name="grep"),
        msgspec.structs.replace(event, data={}),
        msgspec.structs.replace(event, error=IndexFault("x").info),
    ):
        assert of_event(other) is None
    assert Spot(path="a", start=3, end=3).cited == "a:3"
    modes: list[SearchMode] = ["hybrid", "vector", "graph"]
    assert [Results(mode=mode).command for mode in modes] == ["esearch", "vretr", "intel"]


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["80x24", "120x36"])
def test_picture(snap_compare: Callable[..., bool], searched: FakeRuntime, size: tuple[int, int]) -> None:
    async def run(pilot: Pilot[None]) -> None:
        app = await opened(pilot, searched, await finished(searched))
        await until(pilot, lambda: "class Retry" in place_text(app))

    assert snap_compare(app_of(searched), terminal_size=size, run_before=run)


def test_picture_of_an_empty_search(snap_compare: Callable[..., bool], searched: FakeRuntime) -> None:
    async def run(pilot: Pilot[None]) -> None:
        app = await opened(pilot, searched, key="ctrl+g")
        await pilot.press(*"zeppelin")
        await until(pilot, lambda: results_of(app)._list.empty == "Nothing was found.")

    compare: Any = snap_compare
    assert compare(app_of(searched), terminal_size=(120, 36), run_before=run)
