from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.widgets.transcript.splitter import Piece, Splitter, split

SAMPLE = """# Title
Para one
still one

1. first
2. second
   - nested

   more
3. third

Text:
- a
- b
```python
def f():

    return 1
```
after
| a | b |
|---|---|
| 1 | 2 |

> quote
> more

---
end"""


def sources(text: str) -> list[str]:
    return [piece.source for piece in split(text)]


def test_blocks_become_pieces() -> None:
    assert sources(SAMPLE) == [
        "# Title",
        "Para one\nstill one",
        "1. first",
        "2. second\n   - nested\n\n   more",
        "3. third",
        "Text:",
        "- a",
        "- b",
        "```python\ndef f():\n\n    return 1\n```",
        "after\n| a | b |\n|---|---|\n| 1 | 2 |",
        "> quote\n> more",
        "---\nend",
    ]


def test_items_of_one_list_stand_close_and_blocks_apart() -> None:
    gaps = [piece.gap for piece in split("Text:\n- a\n- b\n\n- c\n\nend")]
    assert gaps == [True, False, False, True, True]


def test_a_fence_keeps_blank_lines_and_what_looks_like_blocks() -> None:
    text = "~~~\n# no heading\n\n- no item\n```\n\n~~~"
    assert sources(text) == [text]


def test_a_longer_fence_holds_a_shorter_one() -> None:
    text = "````md\n```py\nx\n```\n````"
    assert sources(text + "\n\nend") == [text, "end"]


def test_a_fence_within_an_item_ends_with_it() -> None:
    assert sources("- a\n  ```\n  code\n\n  more\n  ```\n- b") == [
        "- a\n  ```\n  code\n\n  more\n  ```",
        "- b",
    ]
    assert sources("- a\n  ```\n  code\n- b") == ["- a\n  ```\n  code", "- b"]


def test_inline_code_of_three_ticks_is_no_fence() -> None:
    assert sources("```x``` is code\n\nend") == ["```x``` is code", "end"]


def test_an_ordered_list_interrupts_a_paragraph_only_from_one() -> None:
    assert sources("in the year\n1986. That was\n1. yes") == ["in the year\n1986. That was", "1. yes"]


def test_text_without_end_is_cut_anyway() -> None:
    pieces = split("word " * 20_000)
    assert max(len(piece.source) for piece in pieces) <= 8_192
    assert " ".join(piece.source.strip() for piece in pieces).split() == ["word"] * 20_000


def test_a_very_long_table_stays_a_table() -> None:
    pieces = split("| a | b |\n|---|---|\n" + "| value | other |\n" * 2_000)
    assert len(pieces) > 3
    assert all(piece.source.startswith("| a | b |\n|---|---|\n| value") for piece in pieces)
    assert [piece.gap for piece in pieces] == [True] + [False] * (len(pieces) - 1)


def chunked(text: str, cuts: list[int]) -> list[Piece]:
    splitter = Splitter()
    out: list[Piece] = []
    places = [0, *sorted(cuts), len(text)]
    for start, end in pairwise(places):
        out += splitter.feed(text[start:end])
    return out + splitter.finish()


@given(st.data())
def test_any_chunking_gives_the_same_pieces(data: st.DataObject) -> None:
    alphabet = st.sampled_from(
        ["a", " ", "\n", "\n\n", "- ", "1. ", "```", "~~~", "#", "> ", "|", "    ", "\r\n", "*"]
    )
    text = "".join(data.draw(st.lists(alphabet, max_size=60)))
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=8))
    assert chunked(text, cuts) == split(text)


@pytest.mark.parametrize("seed", range(5))
def test_the_sample_in_small_chunks(seed: int) -> None:
    rng = random.Random(seed)
    assert chunked(SAMPLE, [rng.randrange(len(SAMPLE)) for _ in range(40)]) == split(SAMPLE)


@given(st.text(max_size=300))
def test_nothing_is_lost(text: str) -> None:
    kept = "".join(piece.source for piece in split(text))
    assert "".join(kept.split()) == "".join(text.split())
