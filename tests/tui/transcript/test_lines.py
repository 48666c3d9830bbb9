from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.widgets.transcript.lines import Line, breaks, cut, merge, plain, wrap


def texts(lines: list[Line]) -> list[str]:
    return [line.text for line in lines]


def test_words_wrap_and_spaces_at_breaks_go() -> None:
    lines = wrap([("the worker reads a ", "", None), ("record", "strong", None)], 10)
    assert texts(lines) == ["the worker", "reads a", "record"]
    assert [line.join for line in lines] == ["\n", " ", " "]
    assert lines[2].runs == (("record", "strong", None),)


def test_a_word_longer_than_the_row_is_chopped_and_joins_without_a_space() -> None:
    lines = wrap([("abcdefghijkl mn", "", None)], 5)
    assert texts(lines) == ["abcde", "fghij", "kl mn"]
    assert [line.join for line in lines] == ["\n", "", ""]


def test_wide_characters_never_straddle_the_edge() -> None:
    lines = wrap([("日本語のテキスト", "", None)], 5)
    assert texts(lines) == ["日本", "語の", "テキ", "スト"]


def test_an_emoji_family_and_combining_marks_stay_whole() -> None:
    family, accent = "\U0001f468\u200d\U0001f469\u200d\U0001f467", "e\u0301"
    assert texts(wrap([(family * 3, "", None)], 4)) == [family * 2, family]
    assert texts(wrap([(accent * 6, "", None)], 4)) == [accent * 4, accent * 2]


def test_prefixes_and_decoration_are_counted() -> None:
    lines = wrap([("one two three", "", None)], 9, first=[("• ", "bullet", None)], rest=[("  ", "", None)])
    assert texts(lines) == ["• one two", "  three"]
    assert [line.lead for line in lines] == [2, 2]


def test_a_prefix_wider_than_half_the_row_gives_way() -> None:
    deep = [("> " * 20, "", None)]
    lines = wrap([("hello world", "", None)], 12, first=deep, rest=deep)
    assert all(line.cells <= 12 for line in lines)
    assert "".join(line.text[line.lead :] for line in lines).replace(" ", "") == "helloworld"


def test_hard_breaks_and_empty_rows_stay() -> None:
    assert texts(wrap([("a\n\nb", "", None)], 10)) == ["a", "", "b"]


def test_cut_and_merge_keep_text_and_style() -> None:
    runs = [("ab", "x", None), ("cd", "x", None), ("ef", "y", None)]
    assert merge(runs) == [("abcd", "x", None), ("ef", "y", None)]
    assert cut(runs, 1, 5) == (("b", "x", None), ("cd", "x", None), ("e", "y", None))


@given(st.text(alphabet="ab 日\U0001f600e\u0301\u200d-", max_size=120), st.integers(2, 30))
def test_rows_fit_and_nothing_but_spaces_is_lost(text: str, width: int) -> None:
    rows = breaks(text, width)
    pieces = [text[start:end] for start, end in rows]
    assert all(cell_len(piece.rstrip(" ")) <= width for piece in pieces)
    assert "".join(pieces).replace(" ", "") == text.replace(" ", "")


@given(st.lists(st.tuples(st.text(alphabet="ab \n", max_size=9), st.sampled_from("xyz"))), st.integers(1, 20))
def test_wrapping_keeps_every_character(parts: list[tuple[str, str]], width: int) -> None:
    runs = [(text, style, None) for text, style in parts]
    kept = "".join(line.text for line in wrap(runs, width))
    assert kept.replace(" ", "") == plain(runs).replace(" ", "").replace("\n", "")
