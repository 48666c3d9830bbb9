"""Bugs to plant: each is the edit that it says it is, and leaves the rest as it was."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from agent_core.rl.offline import mutations
from agent_core.rl.offline.mutations import KINDS, mutated, mutations_of

SOURCE = '''"""Prüfung — with letters of two bytes."""

import math


class Basket:
    """What is bought."""

    def total(self, prices, tax=0):
        """The sum: a docstring is left alone."""
        if not prices:
            return None
        if len(prices) < 3 and tax:
            return round(sum(prices) * (1 + tax), 2)
        while prices[0] in (True, 7):
            prices = prices[1:]
        return f"{math.floor(prices[0])} für" + "alle"
'''


def texts(kind: str) -> set[tuple[str, str]]:
    data = SOURCE.encode()
    return {
        (data[each.start : each.end].decode(), each.text)
        for each in mutations_of(SOURCE)
        if each.kind == kind
    }


@pytest.mark.parametrize(
    ("kind", "some"),
    [
        ("condition", {("not ", ""), ("prices[0] in (True, 7)", "not (prices[0] in (True, 7))")}),
        ("boundary", {("<", "<="), ("in", "not in")}),
        ("operator", {("*", "+"), ("+", "-"), ("and", "or")}),
        ("constant", {("True", "False"), ("7", "8"), ("2", "3")}),
        ("result", {("round(sum(prices) * (1 + tax), 2)", "None")}),
        ("argument", {(", 2", "")}),
        ("name", {("prices", "pricse"), ("round", "roudn"), ("tax", "txa")}),
        ("unused", {("", "        import colorsys\n")}),
        ("syntax", {(":", "")}),
    ],
)
def test_there_are_edits_of_every_kind(kind: str, some: set[tuple[str, str]]) -> None:
    assert some <= texts(kind)


def test_texts_and_docstrings_are_left_alone() -> None:
    assert ("+", "-") in texts("operator")  # of 1 + tax
    assert sum(each.kind == "operator" and each.text == "-" for each in mutations_of(SOURCE)) == 1
    assert not any(
        "docstring" in mutated(SOURCE, each)[each.start : each.end] for each in mutations_of(SOURCE)
    )


def test_each_edit_says_where_it_is() -> None:
    for each in mutations_of(SOURCE):
        before, after = SOURCE.splitlines(), mutated(SOURCE, each).splitlines()
        assert before[: each.line - 1] == after[: each.line - 1]
        assert before[each.line - 1] != after[each.line - 1]
        assert each.scope in ("", "Basket", "Basket.total")


def test_only_what_is_meant_not_to_parse_does_not() -> None:
    files = [Path(mutations.__file__), Path(ast.__file__)]
    counts = Counter[str]()
    for file in files:
        source = file.read_text()
        found = mutations_of(source)
        for each in found[:: max(1, len(found) // 150)]:
            counts[each.kind] += 1
            try:
                ast.parse(mutated(source, each))
                parses = True
            except SyntaxError:
                parses = False
            assert parses == (each.kind != "syntax"), (file.name, each)
    assert set(counts) == set(KINDS), counts


@pytest.mark.parametrize("source", ["", "def broken(:\n", "\x00", "x = " + "(" * 500, "# nothing but this\n"])
def test_what_does_not_parse_has_none(source: str) -> None:
    assert mutations_of(source) == []
