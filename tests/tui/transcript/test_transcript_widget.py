from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from agent_core.errors import ErrorInfo
from agent_core.events import Usage
from tui.widgets.transcript import Transcript

LONG = "\n\n".join(f"Paragraph {number} of the answer." for number in range(60))


def usage(**fields: Any) -> Usage:
    return Usage(**fields)


async def test_a_whole_turn(opened: Any) -> None:
    async with opened() as (app, _):
        view: Transcript = app.transcript
        view.show_welcome("# Hello")
        view.show_welcome("# Hello `again`\n- **one**")
        view.add_prompt("t1", "where is [b]it[/b]?\nsecond line")
        view.start_tool("t1", "c1", 'grep "it" .')
        view.tool_output("c1", "a.py:1: it\n")
        view.finish_tool("c1", "1 match", "a.py:1: it", None, 0.012)
        view.append_text("t1", "It is in **a.py**")
        view.append_text("t1", " (a.py:1).")
        view.finish_turn(
            "t1",
            "answered",
            "",
            None,
            usage(prompt_tokens=1200, completion_tokens=30, tokens_per_s=12.5),
            2.5,
        )
        view.update_now()
        assert [row for row in app.rows() if row] == [
            "Hello again",
            "  • one",
            "▌ where is [b]it[/b]?",
            "▌ second line",
            '▸ ✓ grep "it" .  1 match · 12 ms',
            "It is in a.py (a.py:1).",
            "✓ answered · 1,200 → 30 tokens · 12.5 tokens/s · 2.5 s",
        ]


async def test_a_turn_that_fails_shows_error_hint_and_reason_once(opened: Any) -> None:
    async with opened() as (app, _):
        view: Transcript = app.transcript
        view.append_text("t1", "half an ans")
        error = ErrorInfo("model-cut-off", "The stream broke off.", "ask again")
        view.finish_turn("t1", "stopped", "The stream broke off.", error, usage(), 1.0)
        view.start_tool("t2", "c2", "cat x")
        missing = ErrorInfo("tool", "x does not exist")
        view.finish_tool("c2", "", "", missing, 0.2)
        view.finish_turn("t2", "stopped", "failed", missing, usage(), 0.2)
        view.update_now()
        assert [row for row in app.rows() if row] == [
            "half an ans",
            "✗ The stream broke off.",
            "  → ask again",
            "✗ failed · 1.0 s",
            "▸ ✗ cat x  0.2 s",
            "    x does not exist",
            "✗ failed: failed · 0.2 s",
        ]


@pytest.mark.parametrize(
    ("used", "error", "first"),
    [
        (usage(), None, "▌ where is it?"),
        (usage(completion_tokens=9), None, None),
        (usage(), ErrorInfo("interrupted", "It was cancelled"), None),
    ],
)
async def test_an_answer_that_came_at_once_is_shown_from_its_beginning(
    opened: Any, used: Usage, error: ErrorInfo | None, first: str | None
) -> None:
    async with opened(60, 20) as (app, _):
        view: Transcript = app.transcript
        view.add_prompt("t0", "earlier")
        view.append_text("t0", LONG)
        view.finish_turn("t0", "answered", "", None, usage(completion_tokens=9), 1.0)
        view.add_prompt("t1", "where is it?")
        view.append_text("t1", LONG)
        view.finish_turn("t1", "stopped" if error else "answered", "", error, used, 1.0)
        view.update_now()
        rows = [row for row in app.rows() if row]
        if first is None:
            assert view.following and rows[-1].startswith(("✓", "■"))
            return
        assert rows[0] == first and not view.following
        assert rows[-1].endswith("↓ new below · End")
        view.add_prompt("t2", "and then?")
        view.update_now()
        assert view.following and [row for row in app.rows() if row][-1] == "▌ and then?"


async def test_a_prompt_that_waited_begins_without_taking_the_reader_away(opened: Any) -> None:
    async with opened(60, 20) as (app, pilot):
        view: Transcript = app.transcript
        view.add_prompt("t1", "where is it?")
        view.append_text("t1", LONG)
        view.update_now()
        await pilot.press("pageup")
        before = app.rows()[:19]
        view.finish_turn("t1", "answered", "", None, usage(completion_tokens=9), 1.0)
        view.add_prompt("t2", "and then?", waited=True)
        view.append_text("t2", LONG)
        view.update_now()
        assert app.rows()[:19] == before and app.rows()[19].endswith("↓ new below · End")
        view.add_prompt("t3", "typed just now")
        view.update_now()
        assert view.following and [row for row in app.rows() if row][-1] == "▌ typed just now"


async def test_a_prompt_that_waited_is_followed_where_nobody_scrolled(opened: Any) -> None:
    async with opened(60, 20) as (app, _):
        view: Transcript = app.transcript
        for turn in ("t1", "t2"):
            view.add_prompt(turn, f"where is {turn}?", waited=True)
            view.append_text(turn, LONG)
            view.finish_turn(turn, "answered", "", None, usage(), 1.0)
            assert not view.following, "shown from its beginning"
        view.update_now()
        assert next(row for row in app.rows() if row) == "▌ where is t2?"


async def test_who_reads_while_an_earlier_conversation_comes_back_is_left_there(opened: Any) -> None:
    async with opened(60, 20) as (app, pilot):
        view: Transcript = app.transcript
        for number in range(20):
            view.moment = float(number)
            view.add_prompt(f"t{number}", f"question {number}\n" * 5)
        view.moment = None
        view.update_now()
        assert view.following
        await pilot.press("home")
        before = app.rows()[:19]
        view.moment = 20.0
        view.add_prompt("t20", "question 20")
        view.moment = None
        view.update_now()
        assert not view.following and app.rows()[:19] == before


@pytest.mark.parametrize("kind", ["code", "words"])
async def test_what_is_read_in_a_long_block_stays_at_the_top_of_another_width(opened: Any, kind: str) -> None:
    async with opened(80, 20) as (app, pilot):
        view: Transcript = app.transcript
        view.add_prompt("t1", "where is it?")
        if kind == "code":
            rows = [f"value_{n} = compute(one, two, three, four, five, six)\n\n" for n in range(100)]
            view.append_text("t1", "```python\n" + "".join(rows) + "```\n")
        else:
            view.append_text("t1", " ".join(f"value_{n} is one of very many values," for n in range(120)))
        view.append_text("t1", LONG)
        view.update_now()
        row = next(row for row, line in enumerate(view.page.lines(1)) if "value_60 " in line.text)
        view.scroll_to_row(view.page.start(1) + row)
        for width in (30, 26, 120, 80):
            await pilot.resize_terminal(width, 20)
            assert any("value_60" in text for text in app.rows()[:2]), width
        assert "value_60 " in app.rows()[0]


async def test_a_short_answer_that_came_at_once_is_followed(opened: Any) -> None:
    async with opened(60, 20) as (app, _):
        view: Transcript = app.transcript
        view.add_prompt("t1", "where is it?")
        view.append_text("t1", "Nowhere.")
        view.finish_turn("t1", "answered", "", None, usage(), 1.0)
        view.update_now()
        assert view.following and not view.new_below
        assert next(row for row in app.rows() if row) == "▌ where is it?"


async def test_somebody_who_reads_elsewhere_is_left_there(opened: Any) -> None:
    async with opened(60, 20) as (app, _):
        view: Transcript = app.transcript
        view.add_prompt("t1", "where is it?")
        view.append_text("t1", LONG)
        view.update_now()
        view.scroll_to_row(12)
        before = app.rows()[:10]
        view.finish_turn("t1", "answered", "", None, usage(), 1.0)
        view.update_now()
        assert app.rows()[:10] == before


async def test_stopping_it_is_no_error(opened: Any) -> None:
    async with opened() as (app, _):
        view: Transcript = app.transcript
        view.append_text("t1", "half")
        cancelled = ErrorInfo("interrupted", "It was cancelled")
        view.finish_turn("t1", "stopped", "It was cancelled", cancelled, usage(), 1.0)
        view.update_now()
        assert [row for row in app.rows() if row] == ["half", "■ stopped · 1.0 s"]


async def test_reasoning_is_folded_counted_and_unfolds(opened: Any) -> None:
    async with opened() as (app, pilot):
        view: Transcript = app.transcript
        view.append_reasoning("t1", "because " * 10)
        app.now = 4.0
        view.update_now()
        assert app.rows()[0] == "▸ thinking for 4.0 s, about 20 tokens"
        app.now = 12.0
        view.append_text("t1", "Yes.")
        view.finish_turn("t1", "answered", "", None, usage(completion_tokens=41, reasoning_tokens=340), 13.0)
        view.update_now()
        assert app.rows()[0] == "▸ thought for 12 s, 340 tokens"
        await pilot.press("t")
        assert app.rows()[1].startswith("  │ because because")
        await pilot.press("t")
        assert app.rows()[1] == ""


async def test_estimated_reasoning_stays_about(opened: Any) -> None:
    async with opened() as (app, _):
        view: Transcript = app.transcript
        view.append_reasoning("t1", "because " * 10)
        view.finish_turn("t1", "stopped", "", None, usage(reasoning_tokens=22, estimated=True), 13.0)
        view.update_now()
        assert app.rows()[0].endswith(", about 20 tokens")


async def test_tool_output_is_bounded_and_shows_more(opened: Any) -> None:
    async with opened(60, 40) as (app, _):
        view: Transcript = app.transcript
        view.start_tool("t1", "c1", "ls")
        view.finish_tool("c1", "300 files", "\n".join(f"file{n}" for n in range(300)), None, 0.5)
        view.toggle_unit(0)
        assert app.rows()[12:14] == ["  │ file11", "  │ … 288 more lines"]
        view.page.units[0].more()  # type: ignore[attr-defined]
        view.refold(0)
        assert len(view.page.lines(0)) == 1 + 212 + 1


async def test_the_output_of_a_typed_command_shows_at_once(opened: Any) -> None:
    async with opened(60, 80) as (app, pilot):
        view: Transcript = app.transcript
        view.start_tool("t1", "c1", "ls", typed=True)
        view.update_now()
        assert app.rows()[:2] == ["▾ ● ls  0.0 s", ""], "nothing is said of output that may come"
        view.finish_tool("c1", "300 files", "\n".join(f"file{n}" for n in range(300)), None, 0.5)
        view.finish_turn("t1", "answered", "300 files", None, usage(), 0.5)
        view.update_now()
        assert app.rows()[60:64] == ["  │ file59", "  │ … 240 more lines", "", "✓ answered · 0.5 s"]
        await pilot.press("m")
        assert len(view.page.lines(0)) == 1 + 260 + 1
        await pilot.press("m")
        assert view.page.lines(0)[-1].text == "  │ file299", "no mouse is needed to see all of it"


@pytest.mark.parametrize("by", ["m", "click"])
async def test_more_goes_on_where_it_was_read(opened: Any, by: str) -> None:
    async with opened(60, 20) as (app, pilot):
        view: Transcript = app.transcript
        view.start_tool("t1", "c1", "ls", typed=True)
        view.finish_tool("c1", "900 files", "\n".join(f"file{n}" for n in range(900)), None, 0.5)
        view.finish_turn("t1", "answered", "900 files", None, usage(), 0.5)
        view.update_now()
        await pilot.pause()
        more = app.rows().index("  │ … 840 more lines")
        if by == "m":
            await pilot.press("m")
        else:
            await pilot.click(Transcript, offset=(6, more))
        await pilot.pause()
        assert app.rows()[more - 1 : more + 2] == ["  │ file59", "  │ file60", "  │ file61"]


async def test_a_running_tool_shows_its_last_output_and_time(opened: Any) -> None:
    async with opened() as (app, _):
        view: Transcript = app.transcript
        view.start_tool("t1", "c1", "run_tests")
        view.toggle_unit(0)
        view.tool_output("c1", "".join(f"line {n}\n" for n in range(20)))
        app.now = 3.0
        view.update_now()
        assert app.rows()[:2] == ["▾ ● run_tests  3.0 s", "  │ … 8 earlier lines"]
        assert app.rows()[13] == "  │ line 19"
        view.finish_turn("t1", "stopped", "cancelled", None, usage(), 3.0)
        view.update_now()
        assert app.rows()[0] == "▾ ✗ run_tests  3.0 s"
        assert view.wants_update_in() is None


async def test_text_between_tools_keeps_its_order(opened: Any) -> None:
    async with opened() as (app, _):
        view: Transcript = app.transcript
        view.append_text("t1", "First look")
        view.start_tool("t1", "c1", "ls")
        view.start_tool("t1", "c2", "tree")
        view.finish_tool("c2", "2", "b", None, 0.2)
        view.finish_tool("c1", "1", "a", None, 0.3)
        view.finish_tool("unknown", "1", "a", None, 0.3)
        view.append_text("t1", "then this")
        view.update_now()
        assert app.rows()[:6] == [
            "First look",
            "",
            "▸ ✓ ls  1 · 0.3 s",
            "▸ ✓ tree  2 · 0.2 s",
            "",
            "then this",
        ]


async def test_a_notice_waits_for_the_end_of_a_stream(opened: Any) -> None:
    async with opened() as (app, _):
        view: Transcript = app.transcript
        view.append_text("t1", "half ")
        view.add_notice("warning", "broker lost", "local logs are used")
        view.append_text("t1", "way")
        view.finish_turn("t1", "answered", "", None, usage(), 1.0)
        view.update_now()
        assert app.rows()[:4] == ["half way", "", "▲ broker lost", "  → local logs are used"]


async def test_reading_above_stays_put_while_text_comes(opened: Any) -> None:
    async with opened() as (app, pilot):
        view: Transcript = app.transcript
        view.append_text("t1", LONG)
        view.update_now()
        assert app.rows()[-1] == "Paragraph 59 of the answer."
        await pilot.press("pageup")
        above = app.rows()
        assert not view.following
        assert not view.new_below
        view.append_text("t1", "\n\nAnd something new.")
        view.update_now()
        assert app.rows()[:-1] == above[:-1]
        assert view.new_below
        assert app.rows()[-1].endswith("↓ new below · End")
        await pilot.press("end")
        assert app.rows()[-1] == "And something new."
        assert view.following
        assert not view.new_below
        view.append_text("t1", "\n\nMore.")
        view.update_now()
        assert app.rows()[-1] == "More."


async def test_scrolling_back_to_the_end_follows_again(opened: Any) -> None:
    async with opened() as (app, pilot):
        view: Transcript = app.transcript
        view.append_text("t1", LONG)
        view.update_now()
        await pilot.press("up", "up")
        assert not view.following
        await pilot.press("down", "down")
        assert view.following


async def test_a_new_prompt_jumps_to_the_end(opened: Any) -> None:
    async with opened() as (app, pilot):
        view: Transcript = app.transcript
        view.append_text("t1", LONG)
        view.update_now()
        await pilot.press("home")
        assert app.rows()[0] == "Paragraph 0 of the answer."
        view.add_prompt("t2", "next")
        assert app.rows()[-1] == "▌ next"


async def test_a_resize_keeps_the_place_and_settles_the_rest_in_slices(opened: Any) -> None:
    async with opened(60, 20) as (app, pilot):
        view: Transcript = app.transcript
        text = "\n\n".join(f"Paragraph {n}: " + "some words that have to wrap " * 4 for n in range(300))
        view.append_text("t1", text)
        view.finish_turn("t1", "answered", "", None, usage(), 1.0)
        view.update_now()
        target = next(i for i, unit in enumerate(view.page.units) if unit.source.startswith("Paragraph 150:"))
        view.scroll_to_row(view.page.start(target) + 1)
        assert app.rows()[0].startswith("Paragraph 150:")
        view.page.settle = lambda *_: None  # type: ignore[method-assign]
        await pilot.resize_terminal(40, 20)
        await pilot.pause()
        assert view.page.stale > 200
        assert app.rows()[0].startswith("Paragraph 150:")
        assert all(len(row) <= 38 for row in app.rows())
        del view.page.settle  # type: ignore[attr-defined]
        while view.page.stale:
            view.update_now()
            assert app.rows()[0].startswith("Paragraph 150:")
        rows = [line for index in range(len(view.page)) for line in view.page.lines(index)]
        assert len(rows) == view.page.total == view.virtual_size.height


async def test_a_long_answer_that_comes_at_once_is_rendered_in_slices(opened: Any) -> None:
    async with opened() as (app, _):
        view: Transcript = app.transcript
        view.page.settle = lambda *_: None  # type: ignore[method-assign]
        view.append_text("t1", "\n\n".join(f"Paragraph {n}." for n in range(500)))
        view.finish_turn("t1", "answered", "", None, usage(), 1.0)
        view.update_now()
        assert view.page.stale > 400
        assert app.rows()[-3:] == ["Paragraph 499.", "", "✓ answered · 1.0 s"]
        del view.page.settle  # type: ignore[attr-defined]
        while view.page.stale:
            view.update_now()
        assert view.page.total == 1001
        view.scroll_to_row(0)
        assert app.rows()[0] == "Paragraph 0."


async def test_rows_far_away_are_forgotten_and_come_back(opened: Any) -> None:
    async with opened() as (app, _):
        view: Transcript = app.transcript
        for turn in range(4):
            view.append_text(f"t{turn}", "\n\n".join(f"Turn {turn} row {n}" for n in range(1600)))
            view.finish_turn(f"t{turn}", "answered", "", None, usage(), 1.0)
            view.update_now()
        kept = sum(len(unit.cached or ()) for unit in view.page.units)
        assert view.page.total > 12_000
        assert kept <= 8_000
        view.scroll_to_row(0)
        assert app.rows()[0] == "Turn 0 row 0"


async def test_nothing_runs_when_nothing_changes(opened: Any) -> None:
    async with opened() as (app, pilot):
        view: Transcript = app.transcript
        view.append_text("t1", "Some text.")
        view.finish_turn("t1", "answered", "", None, usage(), 1.0)
        await pilot.pause(1.5)
        assert view._pending is None
        assert not view._bar_late


async def test_only_rows_that_differ_are_painted(opened: Any) -> None:
    async with opened() as (app, pilot):
        view: Transcript = app.transcript
        view.append_text("t1", "One.\n\nTwo.\n\nThree")
        view.update_now()
        await pilot.pause()
        view._exchange_repaint_regions()
        view.append_text("t1", " more")
        view.update_now()
        regions = view._exchange_repaint_regions()
        assert [(region.y, region.width) for region in regions] == [(4, len("Three more"))]


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "ansi-dark", "ansi-light", "nord"])
async def test_every_theme_draws(opened: Any, theme: str) -> None:
    async with opened() as (app, pilot):
        app.theme = theme
        app.transcript.append_text("t1", "# A\n\n**b** `c`\n\n```python\nif x: pass\n```\n\n> q")
        app.transcript.add_notice("error", "bad", "hint")
        await pilot.pause()
        app.transcript.update_now()
        assert app.rows()[0] == "A"
        styles = {segment.style for y in range(12) for segment in app.transcript.render_line(y)}
        assert len(styles) > 6
        assert all(style.color and style.bgcolor for style in styles)


async def test_clear_empties_and_starts_again(opened: Any) -> None:
    async with opened() as (app, _):
        view: Transcript = app.transcript
        view.append_text("t1", LONG)
        view.update_now()
        view.clear()
        assert set(app.rows()) == {""}
        view.append_text("t2", "again")
        view.update_now()
        assert app.rows()[0] == "again"


async def test_it_works_before_it_is_mounted() -> None:
    view = Transcript()
    view.add_prompt("t", "x")
    view.append_text("t", "y")
    view.finish_turn("t", "answered", "", None, usage(), 0.1)
    assert len(view.page) == 3


async def test_a_long_prompt_and_long_rows_are_shown_in_part(opened: Any) -> None:
    async with opened(60, 20) as (app, pilot):
        view: Transcript = app.transcript
        view.add_prompt("t1", "word " * 2_000)
        assert app.rows()[-1] == "▌ … 6,000 more characters"
        await pilot.press("k", "enter")
        assert len(view.page.lines(0)) > 150
        view.start_tool("t1", "c1", "cat")
        view.finish_tool("c1", "", "x" * 1_000_000, None, 0.1)
        view.toggle_unit(1)
        assert len(view.page.lines(1)) < 50
        assert "998,000" in "".join(line.text[line.lead :] for line in view.page.lines(1))


async def test_what_our_commands_say_breaks_at_words_and_code_anywhere(opened: Any) -> None:
    async with opened(40, 20) as (app, _):
        view: Transcript = app.transcript
        for call, command in (("c1", "help rl"), ("c2", "!cat x")):
            view.start_tool("t1", call, command)
            view.finish_tool(call, "", "a line of words that is wider than there are columns", None, 0.1)
        view.toggle_unit(0)
        view.toggle_unit(1)
        said, code = ([line.text[line.lead :] for line in view.page.lines(number)][1:] for number in (0, 1))
        assert all(row.strip() in "a line of words that is wider than there are columns" for row in said)
        assert [row.split()[-1] for row in said] == ["wider", "columns"] and len(code[0]) > len(said[0])


async def test_a_pasted_prompt_of_many_lines_leaves_room_for_the_answer(opened: Any) -> None:
    async with opened(60, 40) as (app, pilot):
        view: Transcript = app.transcript
        view.add_prompt("t1", "\n".join(f"line {n}" for n in range(200)))
        assert app.rows()[19:22] == ["▌ line 19", "▌ … 180 more lines", ""]
        await pilot.press("k", "enter")
        assert len(view.page.lines(0)) == 200


async def test_one_token_is_one(opened: Any) -> None:
    async with opened() as (app, _):
        app.transcript.append_reasoning("t1", "Hm.")
        app.transcript.update_now()
        assert app.rows()[0] == "▸ thinking for 0.0 s, about 1 token"


def test_importing_it_loads_neither_markdown_nor_pygments() -> None:
    code = (
        "import sys; from tui.widgets.transcript import Transcript; t = Transcript();"
        "t.show_welcome('# Hi\\n- `a`'); t.add_prompt('t', 'x'); t.start_tool('t', 'c', 'ls');"
        "print([m for m in ('markdown_it', 'pygments', 'rich.markdown', 'rich.syntax') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
