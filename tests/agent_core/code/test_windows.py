"""Cutting where no structure tells."""

from __future__ import annotations

from agent_core.code.lines import Lines
from agent_core.code.windows import parts, windows
from tests.agent_core.code.shown import chunks, statements


def test_windows_are_cut_where_a_block_begins() -> None:
    block = "job{n}:\n  image: a\n  script:\n" + "    - run it\n" * 16 + "\n"
    text = "".join(block.format(n=n) for n in range(9))
    assert chunks("ci.yml", text) == ["1-59 window", "61-119 window", "121-179 window"]


def test_a_blank_line_is_the_better_place() -> None:
    text = statements(50, "line {n}") + "\n" + statements(50, "line {n}")
    lines = Lines(text)
    assert list(windows(lines, 0, len(lines) - 1)) == [(0, 49), (51, 100)]


def test_windows_are_about_even() -> None:
    lines = Lines(statements(130, "line {n}"))
    sizes = [last - first + 1 for first, last in windows(lines, 0, len(lines) - 1)]
    assert sum(sizes) == 130
    assert max(sizes) <= 60
    assert min(sizes) >= 30


def test_parts_of_a_line_are_the_line() -> None:
    line = "word, " * 2000
    cut = list(parts(line))
    assert "".join(cut) == line
    assert max(map(len, cut)) <= 2500
    assert all(part.endswith((" ", ",")) for part in cut)
    assert list(parts("x" * 5000)) == ["x" * 2000, "x" * 2000, "x" * 1000]
