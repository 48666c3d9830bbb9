from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.text import (
    cells,
    encodable,
    human_duration,
    human_size,
    one_line,
    pictured,
    plural,
    printable,
    shorten,
    shorten_middle,
)

FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b\ud800-\udfff]")


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("plain\ttext\n", "plain\ttext\n"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]52;c;aGk=\x07", ""),
        ("\x1bP1;2|payload\x1b\\x", "x"),
        ("\x9b31mred", "red"),
        ("\x1bcreset", "reset"),
        ("\x1b(0lqk", "lqk"),
        ("never ends \x1b]0;title", "never ends ␛]0;title"),
        ("a\0b\x7fc\x08", "a␀b␡c␈"),
        ("dos\r\nline\rover", "dos\nline␍over"),
        ("user\u202enimda", "user⟨U+202E⟩nimda"),
        ("tag\U000e0041", "tag⟨U+E0041⟩"),
        ("bytes \udcff", "bytes �"),
        ("line\u2028sep", "line⟨U+2028⟩sep"),
        ("family 👨\u200d👩\u200d👧 ✔️", "family 👨\u200d👩\u200d👧 ✔️"),
    ],
)
def test_hostile_text_becomes_literal(hostile: str, shown: str) -> None:
    assert printable(hostile) == shown


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("\x1b[]();\x07\\\x9b\x9dPm0\r"))))
def test_nothing_that_draws_gets_through(text: str) -> None:
    shown = printable(text)
    assert not FORBIDDEN.search(shown)
    assert printable(shown) == shown


def test_a_megabyte_of_unfinished_escapes_is_no_trap() -> None:
    assert len(printable("\x1b]" * 500_000)) == 1_000_000
    assert printable("\x1b[" + "1;" * 100_000).startswith("␛[")


def test_for_programs_only_what_is_no_text_is_replaced() -> None:
    assert encodable("a\n\x1b\u202eü\udcff?") == "a\n\x1b\u202eü�?"


def test_one_line() -> None:
    assert one_line("a\n\tb\r\n  c\x1b[1m") == "a b c"


@given(st.text(max_size=60), st.integers(min_value=0, max_value=40))
def test_shortened_text_fits(text: str, width: int) -> None:
    text = one_line(text)
    assert cells(shorten(text, width)) <= width or not text
    assert cells(shorten_middle(text, width)) <= width or not text


def test_a_shortened_path_keeps_its_name() -> None:
    assert shorten_middle("src/package/module/file.py", 16).endswith("/file.py")
    assert shorten_middle("short.py", 16) == "short.py"
    assert "…" in shorten_middle("a" * 100, 9)


def test_wide_characters_take_two_cells() -> None:
    assert cells("日本") == 4
    assert cells("e\u0301") == 1
    assert shorten("日本語", 5) == "日本…"


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KB"),
        (1536, "1.5 KB"),
        (20 * 1024**2, "20 MB"),
        (1024**2 - 1, "1.0 MB"),
    ],
)
def test_sizes(size: int, shown: str) -> None:
    assert human_size(size) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.31, "0.3 s"),
        (9.99, "10 s"),
        (59.7, "1 min"),
        (185, "3 min 5 s"),
        (3605, "1 h"),
        (7385, "2 h 3 min"),
    ],
)
def test_durations(seconds: float, shown: str) -> None:
    assert human_duration(seconds) == shown


def test_plurals() -> None:
    assert plural(1, "match", "matches") == "1 match"
    assert plural(2000, "match", "matches") == "2,000 matches"
    assert plural(0, "file") == "0 files"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("plain\ttext\n", "plain\ttext\n"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("esc\x1b[31mred\x7f\x9b", "esc␛[31mred␡�"),
        ("odd-\udcff.py", "odd-�.py"),
        ("שלום \u200fx 👨‍👩‍👧", "שלום \u200fx 👨‍👩‍👧"),
    ],
)
def test_text_that_is_edited_keeps_everything_but_control_characters(typed: str, kept: str) -> None:
    assert pictured(typed) == kept
