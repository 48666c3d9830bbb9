"""What is seen of a change: each number says what it says it does, and nothing makes it fall over."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.rl.offline.changes import CHANGE_FEATURES, Changed, change_features

BEFORE = """import math


def total(prices, tax=0):
    # what is bought
    if not prices:
        return None
    return round(sum(prices) * (1 + tax), 2)
"""
KINDS = ("imports", "definitions", "control", "names_new", "names_gone", "attributes", "numbers", "texts",
         "comparisons", "arithmetic", "brackets", "assignments", "blank")  # fmt: skip


def marks(old: str, new: str, *, path: str = "shop/basket.py") -> set[str]:
    found = change_features([Changed(path, BEFORE, BEFORE.replace(old, new))])
    return {name for name in KINDS if found[name]}


@pytest.mark.parametrize(
    ("old", "new", "seen"),
    [
        ("* (1", "+ (1", {"control", "arithmetic"}),
        ("1 + tax", "2 + tax", {"control", "numbers"}),
        ("if not prices", "if prices", {"control", "comparisons"}),
        (", 2)", ")", {"control", "numbers", "brackets"}),
        ("sum(", "smu(", {"control", "names_new", "names_gone"}),
        ("import math\n", "import maths\n", {"imports", "names_new", "names_gone"}),
        ("import math\n", "", {"imports", "names_gone"}),
        ("tax=0", "tax=None", {"definitions", "numbers"}),
        (":\n    # what", "\n    # what", {"definitions", "brackets"}),
        ("    # what is bought\n", "", {"blank"}),
        ("    # what is bought\n", "\n", {"blank"}),
        ("return None", 'return "none"', {"control", "numbers", "texts"}),
        ("return None", "prices.tax = 1", {"control", "numbers", "attributes", "assignments"}),
    ],
)
def test_what_differs_is_seen(old: str, new: str, seen: set[str]) -> None:
    assert marks(old, new) == seen


def test_where_it_is_and_how_much_is_seen() -> None:
    found = change_features(
        [
            Changed("shop/basket.py", BEFORE, BEFORE + "x = 1\n"),
            Changed("tests/test_basket.py", None, "def test():\n    pass\n"),
            Changed("README.md", "old\n", None),
            Changed("same.py", BEFORE, BEFORE),
        ]
    )
    assert (found["code"], found["tests"], found["python"]) == pytest.approx((1 / 3, 1 / 3, 2 / 3))
    assert 0 < found["removed"] < found["added"] < found["files"] < 1


def test_what_changes_nothing_is_nothing() -> None:
    assert not any(change_features([Changed("a.py", BEFORE, BEFORE)]).values())
    assert not any(change_features([]).values())


def test_a_long_file_is_not_compared_word_by_word() -> None:
    long = "x = (\n" * 400_000
    found = change_features([Changed("a.py", long, long + "y\n")])
    assert 0 < found["added"] < 0.2


TYPED = """class Basket:
    limit = 10

    def total(
        self, prices: list[float],  # what is bought:
    ) -> float:

        def rounded(value):
            return round(value)

        return rounded(sum(prices))

    def empty(self):
        return not self.limit
"""


@pytest.mark.parametrize(
    ("path", "old", "new", "typed"),
    [
        ("a.py", "sum(prices)", "sum(self)", 1),
        ("a.py", "round(value)", "round(1)", 0),
        ("a.py", "not self.limit", "self.limit", 0),
        ("a.py", "limit = 10", "limit = 11", 1),
        ("a.py", "def empty(self)", "def empty(self) -> bool", 1),
        ("a.py", "        return not self.limit\n", "", 0),
        ("a.ts", "round(value)", "round(1)", 1),
        ("a.js", "sum(prices)", "sum(self)", 0),
    ],
)
def test_code_whose_types_are_declared_is_seen(path: str, old: str, new: str, typed: float) -> None:
    assert change_features([Changed(path, TYPED, TYPED.replace(old, new))])["typed"] == typed


@pytest.mark.parametrize(
    ("old", "new", "seen"),
    [
        ("return None", "return", {"shorter"}),
        ("if not prices", "if not prices and tax", {"longer"}),
        ("sum(prices)", "prices.smu()", {"attributes_new"}),
        ("round(", "math.round(", {"longer"}),
    ],
)
def test_what_comes_and_goes_is_seen(old: str, new: str, seen: set[str]) -> None:
    found = change_features([Changed("a.py", BEFORE, BEFORE.replace(old, new))])
    assert {name for name in ("attributes_new", "shorter", "longer") if found[name]} == seen


@given(st.lists(st.tuples(st.text(), st.none() | st.text(), st.none() | st.text()), max_size=4))
def test_every_number_lies_within_its_bounds(files: list[tuple[str, str | None, str | None]]) -> None:
    found = change_features([Changed(*each) for each in files])
    assert list(found) == [feature.name for feature in CHANGE_FEATURES]
    assert all(0.0 <= value <= 1.0 for value in found.values())
