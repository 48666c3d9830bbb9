from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.events import Usage
from tui.widgets.transcript import Transcript
from tui.widgets.transcript.lines import Line, wrap
from tui.widgets.transcript.search import Search, Span
from tui.widgets.transcript.selection import Position, Selection, extract, index_at, word_at

ANSWER = """See src/a.py:10 and https://x.example/doc for the **whole** story that is wrapped over rows here.

- first item
- second item in b/c.py:7

```python
def f():
    return 1
```
"""


def filled(view: Transcript) -> None:
    view.add_prompt("t1", "where?")
    view.append_text("t1", ANSWER)
    view.append_text("t1", "\n\n".join(f"Paragraph {n}." for n in range(30)))
    view.add_prompt("t2", "and now?")
    view.append_text("t2", "\n\n".join(f"Line {n}." for n in range(30)))
    view.update_now()


async def test_turns_are_jumped_between(opened: Any) -> None:
    async with opened() as (app, pilot):
        filled(app.transcript)
        await pilot.press("[")
        assert app.rows()[0] == "▌ and now?"
        await pilot.press("[")
        assert app.rows()[0] == "▌ where?"
        await pilot.press("]")
        assert app.rows()[0] == "▌ and now?"
        await pilot.press("]")
        assert app.transcript.following


async def test_links_are_stepped_through_and_opened(opened: Any) -> None:
    async with opened() as (app, pilot):
        filled(app.transcript)
        await pilot.press("home")
        for _ in range(3):
            await pilot.press("l", "enter")
        await pilot.press("L", "enter")
        await pilot.pause()
        got = [(m.path, m.line, m.url) for m in app.posted if isinstance(m, Transcript.LinkActivated)]
        assert got == [
            ("src/a.py", 10, ""),
            ("", 0, "https://x.example/doc"),
            ("b/c.py", 7, ""),
            ("", 0, "https://x.example/doc"),
        ]


async def test_a_click_opens_a_link(opened: Any) -> None:
    async with opened() as (app, pilot):
        app.transcript.append_text("t1", "In src/a.py:10 it is.")
        app.transcript.update_now()
        await pilot.click(Transcript, offset=(6, 0))
        await pilot.click(Transcript, offset=(30, 0))
        await pilot.pause()
        assert [(m.path, m.line) for m in app.posted] == [("src/a.py", 10)]


async def test_a_click_folds_a_tool_call(opened: Any) -> None:
    async with opened() as (app, pilot):
        view: Transcript = app.transcript
        view.start_tool("t1", "c1", "ls")
        view.finish_tool("c1", "50", "\n".join(f"f{n}" for n in range(50)), None, 0.2)
        view.update_now()
        await pilot.click(Transcript, offset=(3, 0))
        assert app.rows()[:2] == ["▾ ✓ ls  50 · 0.2 s", "  │ f0"]
        await pilot.click(Transcript, offset=(8, 13))
        assert len(view.page.lines(0)) == 51
        await pilot.press("home")
        await pilot.click(Transcript, offset=(3, 0))
        assert app.rows()[:2] == ["▸ ✓ ls  50 · 0.2 s", ""]


async def test_a_click_on_new_below_jumps_to_the_end(opened: Any) -> None:
    async with opened() as (app, pilot):
        view: Transcript = app.transcript
        filled(view)
        await pilot.press("home")
        view.append_text("t2", "\n\nfresh")
        view.update_now()
        await pilot.click(Transcript, offset=(50, view.window_height - 1))
        assert view.following
        assert app.rows()[-1] == "fresh"


async def test_dragging_selects_and_copies_without_decoration(opened: Any) -> None:
    async with opened(40, 20) as (app, pilot):
        view: Transcript = app.transcript
        view.append_text("t1", "A first paragraph that is wrapped over two rows.\n\n- item one\n- item two")
        view.update_now()
        await pilot.mouse_down(Transcript, offset=(3, 0))
        await pilot.hover(Transcript, offset=(9, 4))
        await pilot.mouse_up(Transcript, offset=(9, 4))
        assert view.selected_text() == "first paragraph that is wrapped over two rows.\n\nitem one\nitem"
        await pilot.press("c")
        await pilot.pause()
        assert app.clipboard == view.selected_text()
        assert [m.text for m in app.posted] == [app.clipboard]
        await pilot.press("escape")
        assert view.selection is None


async def test_a_click_leaves_the_focus_and_a_selection_takes_it(opened: Any) -> None:
    async with opened() as (app, pilot):
        view: Transcript = app.transcript
        view.append_text("t1", "some words here")
        view.update_now()
        app.set_focus(None)
        await pilot.click(Transcript, offset=(3, 0))
        assert not view.has_focus
        await pilot.click(Transcript, offset=(3, 0), times=2)
        assert view.has_focus


async def test_dragging_past_the_edge_scrolls(opened: Any) -> None:
    async with opened() as (app, pilot):
        view: Transcript = app.transcript
        filled(view)
        await pilot.press("home")
        await pilot.mouse_down(Transcript, offset=(3, 5))
        view.on_mouse_move(_moved(view, 3, view.window_height + 4))
        assert view.scroll_y == 5
        assert view.selection


def _moved(view: Transcript, x: int, y: int) -> Any:
    from textual import events

    return events.MouseMove(view, x, y, 0, 0, 1, False, False, False, x, y)


async def test_two_clicks_select_a_word_and_three_a_block(opened: Any) -> None:
    async with opened() as (app, pilot):
        view: Transcript = app.transcript
        view.append_text("t1", "some snake_case/path.py words\n\nother")
        view.update_now()
        await pilot.click(Transcript, offset=(10, 0), times=2)
        assert view.selected_text() == "snake_case/path.py"
        await pilot.click(Transcript, offset=(10, 0), times=3)
        assert view.selected_text() == "some snake_case/path.py words"


async def test_blocks_are_selected_by_key_extended_and_copied(opened: Any) -> None:
    async with opened(60, 30) as (app, pilot):
        view: Transcript = app.transcript
        view.append_text("t1", "One.\n\nTwo.\n\nThree.")
        view.update_now()
        await pilot.press("j")
        assert view.selected_text() == "Three."
        await pilot.press("k")
        assert view.selected_text() == "Two."
        await pilot.press("J")
        assert view.selected_text() == "Two.\n\nThree."
        await pilot.press("K", "K")
        assert view.selected_text() == "One.\n\nTwo."


async def test_code_is_copied_as_it_was_written(opened: Any) -> None:
    async with opened() as (app, pilot):
        view: Transcript = app.transcript
        view.append_text("t1", "x\n\n```python\ndef f():\n\treturn '" + "long" * 30 + "'\n```\n\ny")
        view.update_now()
        await pilot.press("y")
        assert app.clipboard == "def f():\n\treturn '" + "long" * 30 + "'\n"
        app.copy_to_clipboard("")
        await pilot.click(Transcript, offset=(4, 2))
        assert app.clipboard.startswith("def f():")


async def test_a_whole_answer_is_copied_as_markdown(opened: Any) -> None:
    async with opened() as (app, pilot):
        view: Transcript = app.transcript
        view.append_text("t1", "# A\n\n- **b**\n- c\n\n```py\nx\n```\n")
        view.start_tool("t1", "c1", "ls")
        view.append_text("t1", "end")
        view.append_text("t2", "other")
        view.update_now()
        await pilot.press("k", "k", "Y")
        assert app.clipboard == "# A\n\n- **b**\n- c\n\n```py\nx\n```\n\nend"


async def test_another_width_selects_no_other_text(opened: Any) -> None:
    async with opened(60, 20) as (app, pilot):
        view: Transcript = app.transcript
        paragraph = "a paragraph of words that is wrapped over some rows " * 4
        view.append_text("t1", f"{paragraph}\n\nlast")
        view.update_now()
        await pilot.press("k", "k")
        whole = view.selected_text()
        assert whole == paragraph.strip()
        await pilot.resize_terminal(30, 20)
        assert view.selected_text() == whole
        await pilot.mouse_down(Transcript, offset=(3, 0))
        await pilot.hover(Transcript, offset=(9, 2))
        await pilot.mouse_up(Transcript, offset=(9, 2))
        assert view.selected_text()
        await pilot.resize_terminal(30, 12)
        assert view.selected_text(), "the rows are the same"
        await pilot.resize_terminal(50, 20)
        assert not view.selected_text()


async def test_another_width_opens_no_other_link(opened: Any) -> None:
    async with opened(60, 20) as (app, pilot):
        view: Transcript = app.transcript
        view.append_text("t1", "first a/one.py:1 and second b/two.py:2 and third c/three.py:3")
        view.update_now()
        await pilot.press("home", "l", "l")
        await pilot.resize_terminal(26, 20)
        await pilot.press("enter", "l", "enter")
        await pilot.pause()
        assert [m.path for m in app.posted] == ["a/one.py"]


async def test_enter_folds_the_selected_block(opened: Any) -> None:
    async with opened() as (app, pilot):
        view: Transcript = app.transcript
        view.start_tool("t1", "c1", "ls")
        view.finish_tool("c1", "1", "file", None, 0.2)
        view.update_now()
        await pilot.press("j", "enter")
        assert app.rows()[1] == "  │ file"
        await pilot.press("enter")
        assert app.rows()[1] == ""


async def test_find_highlights_steps_and_ends(opened: Any) -> None:
    async with opened() as (app, pilot):
        view: Transcript = app.transcript
        filled(view)
        await pilot.press("home")
        assert view.find("whole story") == 1
        assert view.find("paragraph 2") == 11
        assert view.found == (1, 11)
        assert "Paragraph 2." in app.rows()
        await pilot.press("n", "n")
        assert view.found == (3, 11)
        await pilot.press("N")
        assert view.found == (2, 11)
        assert any(row.overlays for row in view.rows)
        assert view.find("Paragraph 2") == 11
        assert view.find("PARAGRAPH 2") == 0
        assert view.find("") == 0
        assert not any(row.overlays for row in view.rows)


@pytest.mark.parametrize("size", [(60, 14), (40, 20)], ids=["lower", "narrower"])
async def test_another_size_keeps_the_match_and_the_place(opened: Any, size: tuple[int, int]) -> None:
    """A line more in the prompt, or a turn that ends, is another height, too."""
    async with opened() as (app, pilot):
        view: Transcript = app.transcript
        filled(view)
        await pilot.press("home")
        assert view.find("paragraph 2") == 11
        await pilot.press("n", "n", "n", "home")
        view.scroll_to_row(5)
        await pilot.pause()
        before = app.rows()[0]
        assert before == "  • first item" and view.found == (4, 11)
        await pilot.resize_terminal(*size)
        while view.looking:
            await pilot.pause(0.02)
        await pilot.pause(0.1)
        assert app.rows()[0] == before
        assert view.found == (4, 11)
        await pilot.press("n")
        assert view.found == (5, 11) and "Paragraph 22." in app.rows()


async def test_matches_follow_an_answer_that_streams(opened: Any) -> None:
    async with opened(60, 20) as (app, _):
        view: Transcript = app.transcript
        view.add_prompt("t1", "cells?")
        view.append_text("t1", "| a | cell |\n|---|---|\n| x | cell |\n")
        view.update_now()
        assert view.find("cell") == 3
        view.append_text("t1", "| a longer one | cell |\n")
        view.update_now()
        assert view.found[1] == 4
        for row in view.rows:
            text = row.line.text
            assert {text[start:end] for start, end, _ in row.overlays} <= {"cell"}, (
                "where the columns are now"
            )
        view.append_text("t1", "\nAnd a cell.")
        view.finish_turn("t1", "answered", "", None, Usage(prompt_tokens=1, completion_tokens=1), 1.0)
        view.update_now()
        assert view.found[1] == 5
        view.find("")
        view.append_text("t1", "cell")
        view.update_now()
        assert view.found == (0, 0)


async def test_what_is_folded_while_it_is_looked_at_counts_once(opened: Any) -> None:
    async with opened(60, 20) as (app, _):
        view: Transcript = app.transcript
        view.start_tool("t1", "c1", "ls")
        view.finish_tool("c1", "1", "needle", None, 0.2)
        for n in range(300):
            view.add_notice("info", f"line {n}")
        view.update_now()
        search = Search("needle", top=(5, 0))
        search.look(view.page, 0.0)
        view.page.units[0].toggle()
        search.recheck(view.page, 0)
        search.look(view.page, 60.0)
        search.recheck(view.page, 0)
        assert search.done and search.count == 1


async def test_find_crosses_soft_wraps(opened: Any) -> None:
    async with opened(30, 20) as (app, _):
        view: Transcript = app.transcript
        view.append_text("t1", "the quick brown fox jumps over the lazy dog and so on")
        view.update_now()
        assert view.find("jumps over the lazy") == 1
        assert sum(len(row.overlays) for row in view.rows) == 2


class Counted(list[Line]):
    """Rows that count how often one was taken."""

    taken = 0

    def __getitem__(self, index: Any) -> Any:
        self.taken += 1
        return super().__getitem__(index)

    def __iter__(self) -> Iterator[Line]:
        for line in super().__iter__():
            self.taken += 1
            yield line


def matches(query: str, lines: list[Line]) -> list[list[Span]]:
    return Search(query)._matches(0, lines)  # pyright: ignore[reportPrivateUsage]


def test_many_matches_on_many_rows_cost_no_more_than_both() -> None:
    lines = Counted(wrap([("value = compute(one)\n" * 500, "", None)], 12))
    found = matches("compute", lines)
    assert len(found) == 500
    assert lines.taken < 5 * len(lines)


@given(
    st.lists(st.sampled_from(["a", "ab", "b a", "", "aab", "日a", "a ab b a"]), max_size=12),
    st.integers(1, 6),
    st.sampled_from(["a", "ab", "b a", "日", "a a a"]),
)
def test_matches_are_where_the_text_is(parts: list[str], width: int, query: str) -> None:
    lines = wrap([("\n".join(parts), "", None)], width, first=[("> ", "", None)], rest=[("> ", "", None)])
    pieces: list[str] = []
    for spans in matches(query, lines):
        said = ""
        for span in spans:
            text = lines[span.row].text
            said += text[index_at(text, span.start) : index_at(text, span.end)]
            assert span.start >= lines[span.row].lead
        pieces.append("".join(said.split()))
    whole = "".join(line.text[line.lead :] for line in lines)
    assert all(piece == "".join(query.split()) for piece in pieces)
    if len(query) == 1:
        assert len(pieces) == whole.count(query)


async def test_keys_on_an_empty_transcript_do_nothing(opened: Any) -> None:
    async with opened() as (app, pilot):
        keys = [*"jkJKcylL][nNt", "enter", "escape", "end", "home", "pageup", "pagedown", "up", "down"]
        await pilot.press(*keys)
        await pilot.click(Transcript, offset=(5, 5))
        assert app.transcript.find("x") == 0
        assert app.posted == []


def test_selection_works_in_both_directions() -> None:
    one, two = Position(0, 1, 3), Position(2, 0, 5)
    assert Selection(two, one).first == Selection(one, two).first == one
    line = Line((("  ", "", None), ("words here", "", None)), lead=2)
    assert Selection(one, two).span(1, 7, line) == (2, 12)
    assert Selection(one, two).span(3, 0, line) is None


def test_words_and_indexes_respect_wide_characters() -> None:
    assert index_at("日本x", 2) == 1
    assert index_at("日本x", 9) == 3
    assert word_at("a 日本 b", 3) == (2, 4)


@given(st.text(alphabet="ab cd日\n", max_size=80), st.integers(4, 20))
def test_copying_everything_gives_back_the_text(text: str, width: int) -> None:
    lines = wrap([(text, "", None)], width, first=[("> ", "", None)], rest=[("  ", "", None)])
    whole = Selection(Position(0, 0, 0), Position(0, len(lines), 10_000))
    copied = extract([(line, whole.span(0, row, line)) for row, line in enumerate(lines)])
    assert "".join(copied.split()) == "".join(text.split())
    assert [row.split() for row in copied.split("\n")] == [
        row.split() for row in text.split("\n")
    ] or "日" in text


@pytest.mark.parametrize("width", [10, 25, 80])
def test_a_wrapped_paragraph_copies_as_one_line(width: int) -> None:
    text = "the worker reads a record and keeps its offset until the store has it"
    lines = wrap([(text, "", None)], width)
    assert extract([(line, (0, line.cells)) for line in lines]) == text
