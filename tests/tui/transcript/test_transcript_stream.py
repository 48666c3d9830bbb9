from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.widgets.transcript import highlight
from tui.widgets.transcript.layout import Layout
from tui.widgets.transcript.lines import Line
from tui.widgets.transcript.stream import AnswerStream

SAMPLE = """# Title

Intro with **bold** and `code`, see src/a.py:12.
- one
- two
  - three

```python
def f(x):
    \"\"\"Doc.\"\"\"
    return x
```

| a | b |
|---|--:|
| 1 | 2 |

> quote

1. first

2. second
"""
NESTED = """1. first

   ```python
   def g():
       return 'x'  # c

   z = 1
   ```

   and

   ~~~js
   let a = 1
   ~~~

2. second
   - deeper

     ```
     plain
     ```
"""
CODE = "Look:\n```python\n" + "def g():\n    return 'x' * 3  # c\n\n" * 60 + "```\nend\n"


def page_of(chunks: list[str], *, flush_each: bool = True, width: int = 60) -> list[Line]:
    layout = Layout()
    layout.set_width(width)
    stream = AnswerStream(layout, turn_id="t")
    for chunk in chunks:
        stream.feed(chunk)
        if flush_each:
            stream.flush()
    stream.finish()
    rows = [line for index in range(len(layout)) for line in layout.lines(index)]
    assert len(rows) == layout.total
    return rows


def chunks_of(text: str, rng: random.Random) -> list[str]:
    out: list[str] = []
    while text:
        size = rng.randint(1, 12)
        out.append(text[:size])
        text = text[size:]
    return out


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("text", [SAMPLE, CODE, NESTED], ids=["sample", "long code", "nested code"])
def test_streaming_in_random_chunks_equals_rendering_at_once(text: str, seed: int) -> None:
    assert page_of(chunks_of(text, random.Random(seed))) == page_of([text])


PARTS = [
    "a",
    " b",
    "\n",
    "\n\n",
    "- ",
    "1. ",
    "```py\n",
    "```\n",
    "# ",
    "> ",
    "| a | b |\n|---|---|\n",
    "    ",
    "**",
    "`",
    "\x1b[31m",
    "日本",
]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=40))
def test_any_text_streams_to_what_it_is_at_once(parts: list[str]) -> None:
    assert page_of(parts) == page_of(["".join(parts)])
    assert page_of(parts, flush_each=False) == page_of(["".join(parts)])


def test_an_escape_cut_in_two_by_the_stream_is_still_removed() -> None:
    rows = page_of(["red \x1b[3", "1mtext\x1b]8;;http", "://x\x07 end"])
    assert [row.text for row in rows] == ["red text end"]


def test_finished_pieces_are_not_made_again() -> None:
    layout = Layout()
    stream = AnswerStream(layout, turn_id="t")
    stream.feed("One.\n\nTwo.\n\nThr")
    stream.flush()
    before = list(layout.units)
    stream.feed("ee")
    stream.flush()
    assert layout.units[:2] == before[:2]
    assert layout.units[2] is before[2]
    assert [row.text for row in layout.lines(2)] == ["", "Three"]


def test_an_open_end_that_turns_into_something_else_is_replaced() -> None:
    layout = Layout()
    stream = AnswerStream(layout, turn_id="t")
    stream.feed("a\n- b")
    stream.flush()
    assert len(layout) == 2
    stream.feed("ut not\n")
    stream.finish()
    assert [row.text for index in range(len(layout)) for row in layout.lines(index)] == ["a", "  • but not"]


@pytest.mark.parametrize(
    ("before", "indent", "lines"),
    [("", "", 3_500), ("1. Do this:\n\n", "   ", 600)],
    ids=["top", "in an item"],
)
def test_of_a_long_block_of_code_only_what_is_new_is_coloured(
    before: str, indent: str, lines: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it is, and on however many rows: each update costs about the same."""
    coloured: list[int] = []
    lex = highlight._lex  # pyright: ignore[reportPrivateUsage]

    def counting(lexer: Any, rows: list[str], *, ended: bool) -> Any:
        coloured.append(len(rows))
        return lex(lexer, rows, ended=ended)

    monkeypatch.setattr(highlight, "_lex", counting)
    layout = Layout()
    layout.set_width(20)
    stream = AnswerStream(layout, turn_id="t")
    stream.feed(f"{before}{indent}```python\n")
    steps = 10
    for _ in range(steps):
        stream.feed(f"{indent}value = compute(one, 2)\n" * (lines // steps))
        stream.flush()
        layout.trim(len(layout) - 1)
    assert layout.total > lines
    assert sum(coloured) < lines + steps * 100
