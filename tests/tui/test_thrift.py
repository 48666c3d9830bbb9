"""Fewer bytes, and the same picture."""

from __future__ import annotations

import io

import pyte
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.style import Style
from rich.text import Text

from tui.thrift import Thrift

_CODES = (
    *("0", "", "1", "2", "3", "4", "7", "9", "39", "49", "31", "97", "44", "103", "1;31;44", "0;1"),
    *("38;5;12", "48;5;200", "38;2;1;2;3", "48;2;9;8;7", "1;38;2;1;2;3;48;2;9;8;7"),
    *("22", "38", "38;7;1", "58;2;1;1;1", "38;2;1;2"),
)
_PIECES = st.one_of(
    st.sampled_from(_CODES).map(lambda codes: f"\x1b[{codes}m"),
    st.sampled_from(("\x1b[2;3H", "\x1b[H", "\x1b[4;1H")),
    st.sampled_from(("a", "some text", "日本", "  ", "\r\n")),
    st.sampled_from(("\x1b[?2026h", "\x1b[?2026l", "\x1b[K", "\x1b[?25l")),
)


def picture(*texts: str) -> list[list[object]]:
    screen = pyte.Screen(20, 5)
    stream = pyte.Stream(screen)
    for text in texts:
        stream.feed(text)
    return [[screen.buffer[y][x] for x in range(20)] for y in range(5)]


@given(st.lists(_PIECES, max_size=20), st.lists(_PIECES, max_size=20))
def test_a_terminal_shows_the_same(first: list[str], second: list[str]) -> None:
    thrift = Thrift()
    texts = [f"{''.join(pieces)}\x1b[0m" for pieces in (first, second)]
    assert picture(*map(thrift, texts)) == picture(*texts)


def test_what_is_drawn_takes_fewer_bytes() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, color_system="truecolor", width=80)
    style, code = Style.parse("#d5dbe8 on #14171f"), Style.parse("bold #cbb3ff on #14171f")
    for _ in range(20):
        console.print(Text.assemble(("a word and ", style), ("code", code), (" and more", style)), end="")
    whole = out.getvalue()
    short = Thrift()(whole)
    assert picture(short) == picture(whole)
    assert len(short) < 0.7 * len(whole)


def test_each_text_ends_with_the_colours_of_the_terminal() -> None:
    """Another program may write between two: an editor, or a shell."""
    assert Thrift()("\x1b[31mred") == "\x1b[31mred\x1b[0m"
    assert Thrift()("no codes at all") == "no codes at all"


def test_what_is_not_known_is_left_as_it_is() -> None:
    assert Thrift()("\x1b[31ma\x1b[4:3mb\x1b[0mc") == "\x1b[31ma\x1b[4:3mb\x1b[0mc"
    assert Thrift()("a\x1b[4:3mb\x1b[0mc") == "a\x1b[4:3mb\x1b[0mc"
    assert Thrift()("\x1b[31ma\x1b[53mb\x1b[0mc") == "\x1b[31ma\x1b[53mb\x1b[0mc"
