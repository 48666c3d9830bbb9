"""Lines of several containers: how many are kept, and where the window stays."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from textual.app import App, ComposeResult

from agent_core.logs.pattern import pattern_of
from tui.widgets.streamlines import MOST, StreamLines


class Page(App[None]):
    """Only the lines."""

    def compose(self) -> ComposeResult:
        yield StreamLines(empty="nothing yet")


def shown(lines: StreamLines) -> list[str]:
    return [text for row in lines.rows if (text := row.line.text.strip())]


async def test_the_last_lines_are_kept_and_the_window_stays() -> None:
    async with Page().run_test(size=(80, 10)) as pilot:
        lines = pilot.app.query_one(StreamLines)
        assert shown(lines) == ["nothing yet"]
        lines.add([("a-1", f"line {number}") for number in range(MOST)])
        assert shown(lines)[-1].endswith(f"line {MOST - 1}") and lines.follows
        lines.action_move(-5)
        before = shown(lines)
        assert not lines.follows and lines.below == 5
        lines.add([("a-1", f"more {number}") for number in range(3000)])
        assert lines.full and lines.count == MOST + 3000 and shown(lines) == before
        lines.add([("a-1", f"again {number}") for number in range(MOST)])
        assert lines.count <= MOST + 1000 and shown(lines)[0].endswith(lines.kept[0].text)
        lines.action_edge(1)
        assert lines.follows and not lines.full and shown(lines)[-1].endswith(f"again {MOST - 1}")
        lines.action_edge(-1)
        assert shown(lines)[0].endswith(lines.kept[0].text)


async def test_a_filter_goes_with_what_comes_and_goes() -> None:
    async with Page().run_test(size=(80, 10)) as pilot:
        lines = pilot.app.query_one(StreamLines)
        lines.add([("a-1", f"{'odd' if number % 2 else 'even'} {number}") for number in range(100)])
        lines.filter(pattern_of("odd"))
        assert lines.matching == 50 and shown(lines)[-1].endswith("odd 99")
        lines.add([("b-1", "odd one"), ("b-1", "another")])
        assert lines.matching == 51 and shown(lines)[-1] == "b-1 │ odd one"
        lines.add([("b-1", "none")] * (2 * MOST))
        assert lines.matching == 0
        lines.filter(None)
        assert lines.matching == lines.count


TEXT = st.text(alphabet=st.sampled_from("ab [/]\x1b\t\n\u202e漢é"), max_size=200)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(("a-1", "漢-2", "")), TEXT), max_size=30), st.integers(8, 120))
async def test_whatever_is_said_fits_and_is_literal(said: list[tuple[str, str]], width: int) -> None:
    async with Page().run_test(size=(width, 8)) as pilot:
        lines = pilot.app.query_one(StreamLines)
        lines.add(said)
        lines.toggle_wrap()
        lines.toggle_wrap()
        for row in lines.rows:
            assert row.line.cells <= width
            assert not set("\x1b\u202e\t\n") & set(row.line.text)
